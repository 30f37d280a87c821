;;;; Weights in few bits: whole numbers and the scales they are multiples of, and products that take them apart in their loops. A weight of
;;;; a product is never there in f32. q8_0 and q4_0 are the formats of GGUF: blocks of 32 weights along the last axis with one scale in
;;;; f16. Here whole numbers and scales are tensors of their own; pack- and unpack- turn them into the bytes of a file and back.

(in-package :caten)

(defun quantized (x scale)
  "x in multiples of a scale that broadcasts, 0 where the scale is 0."
  (/ x (where (= scale 0) 1 scale)))

(defun largest-magnitude (x &rest axes)
  "The largest magnitude along axes, which stay with size 1, 0 of nothing; all axes if none is given."
  (max 0 (amax (abs x) :axis axes :keepdims t)))

(defcomposite quantize-int8 ((X{T} &key (axis nil)) -> (Q{i8} scale{f32}) where T in float)
  "X in whole numbers from -127 to 127 and what they are multiples of: one scale for all, or one for each index along an axis (per
channel). The scale is the largest magnitude / 127, and has the rank of X. X - Q·scale is at most half a scale, and 2^-17 scales of
rounding. Symmetric: 0 stays 0. X must be finite."
  (:example (quantize-int8 (tensor '((1.0 -2.0) (0.5 0.1))) :axis 0))
  (:test ((M 1 4) (N 1 9))
         (let ((x (random-tensor (list M N) :f32)))
           (multiple-value-bind (q scale) (quantize-int8 x :axis 0)
             (and (equal (shape scale) (list M 1)) (all (<= (abs (- x (dequantize-int8 q scale))) (* 0.50001 scale)))))))
  (:ulp 0)
  (setf w (cast X :f32))
  (setf others (and axis (remove (normalize-axis axis (rank X)) (loop for k below (rank X) collect k))))
  (setf scale (/ (if (and axis (null others)) (abs w) (apply #'largest-magnitude w others)) 127))
  (return (cast (clamp (to-nearest (quantized w scale)) -127 127) :i8) scale))

(defcomposite dequantize-int8 ((Q{i8}[~] scale{f32}[~] &key (dtype :f32)) -> (Y{dtype}[~]))
  "Q · scale, as quantize-int8 made them."
  (:example (dequantize-int8 (tensor '(127 -64) :dtype :i8) (tensor '(0.5))))
  (:test () (near (dequantize-int8 Q 2) (* 2 (cast Q :f32))))
  (:ulp 1)
  (cast (* (cast Q :f32) scale) dtype))

(defcomposite linear-int8 ((X{T}[~ K] Q{i8}[N K] scale{f32}[S 1] &optional bias{T}[N]) -> (Y{T}[~ N]) where T in float)
  "linear with a weight that quantize-int8 made: X · (Q·scale)ᵀ + bias, for one scale or one for each row of the weight."
  (:example (linear-int8 (tensor '(1.0 2.0)) (tensor '((127 0) (-64 1)) :dtype :i8) (tensor '((0.5) (2.0)))))
  (:test ((K 0 6) (N 1 6) (S 1 1)) (near (linear-int8 X Q scale) (linear X (cast (dequantize-int8 Q scale) (dtype X))) :rtol 1e-5 :atol 1e-4))
  (:ulp 1 "of K + 3 times the sum of the magnitudes of the products and the bias")
  (setf w (widen X))
  (setf y (* (sum (* (reshape w ~ 1 K) (cast Q (dtype w))) :axis -1) (cast (reshape scale S) (dtype w))))
  (when bias (setf y (+ y (widen bias))))
  y)

(defun inverse-of (scale)
  "1 / scale, 0 of 0."
  (where (= scale 0) 0 (/ 1 (where (= scale 0) 1 scale))))

(defun half-away-from-zero (x)
  "The nearest whole number of |x| < 2²³, of two the one that is farther from 0."
  (let* ((whole (toward-zero x)) (rest (- x whole)))
    (+ whole (where (>= (abs rest) 0.5) (copy-sign 1 rest) 0))))

;;; q8_0 and q4_0.

(defun beside-blocks (scales leading blocks)
  "Scales of blocks in f32, with an axis for the numbers of a block."
  (cast (reshape scales leading blocks 1) :f32))

(defun sum-of-blocks (products scales x bias)
  "The sums of blocks of products, times the scales of the blocks [N B], in the dtype of x, plus the bias if there is one."
  (let* ((blocks (cast (reshape scales (shape scales) 1) (dtype x)))
         (y (sum (* products blocks) :axis '(-2 -1))))
    (if bias (+ y (cast bias (dtype x))) y)))

(defcomposite quantize-q8-0 ((X{T}[~ (* 32 B)]) -> (Q{i8}[~ (* 32 B)] D{f16}[~ B]) where T in float)
  "X in the format q8_0: of each 32 elements of the last axis whole numbers from -127 to 127 and a scale, the largest magnitude / 127. As in
ggml the numbers are rounded, half away from 0, before the scale is rounded to f16: X - Q·D is at most 0.57 of a scale, if that is not
below 2^-14. X must be finite and below 8.3·10⁶."
  (:example (nth-value 1 (quantize-q8-0 (arange 64 :dtype :f32))))
  (:test ((B 1 3))
         (let ((x (random-tensor (list 2 (cl:* 32 B)) :f32)))
           (multiple-value-bind (q d) (quantize-q8-0 x)
             (all (<= (abs (- x (dequantize-q8-0 q d))) (+ 1e-5 (* 0.57 (repeat (cast d :f32) 32 :axis -1))))))))
  (:ulp 0)
  (setf w (reshape (cast X :f32) ~ B 32))
  (setf scale (/ (largest-magnitude w -1) 127))
  (return (reshape (cast (half-away-from-zero (* w (inverse-of scale))) :i8) ~ (* 32 B)) (cast (reshape scale ~ B) :f16)))

(defcomposite dequantize-q8-0 ((Q{i8}[~ (* 32 B)] D{f16}[~ B] &key (dtype :f32)) -> (Y{dtype}[~ (* 32 B)]))
  "Each number times the scale of its block."
  (:example (slice (dequantize-q8-0 (ones 64 :dtype :i8) (tensor '(0.5 2.0) :dtype :f16)) (30 34)))
  (:test ((B 0 3)) (near (dequantize-q8-0 Q (full 2 B :dtype :f16)) (* 2 (cast Q :f32))))
  (:ulp 0)
  (cast (reshape (* (cast (reshape Q ~ B 32) :f32) (beside-blocks D ~ B)) ~ (* 32 B)) dtype))

(defcomposite linear-q8-0 ((X{T}[~ (* 32 B)] Q{i8}[N (* 32 B)] D{f16}[N B] &optional bias{T}[N]) -> (Y{T}[~ N]) where T in float)
  "linear with a weight in the format q8_0: X · (Q·D)ᵀ + bias."
  (:example (linear-q8-0 (ones 32) (ones 2 32 :dtype :i8) (tensor '((0.5) (2.0)) :dtype :f16)))
  (:test ((B 1 3) (N 1 4))
         (let ((x (random-tensor (list 2 (cl:* 32 B)) :f32)))
           (near (linear-q8-0 x Q (ones N B :dtype :f16)) (linear x (cast Q :f32)) :rtol 1e-4 :atol 1e-2)))
  (:ulp 1 "of the number of terms + 4 times the sum of the magnitudes of the products and the bias")
  (setf w (widen X))
  (sum-of-blocks (* (reshape w ~ 1 B 32) (cast (reshape Q N B 32) (dtype w))) D w bias))

(defun half-blocks (x leading blocks half)
  "The first or second 16 elements of blocks of 32."
  (reshape (slice-along (reshape x leading blocks 2 16) -2 half (cl:1+ half)) leading blocks 16))

(defun low-and-high (q dtype)
  "Both numbers of bytes, from -8 to 7."
  (values (- (cast (logical-and q 15) dtype) 8) (- (cast (/ q (const 16 :u8 (shape q))) dtype) 8)))

(defcomposite quantize-q4-0 ((X{T}[~ (* 32 B)]) -> (Q{u8}[~ (* 16 B)] D{f16}[~ B]) where T in float)
  "X in the format q4_0: of each 32 elements of the last axis whole numbers from -8 to 7 and a scale, the element of largest magnitude / -8.
Byte k of the 16 of a block holds 8 more than the number of element k in its low half, and of element k + 16 in its high half. As in ggml
the numbers are rounded before the scale is rounded to f16: X - Q·D is at most 1.01 scales (0.51 but for elements near the negative of the
largest), if the scale is not below 2^-14. X must be finite and below 5.2·10⁵."
  (:example (quantize-q4-0 (arange 32 :dtype :f32)))
  (:test ((B 1 3))
         (let ((x (random-tensor (list 2 (cl:* 32 B)) :f32)))
           (multiple-value-bind (q d) (quantize-q4-0 x)
             (all (<= (abs (- x (dequantize-q4-0 q d))) (+ 1e-3 (* 1.01 (abs (repeat (cast d :f32) 32 :axis -1)))))))))
  (:ulp 0)
  (setf w (reshape (cast X :f32) ~ B 32))
  (setf scale (/ (gather w (argmax (abs w) :axis -1 :keepdims t) :axis -1) -8))
  (setf numbers (reshape (min 15 (cast (+ (* w (inverse-of scale)) 8.5) :i32)) ~ (* 32 B)))
  (setf bytes (+ (half-blocks numbers ~ B 0) (* 16 (half-blocks numbers ~ B 1))))
  (return (reshape (cast bytes :u8) ~ (* 16 B)) (cast (reshape scale ~ B) :f16)))

(defcomposite dequantize-q4-0 ((Q{u8}[~ (* 16 B)] D{f16}[~ B] &key (dtype :f32)) -> (Y{dtype}[~ (* 32 B)]))
  "Each number, less 8, times the scale of its block."
  (:example (slice (dequantize-q4-0 (full 25 16 :dtype :u8) (tensor '(2.0) :dtype :f16)) (14 18)))
  (:test ((B 0 3)) (near (dequantize-q4-0 (full 152 (cl:* 16 B) :dtype :u8) (ones B :dtype :f16)) (mod (div (arange (cl:* 32 B)) 16) 2)))
  (:ulp 0)
  (setf sizes (list ~ B 2 16))
  (multiple-value-bind (low high) (low-and-high (expand (reshape Q ~ B 1 16) sizes) :f32)
    (cast (reshape (* (where (= (index (cl:1+ (length ~)) sizes) 0) low high) (reshape (cast D :f32) ~ B 1 1)) ~ (* 32 B)) dtype)))

(defcomposite linear-q4-0 ((X{T}[~ (* 32 B)] Q{u8}[N (* 16 B)] D{f16}[N B] &optional bias{T}[N]) -> (Y{T}[~ N]) where T in float)
  "linear with a weight in the format q4_0: X · weightᵀ + bias. The error counts magnitudes of numbers before 8 is taken away."
  (:example (linear-q4-0 (ones 32) (full 153 2 16 :dtype :u8) (tensor '((0.5) (2.0)) :dtype :f16)))
  (:test ((B 1 3) (N 1 4))
         (let ((x (random-tensor (list 2 (cl:* 32 B)) :f32)))
           (near (linear-q4-0 x Q (ones N B :dtype :f16)) (linear x (dequantize-q4-0 Q (ones N B :dtype :f16))) :rtol 1e-4 :atol 1e-2)))
  (:ulp 1 "of the number of terms + 4 times the sum of the magnitudes of the products and the bias")
  (:contract t)
  (setf w (widen X))
  (multiple-value-bind (low high) (low-and-high (reshape Q N B 16) (dtype w))
    (sum-of-blocks (+ (* (half-blocks w (list ~ 1) B 0) low) (* (half-blocks w (list ~ 1) B 1) high)) D w bias)))

;;; The bytes of files: a scale and its numbers, block by block.

(defun scale-bytes (scales leading blocks)
  "Both bytes of scales in f16, the low one first."
  (let ((bits (reshape (bitcast scales :u16) leading blocks 1)))
    (concat (cast (mod bits 256) :u8) (cast (/ bits (const 256 :u16 (shape bits))) :u8) :axis -1)))

(defun scales-of-bytes (bytes leading blocks)
  "Scales in f16 of blocks of bytes that begin with them."
  (flet ((byte-at (k) (cast (slice-along bytes -1 k (cl:1+ k)) :u16)))
    (reshape (bitcast (+ (byte-at 0) (* 256 (byte-at 1))) :f16) leading blocks)))

(defcomposite pack-q8-0 ((Q{i8}[~ (* 32 B)] D{f16}[~ B]) -> (bytes{u8}[~ B 34]))
  "Blocks of q8_0 as GGUF files have them: 2 bytes of scale and 32 numbers each."
  (:example (pack-q8-0 (ones 32 :dtype :i8) (ones 1 :dtype :f16)))
  (:test ((B 0 3)) (near (unpack-q8-0 (pack-q8-0 Q (ones B :dtype :f16))) Q))
  (:ulp 0)
  (concat (scale-bytes D ~ B) (bitcast (reshape Q ~ B 32) :u8) :axis -1))

(defcomposite unpack-q8-0 ((bytes{u8}[~ B 34]) -> (Q{i8}[~ (* 32 B)] D{f16}[~ B]))
  "Numbers and scales of such blocks, for linear-q8-0 and dequantize-q8-0."
  (:example (unpack-q8-0 (ones 1 34 :dtype :u8)))
  (:test ((B 0 3)) (near (nth-value 1 (unpack-q8-0 (pack-q8-0 (ones (cl:* 32 B) :dtype :i8) (full 3 B :dtype :f16)))) (full 3 B)))
  (:ulp 0)
  (return (reshape (bitcast (slice-along bytes -1 2 34) :i8) ~ (* 32 B)) (scales-of-bytes bytes ~ B)))

(defcomposite pack-q4-0 ((Q{u8}[~ (* 16 B)] D{f16}[~ B]) -> (bytes{u8}[~ B 18]))
  "Blocks of q4_0 as GGUF files have them: 2 bytes of scale and 16 bytes of two numbers each."
  (:example (pack-q4-0 (full 25 16 :dtype :u8) (ones 1 :dtype :f16)))
  (:test ((B 0 3)) (near (unpack-q4-0 (pack-q4-0 Q (ones B :dtype :f16))) Q))
  (:ulp 0)
  (concat (scale-bytes D ~ B) (reshape Q ~ B 16) :axis -1))

(defcomposite unpack-q4-0 ((bytes{u8}[~ B 18]) -> (Q{u8}[~ (* 16 B)] D{f16}[~ B]))
  "Numbers and scales of such blocks, for linear-q4-0 and dequantize-q4-0."
  (:example (unpack-q4-0 (ones 1 18 :dtype :u8)))
  (:test ((B 0 3)) (near (nth-value 1 (unpack-q4-0 (pack-q4-0 (ones (cl:* 16 B) :dtype :u8) (full 3 B :dtype :f16)))) (full 3 B)))
  (:ulp 0)
  (return (reshape (slice-along bytes -1 2 18) ~ (* 16 B)) (scales-of-bytes bytes ~ B)))
