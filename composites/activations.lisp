;;;; Activations of networks. f16 and bf16 are computed in f32.

(in-package :caten)

(defcomposite relu ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "The larger of X and 0."
  (:example (relu (tensor '(-1 2))))
  (:test () (near (relu X) (per-element (lambda (x) (cl:max x 0)) X)))
  (:ulp 0)
  (max X 0))

(defcomposite leaky-relu ((X{T}[~] &key (negative-slope 1/100)) -> (Y{T}[~]) where T in float)
  "X where it is not negative, else X·negative-slope."
  (:example (leaky-relu (tensor '(-1.0 2.0)) :negative-slope 0.2))
  (:test () (near (leaky-relu X :negative-slope 1/4) (per-element (lambda (x) (if (cl:< x 0) (cl:/ x 4) x)) X)))
  (:ulp 1)
  (setf w (widen X))
  (if (< w 0) (* w negative-slope) w))

(defcomposite elu ((X{T}[~] &key (alpha 1)) -> (Y{T}[~]) where T in float)
  "X where it is positive, else alpha·(exp(X) - 1) (Clevert, Unterthiner and Hochreiter, 2016)."
  (:example (elu (tensor '(-1.0 2.0))))
  (:test () (near (elu X :alpha 2) (per-element (lambda (x) (if (cl:< x 0) (cl:* 2 (cl:- (cl:exp x) 1)) x)) X)))
  (:ulp 2)
  (setf w (widen X))
  (if (< 0 w) w (* alpha (expm1 w))))

(defcomposite selu ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "elu with alpha = 1.6732632…, times 1.0507009…, which keeps mean 0 and variance 1 (Klambauer and others, 2017)."
  (:example (selu (tensor '(-1.0 2.0))))
  (:test () (near (selu X) (per-element (lambda (x) (cl:* 1.0507009873554805d0 (if (cl:< x 0) (cl:* 1.6732632423543772d0 (cl:- (cl:exp x) 1)) x))) X)))
  (:ulp 3)
  (setf w (widen X))
  (if (< 0 w) (* 1.0507009873554805d0 w) (* 1.7580993408473766d0 (expm1 w))))

(defcomposite gelu ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "X·Φ(X) (Hendrycks and Gimpel, 2016), the exact form, with Φ(-|X|) = erfc(|X|/√2)/2 and Φ(X) = 1 - Φ(-X): accurate far below 0, too, where
Φ is scaled by 2^30 until it has its factor. NaN of -inf, as PyTorch."
  (:example (gelu (tensor '(-1.0 0.0 1.0))))
  (:test () (near (gelu X) (* (* 1/2 X) (erfc (* X -0.7071067811865476)))) (near (gelu (tensor '(-10.0))) '(-7.619853024160526e-23) :atol 0))
  (:ulp 7)
  (:contract t)
  ;; Φ + X·φ, with Φ = Y / X: both are in memory for others.
  (:adjoint (dy)
    (let* ((w (widen X)) (near (clip w -40 40)) (density (* 0.3989422804014327d0 (exp2 (* -0.7213475204444817d0 (* near near))))))
      (cast (* (widen dy) (+ (where (= w 0) 1/2 (where (< w 40) (/ (widen Y) w) 1)) (* near density))) (dtype X))))
  (setf w (widen X) a (min (abs w) (by-dtype w 16 40)))
  (setf tail (* (erfcx-of (* a 0.7071067811865476d0)) (exp-minus-square a 1/2 29)))
  (setf product (* w (if (< w 0) tail (+ 1 (* tail -9.313225746154785d-10)))))
  (* product (if (< w 0) 9.313225746154785d-10 1)))

(defcomposite gelu-tanh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "X/2·(1 + tanh(√(2/π)·(X + 0.044715·X³))), the approximation of gelu that many models were trained with, as X·sigmoid of twice the inner
value: nothing cancels below 0."
  (:example (gelu-tanh (tensor '(-1.0 0.0 1.0))))
  (:test () (near (gelu-tanh X) (per-element (lambda (x) (cl:* x 0.5d0 (cl:+ 1 (cl:tanh (cl:* 0.7978845608028654d0 (cl:+ x (cl:* 0.044715d0 x x x))))))) X)))
  (:ulp 3 "of |X|, and of the result above 0")
  (:contract t)
  (setf w (widen X))
  (* w (sigmoid (* 1.5957691216057308d0 (+ w (* 0.044715d0 (* w (* w w))))))))

(defcomposite sigmoid ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "1 / (1 + exp(-X)), from exp(-|X|), which cannot overflow."
  (:example (sigmoid (tensor '(-1.0 0.0 1.0))))
  (:test () (near (sigmoid X) (per-element (lambda (x) (cl:/ (cl:+ 1 (cl:exp (cl:- x))))) X)) (near (sigmoid (tensor (list -inf +inf))) '(0 1)))
  (:ulp 3)
  (:contract t)
  (setf w (widen X))
  (setf e (exp (neg (abs w))))
  (/ (if (< w 0) e 1) (+ 1 e)))

(defcomposite silu ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "X·sigmoid(X), also called swish. NaN of -inf, as PyTorch."
  (:example (silu (tensor '(-1.0 0.0 1.0))))
  (:test () (near (silu X) (per-element (lambda (x) (cl:/ x (cl:+ 1 (cl:exp (cl:- x))))) X)))
  (:ulp 3)
  (setf w (widen X))
  (times-sigmoid w w))

(defun times-sigmoid (x y)
  "x·sigmoid(y). A denormal sigmoid would bring few digits to the product: far below 0 it is scaled by 2^30 until then."
  (where (< y -50) (* (* x (exp-scaled (min y -50) 30)) 9.313225746154785d-10) (* x (sigmoid y))))

(defcomposite mish ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "X·tanh(softplus(X)) (Misra, 2020) as X·n/(n + 2) with n = e·(e + 2) and e = exp(X)."
  (:example (mish (tensor '(-1.0 0.0 1.0))))
  (:test () (near (mish X) (per-element (lambda (x) (cl:* x (cl:tanh (cl:log (cl:+ 1 (cl:exp x)))))) X)))
  (:ulp 4)
  (setf w (widen X))
  (setf e (exp-scaled (min w 20) 30))   ; scaled by 2^30, as in silu
  (setf small (* e 9.313225746154785d-10))
  (if (< 20 w) w (* (* w (/ (* e (+ small 2)) (+ (* small (+ small 2)) 2))) 9.313225746154785d-10)))

(defcomposite softplus ((X{T}[~] &key (beta 1)) -> (Y{T}[~]) where T in float)
  "log(1 + exp(beta·X)) / beta without overflow: max(X, 0) + log1p(exp(-|beta·X|)) / beta, for beta above 0. PyTorch's threshold is not needed and there
is none."
  (:example (softplus (tensor '(-1.0 0.0 1.0))))
  (:test () (near (softplus X :beta 2) (per-element (lambda (x) (cl:/ (cl:log (cl:+ 1 (cl:exp (cl:* 2 x)))) 2)) X)))
  (:ulp 3)
  (unless (and (realp beta) (plusp beta)) (refuse "the beta of softplus is not above 0" "a number above 0" beta "give another :beta"))
  (setf w (widen X))
  (+ (max w 0) (/ (log1p (exp (neg (abs (* beta w))))) beta)))

(defcomposite log-sigmoid ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "log(sigmoid(X)) as min(X, 0) - log1p(exp(-|X|))."
  (:example (log-sigmoid (tensor '(-1.0 0.0 1.0))))
  (:test () (near (log-sigmoid X) (neg (softplus (neg X)))) (near (log-sigmoid (tensor '(-1000.0))) '(-1000)))
  (:ulp 3)
  (setf w (widen X))
  (- (min w 0) (log1p (exp (neg (abs w))))))

(defcomposite hard-sigmoid ((X{T}[~] &key (alpha 1/6) (beta 1/2)) -> (Y{T}[~]) where T in float)
  "alpha·X + beta, clipped to 0 … 1. The defaults are PyTorch's; ONNX's alpha is 0.2."
  (:example (hard-sigmoid (tensor '(-4.0 0.0 1.0))))
  (:test () (near (hard-sigmoid X :alpha 1/2) (per-element (lambda (x) (cl:max 0 (cl:min 1 (cl:+ 0.5d0 (cl:/ x 2))))) X)))
  (:ulp 2 "of the largest of |alpha·X|, |beta| and the result")
  (clamp (+ (* alpha (widen X)) beta) 0 1))

(defcomposite hard-swish ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "X·hard-sigmoid(X) (Howard and others, Searching for MobileNetV3, 2019)."
  (:example (hard-swish (tensor '(-4.0 0.0 1.0))))
  (:test () (near (hard-swish X) (per-element (lambda (x) (cl:* x (cl:max 0 (cl:min 1 (cl:+ 0.5d0 (cl:/ x 6)))))) X) :atol 1e-6))
  (:ulp 2 "of |X|")
  (setf w (widen X))
  (* w (clamp (+ (* 1/6 w) 1/2) 0 1)))

(defcomposite glu ((X{T} &key (axis -1)) -> (Y{T}) where T in float)
  "The first half along an axis times sigmoid of the second half (Dauphin and others, 2017); the axis must have an even size."
  (:example (glu (tensor '(1.0 2.0 3.0 0.0))))
  (:test ((N 0 4)) (let ((x (random-tensor (list 3 (cl:* 2 N)) :f32))) (near (glu x) (* (slice x :all (0 N)) (sigmoid (slice x :all (N nil)))))))
  (:ulp 4)
  (setf w (widen X) place (normalize-axis axis (rank X)))
  (setf half (half-size (nth place (shape X))))
  (setf a (slice-along w place 0 half) b (slice-along w place half (* 2 half)))
  ;; Where the sigmoid is tiny, its square root is not: scaled by 2^30 it is a normal number for every product that is not 0.
  (setf root (exp-scaled (* (min b -50) 1/2) 30))
  (where (< b -50) (* (* (* a root) root) 8.673617379884035d-19) (* a (sigmoid b))))

(defun half-size (size)
  "Half of an even size."
  (when (and (integerp size) (oddp size))
    (caten/diagnostic:fail 307 "glu halves an axis of odd size" :expected "an even size" :found (format nil "~d" size)
                           :remedy "choose another axis, or pad it"))
  (floor size 2))
