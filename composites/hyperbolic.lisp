;;;; Hyperbolic functions and their inverses, from expm1 and log1p, which keep the digits of small arguments.

(in-package :caten)

(defcomposite sinh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The hyperbolic sine: (t + t/(t + 1))/2 with t = expm1(|X|) up to 1, exp(|X|)/2 - exp(-|X|)/2 above, with the half inside the scaling,
so that it overflows no earlier than the result."
  (:example (sinh (tensor '(0.0 1.0))))
  (:test () (near (sinh X) (per-element #'cl:sinh X)) (near (sinh (tensor '(1e-20 89.0))) (list 1d-20 (cl:sinh 89d0)) :atol 0))
  (:ulp 3)
  (setf w (widen X) a (abs w))
  (setf s (expm1 (min a 1)))
  (setf e (exp-scaled a -1))
  (copy-sign (if (<= a 1) (* 1/2 (+ s (/ s (+ s 1)))) (- e (/ 1/4 e))) w))

(defcomposite cosh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The hyperbolic cosine, exp(|X|)/2 + exp(-|X|)/2, with the half inside the scaling."
  (:example (cosh (tensor '(0.0 1.0))))
  (:test () (near (cosh X) (per-element #'cl:cosh X)) (near (cosh (tensor (list 89.0 -inf))) (list (cl:cosh 89d0) +inf)))
  (:ulp 2)
  (setf e (exp-scaled (abs (widen X)) -1))
  (+ e (/ 1/4 e)))

(defcomposite tanh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The hyperbolic tangent, ±t/(t + 2) with t = expm1(2|X|), for 2|X| up to 40."
  (:example (tanh (tensor '(-1.0 0.0 1.0))))
  (:test () (near (tanh X) (per-element #'cl:tanh X)) (near (tanh (tensor (list 1e-20 100.0 -inf))) '(1e-20 1 -1) :atol 0))
  (:ulp 3)
  (:contract t)
  (setf w (widen X))
  (setf s (expm1-moderate (* 2 (min (abs w) 20))))
  (copy-sign (/ s (+ s 2)) w))

(defcomposite asinh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The inverse hyperbolic sine: ±log1p(a + a²/(1 + sqrt(1 + a²))) with a = |X|; ±(log(a) + ln 2) for large a."
  (:example (asinh (tensor '(0.0 1.0))))
  (:test () (near (asinh X) (per-element #'cl:asinh X)) (near (asinh (tensor '(1e-20 1e30))) (list 1d-20 (cl:asinh 1d30)) :atol 0))
  (:ulp 4)
  (setf w (widen X) a (abs w))
  (setf square (* a a))
  (copy-sign (if (< a 1073741824) (log1p (+ a (/ square (+ 1 (sqrt (+ 1 square)))))) (+ (log a) 0.6931471805599453d0)) w))

(defcomposite acosh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The inverse hyperbolic cosine: log1p(t + sqrt(2t + t²)) with t = X - 1; log(X) + ln 2 for large X; NaN below 1."
  (:example (acosh (tensor '(1.0 2.0))))
  (:test () (near (acosh (+ 1 (square X))) (per-element (lambda (x) (cl:realpart (cl:acosh (cl:+ 1 (cl:* x x))))) X) :atol 1e-5)
         (near (acosh (tensor '(0.5 1e30))) (list nan (cl:realpart (cl:acosh 1d30)))))
  (:ulp 4)
  (setf w (widen X))
  (setf s (- w 1))
  (if (< w 1) nan (if (< w 1073741824) (log1p (+ s (sqrt (+ (* 2 s) (* s s))))) (+ (log w) 0.6931471805599453d0))))

(defcomposite atanh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The inverse hyperbolic tangent, ±log1p(2a/(1 - a))/2 with a = |X|: infinite at ±1, NaN beyond."
  (:example (atanh (tensor '(0.0 0.5))))
  (:test () (near (atanh (/ X 3)) (per-element (lambda (x) (cl:realpart (cl:atanh (cl:/ x 3)))) X)) (near (atanh (tensor (list 1.0 -1.0 2.0))) (list +inf -inf nan)))
  (:ulp 4)
  (setf w (widen X) a (abs w))
  (copy-sign (* 1/2 (log1p (/ (* 2 a) (- 1 a)))) w))
