;;;; erf, erfc, lgamma. Their polynomials are in coefficients.lisp.

(in-package :caten)

(defun erfcx-of (x)
  "exp(x²)·erfc(x) for 0 ≤ x ≤ 28.5: t = 1/(1 + 0.7x) and t·u times a polynomial in u - 1/2, u = 1 - t, after M. M. Shepherd and J. G. Laframboise,
Chebyshev approximation of (1 + 2x)exp(x²)erfc x in 0 ≤ x < ∞, 1981."
  (let* ((scaled (* x 0.7d0)) (reciprocal (/ 1 (+ 1 scaled))) (u (* scaled reciprocal)))
    (+ reciprocal (* reciprocal (* u (polynomial (- u 1/2) *erfcx-coefficients*))))))

(defun erfc-tail (x)
  "erfc(x) for x ≥ 0, accurate to its last digits where it is small."
  (let ((x (min x (by-dtype x 10.5d0 28)))) (* (erfcx-of x) (exp-minus-square x))))

(defun erf-near (x)
  "erf(x) for |x| ≤ 1."
  (+ x (* x (polynomial (* x x) *erf-coefficients*))))

(defcomposite erf ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The error function: a polynomial up to 1, 1 - erfc(|X|) above."
  (:example (erf (tensor '(-1.0 0.0 1.0))))
  (:test () (near (erf X) (numpy "np.vectorize(__import__('math').erf, otypes=[np.float64])(X).astype('f4')"))
         (near (erf (tensor (list +inf -inf))) '(1 -1)))
  (:ulp 2)
  (:contract t)
  (setf w (widen X) a (abs w))
  (if (= w 0) w (if (<= a 1) (erf-near w) (copy-sign (- 1 (erfc-tail a)) w))))

(defcomposite erfc ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "1 - erf(X) without cancellation: from 1/2 on exp(-X²) times a polynomial over 1 + 2X, with X² in two parts (W. J. Cody, Rational
Chebyshev approximations for the error function, 1969)."
  (:example (erfc (tensor '(0.0 3.0))))
  (:test () (near (+ (erfc X) (erf X)) (ones (shape X))) (near (erfc (tensor (list 5.0 -inf))) '(1.5374597944280349e-12 2) :atol 0))
  (:ulp 6)
  (setf w (widen X))
  (if (< w 1/2) (- 1 (erf w)) (erfc-tail w)))

(defun stirling (x)
  "lgamma(x) for x ≥ 8: Stirling's series (DLMF 5.11.1)."
  (let* ((z (/ 1 (* x x))) (series (const (cl:/ -3617 122400) (dtype x))))
    (dolist (c '(1/156 -691/360360 1/1188 -1/1680 1/1260 -1/360 1/12))
      (setf series (+ (* series z) c)))
    (+ (+ (* (- x 1/2) (- (log x) 1)) 0.4189385332046727d0) (/ series x))))

(defun lgamma-positive (x)
  "lgamma(x) for x > 0: up to 8 (x - 1)·(x - 2), the zeros, times a polynomial."
  (let* ((y (where (< x 1) (+ x 1) x)) (root 2.8284271247461903d0)
         (middle (* (* (- y 1) (- y 2)) (polynomial (/ (- y root) (+ y root)) *lgamma-coefficients*))))
    (where (< x 8) (where (< x 1) (- middle (log x)) middle) (stirling (max x 8)))))

(defcomposite lgamma ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "log |Γ(X)|: a polynomial times (X - 1)·(X - 2) up to 8, Stirling's series above (DLMF 5.11.1), and below 0 the reflection
log(π / |X·sin(πX)|) - lgamma(-X), which is infinite at whole numbers and a difference of larger numbers beside them."
  (:example (lgamma (tensor '(1.0 0.5 10.0))))
  (:test () (near (lgamma (+ 1/8 (* 3 (square X)))) (numpy "np.vectorize(__import__('math').lgamma, otypes=[np.float64])(0.125 + 3.0 * X * X).astype('f4')") :atol 1e-5)
         (near (lgamma (tensor (list 0.0 -1.0 1.0 2.0 -1/2))) (list +inf +inf 0 0 1.2655121234846454)))
  (:ulp 5 "of the largest of |lgamma(X)|, lgamma(|X|) and 1")
  (setf w (widen X) a (abs w))
  (setf fraction (- a (to-nearest a)))
  (setf positive (lgamma-positive a))
  (setf reflected (- (- 1.1447298858494002d0 (+ (log a) (log (abs (sin (* 3.141592653589793d0 fraction)))))) positive))
  ;; Near 0 sin(πX) may be denormal, and X is not seen beside log(X).
  (setf tiny (< a (by-dtype w 1d-8 1d-20)))
  (if (= a +inf) +inf (if (< 0 w) positive (if tiny (neg (log a)) (if (= fraction 0) +inf reflected)))))
