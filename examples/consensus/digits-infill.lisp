;;;; Digits without their upper halves, and the models of digits-infill.lmpm: a vector quantiser of 2 × 2 pixels, a masked model of an image's 4 × 4 tokens,
;;;; and the chances of a pixel's ink from the tokens around it.
;;;;
;;;;   caten run digits-infill.lisp make N             writes images.npy, tokens.npy, known.npy, whole.npy and labels.npy for digits-infill.lmpm
;;;;   caten run digits-infill.lisp measure [FILE]     bits for a pixel of the upper halves of 797 digits, their lower halves given
;;;;   caten run digits-infill.lisp train STEPS FILE   trains with 1,000 other digits
;;;;
;;;; Weights are read from ../data/digits-infill.safetensors, which `train 2000` made.

(defparameter *codes* 64 "How many codes a token has; one more id stands for a token that is not there.")
(defparameter *here* (or *load-truename* *default-pathname-defaults*))

;;; Digits

(defun all-digits ()
  "Images [1797 8 8] of 0 … 16 and labels, in an order in which the first 1,000 are spread evenly over the file."
  (let* ((table (load-csv (merge-pathnames "../data/digits.csv.gz" *here*))) (size (first (shape table)))
         (place (mod (* 1000 (index 0 size)) size))   ; 1000 and 1797 have no common divisor: a permutation
         (spread (take table 0 (put (const 0 :i64 size) 0 place (index 0 size) :set))))
    (values (! (cast (reshape (slice spread :all (0 64)) size 8 8) :i64))
            (! (cast (reshape (slice spread :all (64 65)) size) :i64)))))

(defcomposite patches ((images{i64}[N 8 8]) -> (P{f32}[N 16 4]))
  "Of each image 16 patches of 2 × 2 pixels, row by row, as parts of full ink."
  (/ (cast (reshape (permute (reshape images N 4 2 4 2) 0 1 3 2 4) N 16 4) :f32) 16))

;;; The quantiser: codes in the middle of the patches that are nearest to them (Lloyd, 1982)

(defcomposite nearest-code ((X{f32}[~ D] codes{f32}[K D]) -> (I{i64}[~]))
  "The code that is nearest to each row; of equally near ones the first."
  (argmin (- (sum (* codes codes) :axis 1) (* 2 (matmul X (permute codes 1 0)))) :axis -1))

(defcomposite moved-codes ((X{f32}[P D] codes{f32}[K D]) -> (Y{f32}[K D]))
  "Each code in the middle of the rows that are nearest to it; one that has none stays."
  (setf near (nearest-code X codes))
  (setf counts (reshape (put (const 0 :f32 K) 0 near (const 1 :f32 P) :add) K 1))
  (if (> counts 0) (/ (put (const 0 :f32 K D) 0 near X :add) (max counts 1)) codes))

(defun trained-codes (rows)
  "Codes for rows [P D], from rows that are far from each other: each new one is the farthest from those before it."
  (let ((codes (! (slice rows (0 1)))))
    (loop repeat (cl:1- *codes*)
          do (let ((distance (amin (sum (square (- (unsqueeze rows 1) (unsqueeze codes 0))) :axis -1) :axis 1)))
               (setf codes (! (concat codes (take rows 0 (reshape (argmax distance) 1)) :axis 0)))))
    (loop repeat 20 do (setf codes (! (moved-codes rows codes))))
    codes))

;;; The models

(nn:defmodule token-model (codes size layers heads)
  "Logits [B 16 codes] of each token and [B 10] of the digit, from the tokens that are there, the ink of their codes, and the digit unless it is 10: the
transformer of MaskGIT (Chang and others, 2022)."
  ((digits (nn:embedding 11 size))
   (tokens (nn:embedding (cl:1+ codes) size))
   (inks (nn:linear 4 size :bias nil))
   (positions (nn:parameter (nn:initial-normal (list 16 size))))
   (blocks (loop repeat layers collect (nn:transformer-block size heads :dropout 0.2)))
   (norm (nn:layer-norm size))
   (head (nn:linear size codes))
   (digit-head (nn:linear size 10)))
  ((x digit table)
   (let ((y (+ (tokens x) (inks (take (concat table (zeros 1 4) :axis 0) 0 x)) positions (unsqueeze (digits digit) 1))))
     (dolist (block blocks) (setf y (funcall block y)))
     (setf y (norm y))
     (values (head y) (digit-head (mean y :axis 1))))))

