;;;; Windows that slide over the last axes: what convolutions, pooling, unfold and fold are made of.

(in-package :caten)

(defun axis-pads (padding count)
  "((before after) …) for each spatial axis: from one number, a number for each axis, or pairs."
  (mapcar (lambda (item)
            (if (listp item)
                (whole-numbers :padding item 2 0)
                (let ((n (whole-number :padding item 0))) (list n n))))
          (cond ((integerp padding) (make-list count :initial-element padding))
                ((and (listp padding) (= (length padding) count)) padding)
                (t (refuse (format nil "padding does not fit ~d axes" count) "a number, one for each axis, or pairs (before after)" padding "give one for each axis")))))

(defun pad-last (x pads &optional (value 0))
  "x with the last axes padded."
  (if (every (lambda (pair) (equal pair '(0 0))) pads)
      x
      (pad x (append (make-list (cl:- (rank x) (length pads)) :initial-element '(0 0)) pads) :value value)))

(defun window-span (kernel dilation)
  "How many places a window covers."
  (+ 1 (* dilation (- kernel 1))))

(defun window-count (size kernel stride dilation &optional ceil-mode)
  "How many windows an axis holds, which must be one at least."
  (let ((rest (- size (window-span kernel dilation))))
    (when (and (integerp rest) (minusp rest))
      (refuse "a window is larger than the padded input" (format nil "a span of at most ~a" size) (format nil "a span of ~a" (window-span kernel dilation))
              "add padding, or use a smaller kernel or dilation" 202))
    (+ 1 (if ceil-mode (ceiling rest stride) (floor rest stride)))))

(defun windows (x kernel stride dilation)
  "[N C S…] → [N C O… K…], a view: the window of each output position, for as many spatial axes as the kernel has."
  (let* ((spatial (length kernel)) (leading (cl:- (rank x) spatial))
         (outer (subseq (shape x) 0 leading))
         (out (loop for size in (nthcdr leading (shape x)) for k in kernel for s in stride for d in dilation
                    collect (window-count size k s d)))
         (all (append outer out kernel)))
    (take x (append (loop for k below leading collect (index k all))
                    (loop for k below spatial for s in stride for d in dilation
                          collect (+ (* (index (cl:+ leading k) all) s) (* (index (cl:+ leading spatial k) all) d)))))))

(defun windows-back (w sizes kernel stride dilation)
  "The adjoint of `windows`, for axes of these sizes: [N C O… K…] → [N C S…], each element the sum of what windows show of it."
  (let* ((count (length kernel)) (outer (subseq (shape w) 0 2)) (out (subseq (shape w) 2 (cl:+ 2 count)))
         ;; Windows that do not overlap show an element once.
         (apart (every (lambda (k s d) (and (integerp k) (cl:<= k s) (cl:= d 1))) kernel stride dilation))
         (all (append outer sizes (if apart '() kernel))) (places '()) (within '()) (inside (const t :bool all)))
    (loop for a below count for k in kernel for s in stride for d in dilation for size in out
          do (let* ((i (index (cl:+ 2 a) all))
                    (at (if apart (mod i s) (index (cl:+ 2 count a) all)))
                    (begin (if apart i (- i (* at d)))))
               (push (/ begin s) places)
               (push at within)
               (setf inside (logical-and inside (if apart (< at k) (logical-and (>= begin 0) (= (mod begin s) 0)))))
               (setf inside (logical-and inside (< (/ begin s) size)))))
    (let ((shown (where inside (take w (append (loop for k below 2 collect (index k all)) (nreverse places) (nreverse within))) 0)))
      (if apart shown (reduce :add shown (loop for k below count collect (cl:+ 2 count k)))))))

(defcomposite unfold ((X{T}[N C H W] &key (kernel 2) (stride 1) (padding 0) (dilation 1)) -> (Y{T}[N P L]))
  "The windows of images as columns, as PyTorch's unfold: P = C·KH·KW elements for each of L positions; padding is 0."
  (:example (unfold (reshape (index 0 9) 1 1 3 3)))
  (:test ((N 1 2) (C 1 3) (H 2 4) (W 2 5))
         (near (unfold X :kernel 1) (reshape X N C (cl:* H W)))
         (near (fold (unfold X :kernel 2 :stride 2) (list (cl:* 2 (cl:floor H 2)) (cl:* 2 (cl:floor W 2))) :kernel 2 :stride 2)
               (slice X :all :all (0 (cl:* 2 (cl:floor H 2))) (0 (cl:* 2 (cl:floor W 2))))))
  (:ulp 0)
  (setf k (whole-numbers :kernel kernel 2 1))
  (setf w (windows (pad-last X (axis-pads padding 2)) k (whole-numbers :stride stride 2 1) (whole-numbers :dilation dilation 2 1)))
  (destructuring-bind (n c oh ow kh kw) (shape w)
    (reshape (permute w 0 1 4 5 2 3) n (* c (* kh kw)) (* oh ow))))

(defcomposite fold ((X{T}[N P L] output-size{lisp} &key (kernel 2) (stride 1) (padding 0) (dilation 1)) -> (Y{T}) where T in numeric)
  "The adjoint of unfold, as PyTorch's fold: columns added where their windows lie in images of the output size."
  (:example (fold (ones 1 4 4) '(3 3)))
  (:test ((N 1 2)) (near (fold (ones N 4 4) '(3 3)) (expand (tensor '(((1.0 2.0 1.0) (2.0 4.0 2.0) (1.0 2.0 1.0)))) N 1 3 3)))
  (:ulp 1 "of the number of windows over a place times the sum of magnitudes")
  (setf size (whole-numbers "the output size" output-size 2 1))
  (setf k (whole-numbers :kernel kernel 2 1) s (whole-numbers :stride stride 2 1) d (whole-numbers :dilation dilation 2 1))
  (setf pads (axis-pads padding 2))
  (setf whole (loop for n in size for (before after) in pads collect (cl:+ n before after)))
  (setf out (loop for n in whole for kernel-size in k for step in s for spread in d collect (window-count n kernel-size step spread)))
  (setf area (cl:reduce #'cl:* k))
  (when (and (integerp P) (cl:/= 0 (cl:mod P area)))
    (refuse "fold takes columns of whole windows" (format nil "a multiple of ~d" area) P "check :kernel" 202))
  (when (and (integerp L) (cl:/= L (cl:* (first out) (second out))))
    (refuse "fold has not as many columns as windows" (format nil "~d" (cl:* (first out) (second out))) L "check the output size, :kernel, :stride and :padding" 202))
  (setf c (floor P area))
  (setf all (list N c (first k) (second k) (first out) (second out)))
  (setf y (put (const 0 T N c whole)
               (list (index 0 all) (index 1 all)
                     (+ (* (index 4 all) (first s)) (* (index 2 all) (first d)))
                     (+ (* (index 5 all) (second s)) (* (index 3 all) (second d))))
               (reshape X all) :add))
  (caten/ops:slice-ranges y (list* :all :all (loop for n in size for (before nil) in pads collect (list before (cl:+ before n))))))
