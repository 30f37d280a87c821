;;;; Folds over axes. :axis is one axis or a list of them, negative ones count from the end, nil means all;
;;;; :keepdims leaves folded axes with size 1.

(in-package :caten)

(defun folded (combine x axis keepdims)
  "The op reduce over :axis, with the folded axes kept as 1 if asked: (folded :add x -1 t)."
  (let* ((axes (normalize-axes axis (rank x)))
         (folded (apply #'reduce combine x (or axes '(())))))
    (cond ((null axes) x)
          (keepdims (reshape folded (loop for size in (shape x)
                                          for k from 0
                                          collect (if (member k axes) 1 size))))
          (t folded))))

(defun folded-count (x axis)
  "How many elements each fold takes: a size."
  (let ((axes (normalize-axes axis (rank x))))
    (cl:reduce #'* (loop for k in axes collect (nth k (shape x))) :initial-value 1)))

(defcomposite sum ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in numeric)
  "The sum over axes; f16 and bf16 accumulate in f32."
  (:example (sum (tensor '((1 2) (3 4))) :axis 0))
  (folded :add X axis keepdims))

(defcomposite mean ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in (float complex))
  "The arithmetic mean over axes, computed in f32 for f16 and bf16; NaN of nothing."
  (:example (mean (tensor '((1.0 2.0) (3.0 4.0))) :axis 1))
  (setf total (folded :add (widen X) axis keepdims))
  (/ total (size-value (folded-count X axis) (dtype total))))

(defcomposite amax ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in real)
  "The largest element over axes; NaN if one is NaN."
  (:example (amax (tensor '((1 2) (3 4))) :axis 1))
  (:ulp 0)
  (folded :max X axis keepdims))

(defcomposite amin ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in real)
  "The smallest element over axes; NaN if one is NaN."
  (:example (amin (tensor '((1 2) (3 4))) :axis 1))
  (:ulp 0)
  (if (member (dtype X) '(:f16 :bf16 :f32 :f64))
      (neg (folded :max (neg X) axis keepdims))
      (logical-not (folded :max (logical-not X) axis keepdims))))

(defun position-of-extreme (x extreme axis keepdims)
  "Where along the axis x equals its extreme first, or is NaN first."
  (let* ((axis (normalize-axis axis (rank x)))
         (size (nth axis (shape x)))
         (hit (logical-or (= x extreme) (logical-not (= x x))))
         (place (where hit (index axis (shape x)) (size-value size :i64))))
    (amin place :axis axis :keepdims keepdims)))

(defcomposite argmax ((X{T} &key (axis -1) (keepdims nil)) -> (I{i64}) where T in real)
  "The position of the largest element along an axis; of equal ones the first; of the first NaN if there is one."
  (:example (argmax (tensor '((1 3 3) (4 2 0)))))
  (:ulp 0)
  (position-of-extreme X (amax X :axis axis :keepdims t) axis keepdims))

(defcomposite argmin ((X{T} &key (axis -1) (keepdims nil)) -> (I{i64}) where T in real)
  "The position of the smallest element along an axis; of equal ones the first; of the first NaN if there is one."
  (:example (argmin (tensor '((1 3 1) (4 2 0)))))
  (:ulp 0)
  (position-of-extreme X (amin X :axis axis :keepdims t) axis keepdims))
