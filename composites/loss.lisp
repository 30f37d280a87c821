;;;; Losses. :reduction is :mean, :sum or :none, as in PyTorch; f16 and bf16 are computed in f32.

(in-package :caten)

(defun reduced-loss (losses reduction &optional weights)
  "The losses, their sum, or their mean, by weights if there are some."
  (ecase (one-of :reduction reduction '(:mean :sum :none))
    (:none losses)
    (:sum (sum losses))
    (:mean (if weights (/ (sum losses) (sum weights)) (mean losses)))))

(defcomposite mse ((X{T}[~] target{T}[~] &key (reduction :mean)) -> (Y{T}) where T in float)
  "The mean of (X - target)²."
  (:example (mse (tensor '(1.0 2.0)) (tensor '(0.0 4.0))))
  (:test () (near (mse X target :reduction :sum) (square (norm (- X target))) :atol 1e-4) (near (mse X target :reduction :none) (square (- X target))))
  (:ulp 2 "of the number of terms times the result, for differences without cancellation")
  (reduced-loss (square (- (widen X) (widen target))) reduction))

(defcomposite huber ((X{T}[~] target{T}[~] &key (delta 1) (reduction :mean)) -> (Y{T}) where T in float)
  "The mean of d²/2 where d = |X - target| is at most delta, of delta·(d - delta/2) elsewhere (Huber, 1964)."
  (:example (huber (tensor '(1.0 2.0)) (tensor '(0.0 4.0))))
  (:test () (near (huber X target :delta 100 :reduction :sum) (* 1/2 (mse X target :reduction :sum)) :atol 1e-4)
         (near (huber X target :reduction :none) (per-element (lambda (x y) (let ((d (cl:abs (cl:- x y)))) (if (cl:<= d 1) (cl:/ (cl:* d d) 2) (cl:- d 0.5d0)))) X target) :atol 1e-5))
  (:ulp 3 "of the number of terms times the result")
  (unless (and (realp delta) (plusp delta)) (refuse "the delta of huber is not above 0" "a number above 0" delta "give another :delta"))
  (setf d (abs (- (widen X) (widen target))))
  (reduced-loss (if (<= d delta) (* 1/2 (* d d)) (* delta (- d (cl:/ delta 2)))) reduction))

(defcomposite bce ((X{T}[~] target{T}[~] &key (reduction :mean)) -> (Y{T}) where T in float)
  "The binary cross entropy of probabilities X, the mean of -target·log(X) - (1 - target)·log(1 - X), with logarithms of at least -100 as
PyTorch."
  (:example (bce (tensor '(0.9 0.2)) (tensor '(1.0 0.0))))
  (:test () (let ((p (sigmoid X)) (y (sigmoid target)))
              (near (bce p y :reduction :none) (per-element (lambda (p y) (cl:- (cl:+ (cl:* y (cl:log p)) (cl:* (cl:- 1 y) (cl:log (cl:- 1 p)))))) p y) :atol 1e-5))
         (near (bce (tensor '(0.0)) (tensor '(1.0))) 100))
  (:ulp 4 "of the number of terms times the result")
  (setf p (widen X) y (widen target))
  (reduced-loss (neg (+ (* y (max (log p) -100)) (* (- 1 y) (max (log1p (neg p)) -100)))) reduction))

(defun check-classes (x target weight)
  "Refuses targets that do not fit [N C …], or the weights of other classes. Returns the number of classes and the axis."
  (let* ((axis (if (cl:= (rank x) 1) 0 1)) (classes (nth axis (shape x))))
    (unless (and (> (rank x) 0) (equal (shape target) (sizes-but (shape x) axis)))
      (refuse "the targets do not fit the classes" (format nil "the sizes of ~a without those of the classes" (caten/dim:describe-shape (shape x)))
              (caten/dim:describe-shape (shape target)) "give a class for each element" 202))
    (when (and weight (cl:not (equal (shape weight) (list classes))))
      (refuse "the weights are not those of the classes" (format nil "[~a]" classes) (caten/dim:describe-shape (shape weight)) "give a weight for each class" 202))
    (values classes axis)))

(defcomposite pick ((X{T} target{i64} &key (axis -1)) -> (Y{T}))
  "The element along an axis that `target` names, which has X's sizes without that axis."
  (:example (pick (tensor '((1 2) (3 4))) (tensor '(1 0))))
  (:test ((N 1 5)) (let ((x (random-tensor (list N 3) :f32)) (y (mod (index 0 N) 3))) (near (pick x y) (sum (* x (cast (one-hot y 3) :f32)) :axis -1))))
  (:ulp 0)
  (:adjoint (dy)
    (let ((k (normalize-axis axis (rank X))))
      (where (= (index k (shape X)) (unsqueeze target k)) (unsqueeze dy k) 0)))
  (setf k (normalize-axis axis (rank X)))
  (squeeze (gather X (unsqueeze target k) :axis k) :axis k))

(defcomposite nll ((X{T} target{i64} &optional weight{T} &key (ignore-index -100) (reduction :mean)) -> (Y{T}) where T in float)
  "The negative of the log-probability in X, [N C …] or [C], of each target class [N …], times the class's weight; the mean is by weights.
Targets of ignore-index do not count (as PyTorch's nll_loss)."
  (:example (nll (log-softmax (tensor '((1.0 2.0 3.0)))) (tensor '(2))))
  (:test ((N 1 5)) (let* ((x (random-tensor (list N 3) :f32)) (y (mod (index 0 N) 3)))
                     (and (near (nll x y :reduction :sum) (neg (sum (* x (one-hot y 3)))) :atol 1e-5)
                          (near (nll x y (tensor '(1.0 0.0 0.0)) :reduction :none) (nll x (where (= y 0) y -100) :reduction :none)))))
  (:ulp 1 "of the number of terms times the mean magnitude")
  (multiple-value-bind (classes axis) (check-classes X target weight)
    (declare (ignore classes))
    (setf counted (/= target ignore-index))
    (setf class (if counted target 0))
    (setf by-weight (cast counted (dtype (widen X))))
    (when weight (setf by-weight (if counted (take (widen weight) 0 class) 0)))
    (reduced-loss (if counted (neg (* (pick (widen X) class :axis axis) by-weight)) 0) reduction by-weight)))

(defcomposite cross-entropy ((X{T} target{i64} &optional weight{T} &key (ignore-index -100) (label-smoothing 0) (reduction :mean)) -> (Y{T})
                             where T in float)
  "nll of log-softmax of the scores X over the classes, axis 1 of [N C …] or 0 of [C]. With label smoothing s each target is 1 - s, plus s/C for
every class (as PyTorch's cross_entropy with class indices)."
  (:example (cross-entropy (tensor '((1.0 2.0 3.0))) (tensor '(2))))
  (:test ((N 1 5)) (let* ((x (random-tensor (list N 3) :f32)) (y (mod (index 0 N) 3)) (l (log-softmax x)))
                     (and (near (cross-entropy x y) (neg (mean (sum (* l (one-hot y 3)) :axis -1))) :atol 1e-5)
                          (near (cross-entropy x y :label-smoothing 0.3 :reduction :none) (neg (sum (* l (+ (* 0.7 (one-hot y 3)) 0.1)) :axis -1)) :atol 1e-5))))
  (:ulp 2 "of the number of classes plus the largest difference of scores, times the number of terms or weights")
  (unless (and (realp label-smoothing) (<= 0 label-smoothing 1))
    (refuse "label smoothing is outside of 0 … 1" "a number from 0 to 1" label-smoothing "give another :label-smoothing"))
  (multiple-value-bind (classes axis) (check-classes X target weight)
    (setf logs (log-softmax (widen X) :axis axis))
    (setf plain (nll logs target weight :ignore-index ignore-index :reduction :none))
    (setf counted (/= target ignore-index))
    (setf class (if counted target 0))
    (setf by-weight (cast counted (dtype logs)) each logs)
    (when weight
      (setf by-weight (if counted (take (widen weight) 0 class) 0))
      (setf each (* logs (reshape (widen weight) (if (cl:= axis 0) (list classes) (per-channel X))))))
    (setf losses (if (= label-smoothing 0)
                     plain
                     (+ (* plain (cl:- 1 label-smoothing))
                        (if counted (* (neg (sum each :axis axis)) (/ label-smoothing (size-value classes (dtype logs)))) 0))))
    (reduced-loss losses reduction by-weight)))
