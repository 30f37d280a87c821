;;;; Pooling over all axes after the first two: signals, images or volumes [N C S…].

(in-package :caten)

(defun spatial-count (name x)
  "How many axes follow the first two."
  (if (>= (rank x) 3)
      (cl:- (rank x) 2)
      (refuse (format nil "~(~a~) takes [N C …]" name) "rank 3 or more" (format nil "rank ~d" (rank x)) "unsqueeze the batch and channel axes" 212)))

(defun pooling-attributes (x kernel stride padding dilation)
  "Kernel, stride, pads and dilation for each axis; the stride is the kernel unless given, padding at most half of the kernel."
  (let* ((count (spatial-count 'pooling x))
         (k (whole-numbers :kernel kernel count 1))
         (pads (axis-pads padding count)))
    (loop for size in k
          for (before after) in pads
          do (when (cl:> (cl:* 2 (cl:max before after)) size)
               (refuse "padding is more than half of the kernel" (format nil "at most ~d" (cl:floor size 2)) (list before after) "pad the input itself")))
    (values k (whole-numbers :stride (or stride kernel) count 1) pads (whole-numbers :dilation dilation count 1))))

(defun ceiling-pads (x kernel stride pads dilation)
  "What must be added after each axis so that the last, partial windows are there that begin inside of the input or its padding before."
  (loop for size in (cddr (shape x)) for k in kernel for s in stride for (before after) in pads for d in dilation
        collect (let* ((whole (+ size (cl:+ before after)))
                       (count (window-count whole k s d t))
                       (count (if (and (integerp count) (cl:>= (cl:* (cl:1- count) s) (cl:+ size before))) (cl:1- count) count)))
                  (list 0 (max 0 (- (+ (* (- count 1) s) (window-span k d)) whole))))))

(defun without-pads (x pads more)
  "x without what was added around its last axes, in two steps."
  (pad-last x (loop for (before after) in pads for (nil behind) in more collect (list (cl:- before) (- (+ after behind))))))

(defun spread-maxima (dy y padded k s d)
  "The cotangent of what max-pool has windows of: those of the largest elements, in equal parts where several are largest."
  (let* ((count (length k)) (out (shape y)) (w (windows padded k s d))
         (largest (= w (reshape y out (make-list count :initial-element 1))))
         (shares (/ dy (cast (reduce :add (cast largest :i32) (window-axes count)) (dtype dy)))))
    (windows-back (where largest (reshape shares out (make-list count :initial-element 1)) 0) (cddr (shape padded)) k s d)))

(defun window-axes (count)
  "The axes of the windows that `windows` makes."
  (loop for k below count collect (cl:+ 2 count k)))

(defcomposite max-pool ((X{T} &key (kernel 2) (stride nil) (padding 0) (dilation 1) (ceil-mode nil)) -> (Y{T}) where T in float)
  "The largest element of each window of [N C S…], as PyTorch's max_pool1d to 3d; padding counts as -inf, the stride is the kernel unless
given; :ceil-mode keeps partial windows at the end."
  (:example (max-pool (reshape (index 0 16) 1 1 4 4)))
  (:test ((H 1 4)) (let ((x (random-tensor (list 1 2 (cl:* 2 H) 4) :f32)))
                     (near (max-pool x) (amax (reshape x 1 2 H 2 2 2) :axis '(3 5))))
         (near (max-pool (reshape (cast (index 0 5) :f32) 1 1 5) :ceil-mode t) '(((1 3 4)))))
  (:ulp 0)
  (:adjoint (dy)
    (multiple-value-bind (k s pads d) (pooling-attributes X kernel stride padding dilation)
      (let ((more (if ceil-mode (ceiling-pads X k s pads d) (mapcar (constantly '(0 0)) k))))
        (without-pads (spread-maxima dy Y (pad-last (pad-last X pads -inf) more -inf) k s d) pads more))))
  (multiple-value-bind (k s pads d) (pooling-attributes X kernel stride padding dilation)
    (setf padded (pad-last X pads -inf))
    (when ceil-mode (setf padded (pad-last padded (ceiling-pads X k s pads d) -inf)))
    (reduce :max (windows padded k s d) (window-axes (length k)))))

(defcomposite avg-pool ((X{T} &key (kernel 2) (stride nil) (padding 0) (ceil-mode nil) (count-include-pad t)) -> (Y{T}) where T in float)
  "The mean of each window of [N C S…], as PyTorch's avg_pool1d to 3d; padding counts as 0 elements, or not at all without
:count-include-pad (ONNX's default); the stride is the kernel unless given; :ceil-mode keeps partial windows at the end."
  (:example (avg-pool (reshape (index 0 16) 1 1 4 4)))
  (:test ((H 1 4)) (let ((x (random-tensor (list 1 2 (cl:* 2 H) 4) :f32)))
                     (near (avg-pool x) (mean (reshape x 1 2 H 2 2 2) :axis '(3 5)) :atol 1e-5))
         (near (avg-pool (ones 1 1 5) :kernel 3 :padding 1 :count-include-pad nil) '(((1 1)))))
  (:ulp 1 "of the sum of magnitudes in the window")
  (:adjoint (dy)
    (multiple-value-bind (k s pads d) (pooling-attributes X kernel stride padding 1)
      (let* ((more (if ceil-mode (ceiling-pads X k s pads d) (mapcar (constantly '(0 0)) k))) (dy (widen dy))
             (counted (pad-last (pad-last (const 1 (dtype dy) 1 1 (cddr (shape X))) pads (if count-include-pad 1 0)) more))
             (shares (/ dy (reduce :add (windows counted k s d) (window-axes (length k))))))
        (cast (without-pads (windows-back (reshape shares (shape dy) (make-list (length k) :initial-element 1)) (cddr (shape (pad-last (pad-last X pads) more)))
                                          k s d)
                            pads more)
              (dtype X)))))
  (multiple-value-bind (k s pads d) (pooling-attributes X kernel stride padding 1)
    (setf counted (pad-last (const 1 (dtype (widen X)) 1 1 (cddr (shape X))) pads (if count-include-pad 1 0)))
    (setf padded (pad-last (widen X) pads))
    (when ceil-mode
      (setf more (ceiling-pads X k s pads d))
      (setf counted (pad-last counted more) padded (pad-last padded more)))
    (setf axes (window-axes (length k)))
    (/ (reduce :add (windows padded k s d) axes) (reduce :add (windows counted k s d) axes))))

(defcomposite adaptive-avg-pool ((X{T} output-size{lisp}) -> (Y{T}) where T in float)
  "The means over windows from floor(i·size/out) up to ceil((i + 1)·size/out) that give [N C S…] the output size, a number or one for each
axis, as PyTorch."
  (:example (adaptive-avg-pool (reshape (index 0 16) 1 1 4 4) 1))
  (:test ((H 1 4)) (let ((x (random-tensor (list 1 2 (cl:* 2 H) 4) :f32)))
                     (near (adaptive-avg-pool x (list H 2)) (avg-pool x) :atol 1e-5))
         (near (adaptive-avg-pool (reshape (cast (index 0 5) :f32) 1 1 5) 3) '(((1/2 2 7/2)))))
  (:ulp 1 "of the number of terms times their largest magnitude")
  (setf count (spatial-count 'adaptive-avg-pool X))
  (setf sizes (whole-numbers "the output size" output-size count 1))
  (setf y (widen X))
  (loop for axis from 2
        for out in sizes
        do (let* ((size (nth axis (shape y)))
                  (before (subseq (shape y) 0 axis)) (after (nthcdr (cl:1+ axis) (shape y)))
                  (all (append before (list out size) after))
                  (i (index axis all)) (j (index (cl:1+ axis) all))
                  (start (/ (* i size) out)) (end (/ (+ (* (+ i 1) size) (cl:1- out)) out))
                  (inside (logical-and (>= j start) (< j end)))
                  (total (reduce :add (where inside (reshape y before 1 size after) 0) (cl:1+ axis))))
             (setf y (/ total (cast (reduce :add (cast inside :i64) (cl:1+ axis)) (dtype y))))))
  y)
