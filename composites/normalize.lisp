;;;; What makes values comparable: softmax and normalisation. f16 and bf16 are computed in f32.

(in-package :caten)

(defun shifted-down (x axis)
  "x minus its largest element along the axis, so that exponentials cannot overflow; infinite ones are not subtracted."
  (let ((largest (amax x :axis axis :keepdims t)))
    (- x (where (< (abs largest) +inf) largest 0))))

(defcomposite softmax ((X{T} &key (axis -1)) -> (Y{T}) where T in float)
  "exp(X) / sum(exp(X)) along an axis, the largest element subtracted first."
  (:example (softmax (tensor '((1.0 2.0 3.0)))))
  (setf e (exp (shifted-down (widen X) axis)))
  (/ e (sum e :axis axis :keepdims t)))

(defcomposite log-softmax ((X{T} &key (axis -1)) -> (Y{T}) where T in float)
  "log(softmax(X)) without forming the quotient: small probabilities keep their digits."
  (:example (log-softmax (tensor '((1.0 2.0 3.0)))))
  (setf shifted (shifted-down (widen X) axis))
  (- shifted (log (sum (exp shifted) :axis axis :keepdims t))))

(defcomposite layer-norm ((X{T}[~ N] &optional weight{T}[N] bias{T}[N] &key (eps 1/100000)) -> (Y{T}[~ N]) where T in float)
  "(X - mean) / sqrt(variance + eps) over the last axis, times weight, plus bias; the variance in two passes (Ba, Kiros and
Hinton, 2016)."
  (:example (layer-norm (tensor '((1.0 2.0 3.0)))))
  (setf w (widen X))
  (setf centred (- w (mean w :axis -1 :keepdims t)))
  (setf y (/ centred (sqrt (+ (mean (* centred centred) :axis -1 :keepdims t) eps))))
  (when weight (setf y (* y (widen weight))))
  (when bias (setf y (+ y (widen bias))))
  y)
