;;;; Folds over axes. :axis is one axis or a list of them, negative ones count from the end, nil means all;
;;;; :keepdims leaves folded axes with size 1. A fold of nothing is the identity of its op.

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
  "The sum over axes; f16 and bf16 accumulate in f32, integers wrap in their own dtype (NumPy and PyTorch widen them)."
  (:example (sum (tensor '((1 2) (3 4))) :axis 0))
  (:test ((M 0 5) (N 0 7))
         (let ((x (random-tensor (list M N) :i32)))
           (and (near (sum x) (cl:reduce #'cl:+ (mapcan #'copy-list (tensor->list x))))
                (near (sum x :axis -1) (mapcar (lambda (row) (cl:reduce #'cl:+ row)) (tensor->list x))))))
  (:ulp 1 "of the number of terms times the sum of their magnitudes")
  (folded :add X axis keepdims))

(defcomposite prod ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in (real))
  "The product over axes; f16 and bf16 accumulate in f32, integers wrap."
  (:example (prod (tensor '((1 2) (3 4))) :axis 0))
  (:test ((N 0 7)) (let ((x (random-tensor (list 2 N) :i64))) (near (prod x :axis 1) (mapcar (lambda (row) (cl:reduce #'cl:* row)) (tensor->list x)))))
  (:ulp 1 "of the number of factors times the result")
  (folded :mul X axis keepdims))

(defcomposite mean ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in (float complex))
  "The arithmetic mean over axes, computed in f32 for f16 and bf16; NaN of nothing."
  (:example (mean (tensor '((1.0 2.0) (3.0 4.0))) :axis 1))
  (:test ((N 1 7)) (let ((x (random-tensor (list N) :f32))) (near (* N (mean x)) (sum x) :atol 1e-5)))
  (:ulp 1 "of the sum of magnitudes")
  (setf total (folded :add (widen X) axis keepdims))
  (/ total (size-value (folded-count X axis) (dtype total))))

(defun mean-square-deviation (x axis correction keepdims)
  "Σ(x - mean)² / (n - correction), in two passes."
  (let ((centred (- x (mean x :axis axis :keepdims t))))
    (/ (sum (* centred centred) :axis axis :keepdims keepdims)
       (max 0 (- (size-value (folded-count x axis) (dtype x)) correction)))))

(defcomposite var ((X{T} &key (axis nil) (correction 0) (keepdims nil)) -> (Y{T}) where T in float)
  "The variance over axes, Σ(X - mean)² / (n - correction) in two passes. The default is NumPy's ddof 0; PyTorch's correction is 1."
  (:example (var (tensor '(1.0 2.0 3.0)) :correction 1))
  (:test ((N 1 7)) (let ((x (random-tensor (list N) :f32))) (near (var x) (- (mean (* x x)) (square (mean x))) :atol 1e-4)))
  (:ulp 2 "of the number of terms times the sum of the variance and the square of one ulp of the largest magnitude times the number of terms")
  (mean-square-deviation (widen X) axis correction keepdims))

(defcomposite std ((X{T} &key (axis nil) (correction 0) (keepdims nil)) -> (Y{T}) where T in float)
  "The standard deviation over axes, the square root of var."
  (:example (std (tensor '(1.0 2.0 3.0)) :correction 1))
  (:test ((N 1 7)) (let ((x (random-tensor (list N) :f32))) (near (square (std x)) (var x))))
  (:ulp 2 "of the number of terms times the sum of the deviation and one ulp of the largest magnitude times the number of terms")
  (sqrt (mean-square-deviation (widen X) axis correction keepdims)))

(defcomposite amax ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in real)
  "The largest element over axes; NaN if one is NaN; the least number of the dtype of nothing (NumPy refuses it)."
  (:example (amax (tensor '((1 2) (3 4))) :axis 1))
  (:test ((N 1 7)) (let ((x (random-tensor (list 2 N) :f32))) (near (amax x :axis 1) (mapcar (lambda (row) (cl:reduce #'cl:max row)) (tensor->list x)))))
  (:ulp 0)
  (folded :max X axis keepdims))

(defcomposite amin ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in real)
  "The smallest element over axes; NaN if one is NaN; the largest number of the dtype of nothing (NumPy refuses it)."
  (:example (amin (tensor '((1 2) (3 4))) :axis 1))
  (:test ((N 1 7)) (let ((x (random-tensor (list 2 N) :f32))) (near (amin x :axis 1) (mapcar (lambda (row) (cl:reduce #'cl:min row)) (tensor->list x)))))
  (:ulp 0)
  (if (member (dtype X) '(:f16 :bf16 :f32 :f64))
      (neg (folded :max (neg X) axis keepdims))
      (logical-not (folded :max (logical-not X) axis keepdims))))

(defun flat-or-along (x axis)
  "x, or all of it in one axis if the axis is nil; and the axis."
  (if axis (values x (normalize-axis axis (rank x))) (values (reshape x -1) 0)))

(defun position-of-extreme (x axis keepdims extreme)
  "Where along the axis x equals its extreme first, or is NaN first."
  (multiple-value-bind (x axis) (flat-or-along x axis)
    (let* ((size (nth axis (shape x)))
           (hit (logical-or (= x (funcall extreme x :axis axis :keepdims t)) (logical-not (= x x))))
           (place (where hit (index axis (shape x)) (size-value size :i64))))
      (amin place :axis axis :keepdims keepdims))))

(defcomposite argmax ((X{T} &key (axis -1) (keepdims nil)) -> (I{i64}) where T in real)
  "The position of the largest element along an axis, or with :axis nil of all elements in order; of equal ones the first; of the first NaN
if there is one."
  (:example (argmax (tensor '((1 3 3) (4 2 0)))))
  (:test ((N 1 7)) (let ((x (random-tensor (list N) :i32))) (near (argmax x) (position (cl:reduce #'cl:max (tensor->list x)) (tensor->list x)))))
  (:ulp 0)
  (position-of-extreme X axis keepdims #'amax))

(defcomposite argmin ((X{T} &key (axis -1) (keepdims nil)) -> (I{i64}) where T in real)
  "The position of the smallest element along an axis, or with :axis nil of all elements in order; of equal ones the first; of the first
NaN if there is one."
  (:example (argmin (tensor '((1 3 1) (4 2 0)))))
  (:test ((N 1 7)) (let ((x (random-tensor (list N) :i32))) (near (argmin x) (position (cl:reduce #'cl:min (tensor->list x)) (tensor->list x)))))
  (:ulp 0)
  (position-of-extreme X axis keepdims #'amin))

(defcomposite all ((X{T} &key (axis nil) (keepdims nil)) -> (Y{bool}))
  "Whether all elements over axes differ from 0; true of nothing. NaN differs from 0."
  (:example (all (tensor '((t t) (t nil))) :axis 1))
  (:test ((N 0 5)) (let ((x (random-tensor (list N) :bool))) (near (all x) (every #'identity (tensor->list x)))))
  (:ulp 0)
  (folded :and (cast X :bool) axis keepdims))

(defcomposite any ((X{T} &key (axis nil) (keepdims nil)) -> (Y{bool}))
  "Whether an element over axes differs from 0; false of nothing. NaN differs from 0."
  (:example (any (tensor '((nil nil) (t nil))) :axis 1))
  (:test ((N 0 5)) (let ((x (random-tensor (list N) :bool))) (near (any x) (some #'identity (tensor->list x)))))
  (:ulp 0)
  (logical-not (folded :and (logical-not (cast X :bool)) axis keepdims)))

(defcomposite count-nonzero ((X{T} &key (axis nil) (keepdims nil)) -> (Y{i64}))
  "How many elements over axes differ from 0; NaN does."
  (:example (count-nonzero (tensor '((0 2) (3 4))) :axis 1))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :i32))) (near (count-nonzero x) (count-if-not #'zerop (tensor->list x)))))
  (:ulp 0)
  (folded :add (cast (cast X :bool) :i64) axis keepdims))

(defcomposite logsumexp ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in float)
  "log(Σ exp(X)) over axes, the largest element taken out first so that no exponential overflows; -inf of nothing."
  (:example (logsumexp (tensor '(1000.0 1000.0))))
  (:test ((N 0 5)) (let ((x (random-tensor (list 2 N) :f32))) (near (logsumexp x :axis 1) (log (sum (exp x) :axis 1)))))
  (:ulp 2 "of the number of terms, plus the magnitude of the largest")
  (setf w (widen X))
  (setf largest (amax w :axis axis :keepdims t))
  (setf shift (where (< (abs largest) +inf) largest 0))
  (setf total (log (sum (exp (- w shift)) :axis axis :keepdims keepdims)))
  (+ total (reshape shift (shape total))))

(defcomposite norm ((X{T} &key (ord 2) (axis nil) (keepdims nil)) -> (Y{T}) where T in float)
  "The norm of X as a vector over axes: (Σ|X|^ord)^(1/ord); the largest and smallest magnitude for +inf and -inf, the number of elements
that are not 0 for 0. Computed in f32 for f16 and bf16; squares beyond the dtype overflow. Matrix norms are not meant."
  (:example (norm (tensor '((3.0 4.0) (6.0 8.0))) :axis 1))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :f32)))
                     (and (near (square (norm x)) (sum (* x x)) :atol 1e-5) (near (norm x :ord 1) (sum (abs x))) (near (norm x :ord 3) (pow (sum (pow (abs x) 3)) 1/3)))))
  (:ulp 2 "of the number of terms times the result")
  (setf w (widen X))
  (cond ((eql ord 2) (sqrt (sum (* w w) :axis axis :keepdims keepdims)))
        ((eql ord 1) (sum (abs w) :axis axis :keepdims keepdims))
        ((eql ord 0) (cast (count-nonzero w :axis axis :keepdims keepdims) (dtype w)))
        ((not (realp ord)) (refuse "the order of a norm is no number" "a number, +inf or -inf" ord "give :ord 2 for the Euclidean norm"))
        ((= ord +inf) (amax (abs w) :axis axis :keepdims keepdims))
        ((= ord -inf) (amin (abs w) :axis axis :keepdims keepdims))
        (t (pow (sum (pow (abs w) ord) :axis axis :keepdims keepdims) (cl:/ ord)))))
