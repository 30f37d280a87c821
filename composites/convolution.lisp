;;;; Convolutions (cross-correlations, as in all networks) over one to three axes. f16 and bf16 are multiplied and added in f32.

(in-package :caten)

(defun convolution-pads (padding kernel stride dilation)
  "((before after) …): of numbers, or of :same and :valid as in PyTorch."
  (cond ((not (typep padding '(and symbol (not null)))) (axis-pads padding (length kernel)))
        ((cl:eq (one-of :padding padding '(:same :valid)) :valid) (axis-pads 0 (length kernel)))
        ((some (lambda (s) (cl:/= s 1)) stride)
         (refuse "padding :same needs strides of 1" ":stride 1" stride "give the padding in numbers"))
        (t (loop for k in kernel for d in dilation
                 collect (let ((total (* d (- k 1)))) (list (floor total 2) (- total (floor total 2))))))))

(defun check-groups (groups channels per-group features)
  "Refuses groups that do not divide the channels and the features."
  (whole-number :groups groups 1)
  (when (and (integerp channels) (integerp per-group) (cl:/= channels (cl:* groups per-group)))
    (refuse "the weight does not fit the channels of X" (format nil "channels / groups = ~a" (cl:/ channels groups)) (format nil "~a" per-group) "check :groups and the weight" 202))
  (when (and (integerp features) (cl:/= 0 (cl:mod features groups)))
    (refuse "the groups do not divide the features" (format nil "a multiple of ~d" groups) (format nil "~a" features) "check :groups and the weight" 202)))

(defun ones-of (count)
  "That many sizes of 1."
  (make-list count :initial-element 1))

(defun correlate (x weight stride pads dilation groups)
  "[N C S…] and [F C/groups K…] → [N F O…]."
  (let* ((kernel (cddr (shape weight))) (count (length kernel)) (features (first (shape weight))) (depth (second (shape weight)))
         (w (windows (pad-last x pads) kernel stride dilation)) (n (first (shape x))) (out (subseq (shape w) 2 (cl:+ 2 count)))
         ;; [N groups 1 D O… K…] · [1 groups F/groups D 1… K…], summed over D and K…
         (products (* (reshape w n groups 1 depth out kernel)
                      (reshape weight 1 groups (floor features groups) depth (ones-of count) kernel))))
    (reshape (reduce :add products 3 (loop for k below count collect (cl:+ 4 count k))) n features out)))

(defun convolve (x weight bias stride padding dilation groups)
  "What conv1d to conv3d compute."
  (let* ((kernel (cddr (shape weight))) (count (length kernel)) (features (first (shape weight)))
         (stride (whole-numbers :stride stride count 1)) (dilation (whole-numbers :dilation dilation count 1)))
    (check-groups groups (second (shape x)) (second (shape weight)) features)
    (let ((y (correlate (widen x) (widen weight) stride (convolution-pads padding kernel stride dilation) dilation groups)))
      (if bias (+ y (reshape (widen bias) 1 features (ones-of count))) y))))

;;; Gradients. That by images is a correlation too, of the cotangent with the filters turned round, and so is what conv-transpose2d computes.

(defun spread-out (x stride)
  "x with stride - 1 zeros between the elements of each of its last axes."
  (if (every (lambda (s) (cl:= s 1)) stride)
      x
      (let* ((leading (cl:- (rank x) (length stride)))
             (all (append (subseq (shape x) 0 leading)
                          (loop for size in (nthcdr leading (shape x)) for s in stride collect (+ 1 (* s (- size 1))))))
             (places (loop for s in stride for k from leading collect (list (index k all) s))))
        (where (cl:reduce #'logical-and (loop for (place s) in places collect (= (mod place s) 0)))
               (take x (append (loop for k below leading collect (index k all)) (loop for (place s) in places collect (/ place s))))
               0))))

(defun turned-round (weight groups)
  "[F D K…] of groups → [D·groups F/groups K…], each window from its last element to its first."
  (let* ((kernel (cddr (shape weight))) (count (length kernel)) (per (floor (first (shape weight)) groups)) (depth (second (shape weight)))
         (turned (reshape (permute (reshape weight groups per depth kernel) (list* 0 2 1 (loop for k below count collect (cl:+ 3 k))))
                          (* groups depth) per kernel)))
    (flip turned :axis (loop for k below count collect (cl:+ 2 k)))))

(defun correlate-back (y weight sizes stride pads dilation groups)
  "The adjoint of `correlate` with respect to x, of these sizes: [N F O…] and [F C/groups K…] → [N C S…]."
  (let ((spread (spread-out y stride)))
    (correlate spread (turned-round weight groups) (ones-of (length sizes))
               (loop for (before nil) in pads for d in dilation for k in (cddr (shape weight)) for size in sizes for have in (nthcdr 2 (shape spread))
                     collect (let ((reach (* d (- k 1)))) (list (- reach before) (- (+ size before) have))))
               dilation groups)))

(defun filters-of (x y kernel stride pads dilation groups)
  "The adjoint of `correlate` with respect to weight, of a window of these sizes: [N C S…] and [N F O…] → [F C/groups K…]."
  (let* ((count (length kernel)) (w (windows (pad-last x pads) kernel stride dilation)) (out (subseq (shape w) 2 (cl:+ 2 count)))
         (n (first (shape x))) (features (second (shape y))) (depth (floor (second (shape x)) groups))
         ;; [N groups 1 D O… K…] · [N groups F/groups 1 O… 1…], summed over N and O…
         (products (* (reshape w n groups 1 depth out kernel)
                      (reshape y n groups (floor features groups) 1 out (ones-of count)))))
    (reshape (reduce :add products 0 (loop for k below count collect (cl:+ 4 k))) features depth kernel)))

(defun convolution-cotangents (dy x weight bias stride padding dilation groups)
  "The cotangents of x, weight and bias, if there is one."
  (let* ((kernel (cddr (shape weight))) (count (length kernel)) (dy (widen dy))
         (stride (whole-numbers :stride stride count 1)) (dilation (whole-numbers :dilation dilation count 1))
         (pads (convolution-pads padding kernel stride dilation))
         ;; What no window reaches behind x is not in the cotangent of a sum of windows.
         (by-x (correlate-back dy (widen weight) (cddr (shape x)) stride pads dilation groups))
         (by-weight (filters-of (widen x) dy kernel stride pads dilation groups)))
    (flet ((as (value like) (cast value (dtype like))))
      (if bias
          (values (as by-x x) (as by-weight weight) (as (reduce :add dy 0 (loop for k below count collect (cl:+ 2 k))) bias))
          (values (as by-x x) (as by-weight weight))))))

(defcomposite conv1d ((X{T}[N C W] weight{T}[F D KW] &optional bias{T}[F] &key (stride 1) (padding 0) (dilation 1) (groups 1))
                      -> (Y{T}) where T in numeric)
  "Cross-correlation of signals with F kernels, as PyTorch's conv1d: X is [N C W], weight [F C/groups KW], Y [N F OW]. See conv2d."
  (:example (conv1d (ones 1 1 4) (ones 1 1 2)))
  (:test ((W 3 9)) (let ((x (random-tensor (list 1 1 W) :f32)))
                     (near (reshape (conv1d x (tensor '(((1.0 0.0 -1.0))))) (cl:- W 2)) (- (slice (reshape x W) (0 (cl:- W 2))) (slice (reshape x W) (2 W))))))
  (:ulp 1 "of the number of terms times the sum of their magnitudes")
  (:adjoint (dy) (convolution-cotangents dy X weight bias stride padding dilation groups))
  (convolve X weight bias stride padding dilation groups))

(defcomposite conv2d ((X{T}[N C H W] weight{T}[F D KH KW] &optional bias{T}[F] &key (stride 1) (padding 0) (dilation 1) (groups 1))
                      -> (Y{T}) where T in numeric)
  "Cross-correlation of images with F kernels, as PyTorch's conv2d: X is [N C H W], weight [F C/groups KH KW], Y [N F OH OW]. stride, padding
and dilation are a number or one for each axis; padding may be pairs (before after), :valid or :same. f16 and bf16 accumulate in f32."
  (:example (conv2d (ones 1 1 3 3) (ones 1 1 2 2)))
  (:test ((H 2 5) (W 2 6))
         (let ((x (random-tensor (list 2 3 H W) :f32)) (k (random-tensor '(4 3 2 2) :f32)))
           (near (reshape (conv2d x k) 2 4 (cl:* (cl:1- H) (cl:1- W))) (matmul (reshape k 1 4 12) (unfold x :kernel 2)) :atol 1e-4)))
  (:ulp 1 "of the number of terms times the sum of their magnitudes")
  (:adjoint (dy) (convolution-cotangents dy X weight bias stride padding dilation groups))
  (convolve X weight bias stride padding dilation groups))

(defcomposite conv3d ((X{T}[N C Z H W] weight{T}[F D KZ KH KW] &optional bias{T}[F] &key (stride 1) (padding 0) (dilation 1) (groups 1))
                      -> (Y{T}) where T in numeric)
  "Cross-correlation of volumes with F kernels, as PyTorch's conv3d: X is [N C Z H W], weight [F C/groups KZ KH KW]. See conv2d."
  (:example (conv3d (ones 1 1 2 3 3) (ones 1 1 2 2 2)))
  (:test ((Z 1 3)) (let ((x (random-tensor (list 1 2 Z 3 3) :f32)) (k (random-tensor '(2 2 1 2 2) :f32)))
                     (near (slice (conv3d x k) :all :all (0 1)) (unsqueeze (conv2d (reshape (slice x :all :all (0 1)) 1 2 3 3) (reshape k 2 2 2 2)) 2) :atol 1e-4)))
  (:ulp 1 "of the number of terms times the sum of their magnitudes")
  (:adjoint (dy) (convolution-cotangents dy X weight bias stride padding dilation groups))
  (convolve X weight bias stride padding dilation groups))

(defcomposite conv-transpose2d ((X{T}[N C H W] weight{T}[C D KH KW] &optional bias
                                 &key (stride 1) (padding 0) (output-padding 0) (dilation 1) (groups 1))
                                -> (Y{T}) where T in numeric)
  "The adjoint of conv2d with respect to X, as PyTorch's conv_transpose2d: weight is [C F/groups KH KW], Y [N F OH OW] with OH = (H - 1)·stride -
2·padding + dilation·(KH - 1) + output-padding + 1."
  (:example (conv-transpose2d (ones 1 1 2 2) (ones 1 1 2 2) nil :stride 2))
  (:test ((H 1 3) (W 1 3))
         (let ((x (random-tensor (list 1 2 H W) :f32)) (k (random-tensor '(2 3 2 2) :f32)) (y (random-tensor (list 1 3 (cl:* 2 H) (cl:* 2 W)) :f32)))
           ;; ⟨x, conv y⟩ = ⟨convᵀ x, y⟩
           (near (sum (* x (conv2d y k nil :stride 2))) (sum (* (conv-transpose2d x k nil :stride 2) y)) :atol 1e-3)))
  (:ulp 1 "of the number of terms times the sum of their magnitudes")
  (setf s (whole-numbers :stride stride 2 1) p (whole-numbers :padding padding 2 0) spread (whole-numbers :dilation dilation 2 1))
  (setf extra (whole-numbers :output-padding output-padding 2 0))
  (loop for e in extra for step in s for gap in spread
        do (unless (or (cl:< e step) (cl:< e gap))
             (refuse "the output padding must be smaller than the stride or the dilation" (format nil "less than ~d" (cl:max step gap)) e "reduce :output-padding")))
  (whole-number :groups groups 1)
  (when (and (integerp C) (cl:/= 0 (cl:mod C groups)))
    (refuse "the groups do not divide the channels" (format nil "a multiple of ~d" groups) C "check :groups" 202))
  (setf kernel (list KH KW) sizes (list H W))
  (setf out (loop for size in sizes for k in kernel for a in s for b in p for e in spread for more in extra
                  collect (+ (* (- size 1) a) (- (+ (* e (- k 1)) (cl:+ more 1)) (cl:* 2 b)))))
  (dolist (size out) (when (and (integerp size) (cl:< size 1)) (refuse "nothing is left of the output" "sizes of at least 1" out "use less padding" 304)))
  (setf y (correlate-back (widen X) (widen weight) out s (loop for b in p collect (list b b)) spread groups))
  (when bias (setf y (+ y (reshape (widen bias) 1 (* groups D) 1 1))))
  y)