(nn:defmodule pixel-model (codes size hidden)
  "Logits [B 17] of the ink of a pixel from the 3 × 3 tokens around its own [B 9], and its place (0 … 3) in its own."
  ((tokens (nn:embedding (cl:1+ codes) size))
   (places (nn:embedding 4 hidden))
   (dropout (nn:dropout 0.2))
   (mix (nn:linear (cl:* 9 size) hidden))
   (head (nn:linear hidden 17)))
  ((seen place) (head (dropout (relu (+ (mix (reshape (tokens seen) (first (shape seen)) -1)) (places place)))))))

(nn:defmodule digit-models ()
  "Codes and both models."
  ((codes (nn:buffer (zeros *codes* 4)))
   (token-model (token-model *codes* 64 2 4))
   (pixel-model (pixel-model *codes* 16 128)))
  ((part &rest inputs) (ecase part (:tokens (token-model (first inputs) (second inputs) codes)) (:pixels (pixel-model (first inputs) (second inputs))))))

(defcomposite around ((tokens{i64}[B 16] y{i64}[B] x{i64}[B] &key (none 64)) -> (S{i64}[B 9]))
  "The 3 × 3 tokens around the one that has the pixel y, x; `none` beyond the rim."
  (setf row (+ (reshape (/ y 2) B 1) (- (/ (index 1 B 9) 3) 1)) column (+ (reshape (/ x 2) B 1) (- (mod (index 1 B 9) 3) 1)))
  (setf inside (and (and (>= row 0) (< row 4)) (and (>= column 0) (< column 4))))
  (if inside (take tokens (list (index 0 B 9) (+ (* 4 row) column))) none))

(defun place-in-token (y x) (+ (* 2 (mod y 2)) (mod x 2)))

(defun pixel-logits-of (net tokens y x)
  (funcall net :pixels (around tokens y x :none *codes*) (place-in-token y x)))

;;; Training: random digits, of each a random part of the tokens hidden, and eight pixels

