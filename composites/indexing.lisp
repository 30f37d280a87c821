;;;; Shapes and indices: joining, padding, gathering, scattering. Nothing here computes; elements are moved.

(in-package :caten)

(export '(arange eye))

(defcomposite squeeze ((X{T} &key (axis nil)) -> (Y{T}))
  "X without the axis, which must have size 1; without :axis, without all axes of size 1."
  (:example (squeeze (ones 1 3)))
  (:ulp 0)
  (setf drop (if axis
                 (normalize-axes axis (rank X))
                 (loop for size in (shape X) for k from 0 when (eql size 1) collect k)))
  (reshape X (loop for size in (shape X) for k from 0 unless (member k drop) collect size)))

(defcomposite unsqueeze ((X{T} axis{lisp}) -> (Y{T}))
  "X with a new axis of size 1 before `axis`; -1 puts it last."
  (:example (unsqueeze (ones 3) 0))
  (:ulp 0)
  (setf place (normalize-axis axis (cl:+ 1 (rank X))))
  (reshape X (append (subseq (shape X) 0 place) (list 1) (nthcdr place (shape X)))))

(defun put-along (x part axis start)
  "x with `part` from position `start` of the axis on: one write into its place."
  (put x axis (+ start (index 0 (nth axis (shape part)))) part :set))

(defcomposite concat ((&rest Xs{T} &key (axis 0)) -> (Y{T}))
  "The tensors one after another along an axis; the other sizes must be equal."
  (:example (concat (tensor '(1 2)) (tensor '(3)) :axis 0))
  (:ulp 0)
  (setf place (normalize-axis axis (rank (first Xs))))
  (setf sizes (loop for x in Xs collect (nth place (shape x))))
  (setf total (cl:reduce #'+ sizes))
  (setf whole (const 0 T (loop for size in (shape (first Xs)) for k from 0 collect (if (eql k place) total size))))
  (let ((start 0))
    (dolist (x Xs)
      (setf whole (put-along whole x place start))
      (setf start (+ start (nth place (shape x))))))
  whole)

(defcomposite stack ((&rest Xs{T} &key (axis 0)) -> (Y{T}))
  "The tensors of one shape along a new axis."
  (:example (stack (tensor '(1 2)) (tensor '(3 4)) :axis 0))
  (:ulp 0)
  (apply #'concat (append (mapcar (lambda (x) (unsqueeze x axis)) Xs) (list :axis axis))))

(defcomposite pad ((X{T} pads{lisp} &key (value 0)) -> (Y{T}))
  "X with ((before after) …) elements of `value` around each axis."
  (:example (pad (tensor '(1 2)) '((1 2))))
  (:ulp 0)
  (setf sizes (loop for size in (shape X) for (before after) in pads collect (+ size (cl:+ before after))))
  (setf places (loop for (before nil) in pads for k from 0 collect (- (index k sizes) before)))
  (setf inside (const t :bool sizes))
  (loop for place in places
        for size in (shape X)
        do (setf inside (logical-and inside (logical-and (>= place 0) (< place size)))))
  (if places (where inside (take X places) (const value T sizes)) X))

(defcomposite gather ((X{T} indices{i64} &key (axis 0)) -> (Y{T}))
  "Y[…, i, …] = X[…, indices[…, i, …], …] along an axis; X and the indices have one rank (take-along-axis). Indices out of
range are clamped."
  (:example (gather (tensor '((1 2) (3 4))) (tensor '((1 0)) :dtype :i64) :axis 0))
  (:ulp 0)
  (setf place (normalize-axis axis (rank X)))
  (take X (loop for k below (rank X) collect (if (eql k place) indices (index k (shape indices))))))

(defcomposite scatter-add ((X{T} indices{i64} updates{T} &key (axis 0)) -> (Y{T}) where T in numeric)
  "X with updates added at the places gather would read; places out of range are left out."
  (:example (scatter-add (zeros 3) (tensor '(0 2 0) :dtype :i64) (ones 3)))
  (setf place (normalize-axis axis (rank X)))
  (put X (loop for k below (rank X) collect (if (eql k place) indices (index k (shape indices)))) updates :add))

(defcomposite one-hot ((indices{i64}[~] classes{size}) -> (Y{f32}[~ C]))
  "1 where the last axis counts to the index, else 0."
  (:example (one-hot (tensor '(0 2) :dtype :i64) 3))
  (:ulp 0)
  (cast (= (reshape indices ~ 1) (index (length ~) ~ classes)) :f32))

(defcomposite tril ((X{T}[~ M N] &key (diagonal 0)) -> (Y{T}[~ M N]))
  "The lower triangle: zero where column > row + diagonal."
  (:example (tril (ones 3 3)))
  (:ulp 0)
  (setf row (index (length ~) ~ M N) column (index (cl:+ 1 (length ~)) ~ M N))
  (where (<= column (+ row diagonal)) X (const 0 T ~ M N)))

(defcomposite triu ((X{T}[~ M N] &key (diagonal 0)) -> (Y{T}[~ M N]))
  "The upper triangle: zero where column < row + diagonal."
  (:example (triu (ones 3 3)))
  (:ulp 0)
  (setf row (index (length ~) ~ M N) column (index (cl:+ 1 (length ~)) ~ M N))
  (where (>= column (+ row diagonal)) X (const 0 T ~ M N)))

(defun arange (end &key (start 0) (step 1) (dtype :i64) shape)
  "Numbers from start by step, `end` of them counted as Python's range does: (arange 6 :shape '(2 3))."
  (let* ((count (cl:max 0 (cl:ceiling (cl:- end start) step)))
         (whole (+ start (* step (index 0 count)))))
    (cast (if shape (reshape whole shape) whole) dtype)))

(defun eye (n &key (dtype :f32))
  "The unit matrix: (eye 3)."
  (cast (= (index 0 n n) (index 1 n n)) dtype))