(defun random-integers (n seed &rest dims)
  (cast (floor (* n (apply #'rand (append dims (list :seed seed :dtype :f64))))) :i64))

(defun losses (net tokens hidden digits hidden-digit images y x)
  "The cross-entropy of hidden tokens, of hidden digits, and of pixels [B P] at y, x."
  (let* ((batch (first (shape tokens))) (each (second (shape y)))
         (rows (reshape (expand (unsqueeze tokens 1) batch each 16) -1 16))
         (ink (take images (list (index 0 batch each) y x))))
    (multiple-value-bind (logits of-digit) (funcall net :tokens (where hidden *codes* tokens) (where hidden-digit 10 digits))
      (let ((of-tokens (cross-entropy (reshape logits -1 *codes*) (reshape (where hidden tokens -100) -1)))
            (of-digits (cross-entropy of-digit (where hidden-digit digits -100)))
            (of-pixels (cross-entropy (pixel-logits-of net rows (reshape y -1) (reshape x -1)) (reshape ink -1))))
        (values (+ of-tokens of-digits of-pixels) of-tokens of-digits of-pixels)))))

(defun train (steps file)
  (nn:manual-seed 1)
  (let* ((images (slice (all-digits) (0 1000))) (digits (slice (nth-value 1 (all-digits)) (0 1000))) (rows (! (patches images))) (net (digit-models)) (batch 64) (count (cl:* batch steps)))
    (setf (nn::entry net "codes") (trained-codes (reshape rows -1 4)))
    (let* ((tokens (! (nearest-code rows (nn::entry net "codes")))) (which (random-integers 1000 1 count))
           (upper (logical-or (< (rand count 1 :seed 6) 0.5) (< (index 1 count 16) 8)))
           (hidden (logical-and upper (< (rand count 16 :seed 2) (+ 0.1 (* 0.9 (rand count 1 :seed 3))))))
           (examples (list (take tokens 0 which) hidden (take digits 0 which) (< (rand count :seed 7) 0.5) (take images 0 which) (random-integers 8 4 count 8) (random-integers 8 5 count 8))))
      (apply #'! examples)
      (optim:train (optim:make-trainer net #'losses (loop for each in examples collect (slice each (0 batch)))
                                       :optimizer (optim:adamw :lr (optim:one-cycle 0.003 steps) :weight-decay 0.1) :metrics '("tokens" "digits" "pixels")
                                       :groups '((:match :vectors :weight-decay 0)))
                   examples :batch-size batch :shuffle nil :log "log.csv")
      (nn:save-state net file))))

;;; Measuring

(defun bits-of (logits targets)
  "-log2 of the chance of each target."
  (* (cl:/ -1 (cl:log 2d0)) (take (log-softmax logits :axis -1) (list (index 0 (first (shape targets))) targets))))

(defun tokens-bits (net tokens)
  "Bits of the upper eight tokens of each image."
  (let ((count (first (shape tokens))))
    (labels ((seen (k) (where (logical-and (>= (index 1 count 16) k) (< (index 1 count 16) 8)) *codes* tokens))
             (given (digit)
               (apply #'+ (loop for k below 8
                                collect (bits-of (reshape (slice (funcall net :tokens (seen k) (const digit :i64 count)) :all k) count *codes*)
                                                 (reshape (slice tokens :all k) count))))))
      (let ((digits (log-softmax (nth-value 1 (funcall net :tokens (seen 0) (const 10 :i64 count))) :axis 1)))
        (* (cl:/ -1 (cl:log 2d0))
           (logsumexp (+ digits (* (cl:- (cl:log 2d0)) (apply #'stack (append (loop for digit below 10 collect (! (given digit))) '(:axis 1))))) :axis 1))))))

(defun measure (net)
  "Bits for a pixel of upper halves: of tokens one after the other, each from those below and before it, over all digits that it may be, and then of
pixels from all tokens. A token is a function of its pixels, so that the sum is the logarithm of a probability of the pixels."
  (let* ((images (slice (all-digits) (1000 1797))) (count 797) (tokens (! (nearest-code (patches images) (nn::entry net "codes"))))
         (of-tokens (item (sum (tokens-bits net tokens))))
         (of-pixels (loop for k below 32
                          sum (let ((row (cl:floor k 8)) (column (cl:mod k 8)))
                                (item (sum (bits-of (pixel-logits-of net tokens (const row :i64 count) (const column :i64 count))
                                                    (reshape (slice images :all row column) count))))))))
    (format t "~,3f bits per pixel: ~,3f of tokens, ~,3f of pixels~%" (cl:/ (cl:+ of-tokens of-pixels) (cl:* 32 count))
            (cl:/ of-tokens (cl:* 32 count)) (cl:/ of-pixels (cl:* 32 count)))))

;;; What digits-infill.lmpm calls

(defvar *net* nil "The models, once they were needed.")
(defun net ()
  (or *net* (setf *net* (nn:load-state (digit-models) (merge-pathnames "../data/digits-infill.safetensors" *here*)))))

(defcomposite digit-logits ((tokens{i32}[B 16]) -> (L{f32}[B 10]))
  "Logits of the digit that an image shows, from the tokens that are there."
  (nth-value 1 (funcall (net) :tokens (cast tokens :i64) (const 10 :i64 B))))

(defcomposite token-logits ((tokens{i32}[B 16] digit{i32}[B] y{i64}[B] x{i64}[B]) -> (L{f32}[B V]))
  "Logits of the token at y, x from those that are there, and the digit."
  (take (funcall (net) :tokens (cast tokens :i64) (cast digit :i64)) (list (index 0 B) (+ (* 4 y) x))))

(defcomposite token-confidence ((tokens{i32}[B 16] digit{i32}[B] y{i64}[B] x{i64}[B]) -> (S{f32}[B]))
  "The logarithm of the greatest chance of the token at y, x."
  (amax (log-softmax (token-logits tokens digit y x) :axis 1) :axis 1))

(defcomposite pixel-logits ((tokens{i32}[B 16] y{i64}[B] x{i64}[B]) -> (L{f32}[B 17]))
  "Logits of the ink of the pixel y, x."
  (pixel-logits-of (net) (cast tokens :i64) y x))

(defun make-digits (count)
  "Writes images to fill and their tokens, known and whole images, and labels of both."
  (multiple-value-bind (images labels*) (all-digits)
    (let ((whole (slice images (1000 (cl:+ 1000 count)))))
      (flet ((save (name x) (save-npy name (cast x :u8))))
        (save "images.npy" (where (< (index 1 count 8 8) 4) 17 whole))
        (save "tokens.npy" (where (< (index 1 count 4 4) 2) *codes* (reshape (nearest-code (patches whole) (nn::entry (net) "codes")) count 4 4)))
        (save "known.npy" (slice images (0 1000)))
        (save "whole.npy" whole)
        (save "labels.npy" (slice labels* (0 (cl:+ 1000 count))))))))

(destructuring-bind (&optional task argument file) *arguments*
  (cond ((equal task "make") (make-digits (parse-integer argument)))
        ((equal task "measure") (measure (if argument (nn:load-state (digit-models) argument) (net))))
        ((equal task "train") (train (parse-integer argument) file))))
