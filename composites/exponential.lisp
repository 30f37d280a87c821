;;;; Exponentials, logarithms and powers. f16 and bf16 are computed in f32. Naive identities lose many digits (exp2(x·log2 e) has
;;;; an error of |x| ulps); each composite here says why its own does not.

(in-package :caten)

(document-function sqrt (x)
  "The square root, an op, correctly rounded; of a negative number NaN."
  (:example (sqrt (tensor '(4.0 2.0))))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :f32))) (near (sqrt (* x x)) (abs x))))
  (:ulp 0))

(document-function exp2 (x)
  "2 to the power x, an op. A runtime may have the error stated; the evaluator has half an ulp."
  (:example (exp2 (tensor '(-1.0 3.0))))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :f32))) (near (exp2 x) (per-element (lambda (x) (cl:expt 2d0 x)) x))))
  (:ulp 4))

(document-function log2 (x)
  "The binary logarithm, an op; of 0 -inf, of a negative number NaN. A runtime may have the error stated; the evaluator has half an
ulp."
  (:example (log2 (tensor '(8.0 0.5))))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :f32))) (near (log2 (exp2 x)) x)))
  (:ulp 4))

(defcomposite exp ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "e to the power X: 2^n · exp(r) with n the nearest whole number to X·log2 e and r = X - n·ln 2, reduced in two parts (W. J. Cody
and W. Waite, Software Manual for the Elementary Functions, 1980), and a polynomial in r."
  (:example (exp (tensor '(0.0 1.0))))
  (:test () (near (exp X) (per-element #'cl:exp X)) (near (exp (tensor (list -inf +inf 1000.0 -1000.0))) (list 0 +inf +inf 0)))
  (:ulp 1)
  (:contract t)
  (exp-scaled (widen X)))

(defcomposite expm1 ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "exp(X) - 1 without cancellation: for |X| < 1 the 1 is subtracted from 2^n before the polynomial of r is added (see exp)."
  (:example (expm1 (tensor '(0.0 1e-8))))
  (:test ()
         (near (expm1 X) (per-element (lambda (x) (cl:- (cl:exp x) 1)) X) :atol 1e-6)
         (near (expm1 (tensor '(1e-20 -1e-20))) '(1e-20 -1e-20) :atol 0))
  (:ulp 2)
  (:contract t)
  (setf w (widen X))
  (if (= w 0) w (if (< (abs w) 1) (expm1-moderate (clamp w -2 2)) (- (exp-scaled w) 1))))

(defcomposite log ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The natural logarithm, log2(X)·ln 2: log2 is accurate near 1, so the product is. log(0) = -inf, of a negative number NaN."
  (:example (log (tensor '(1.0 2.718281828459045))))
  (:test () (near (log (+ (* X X) 1/4)) (per-element (lambda (x) (cl:log (cl:+ (cl:* x x) 0.25d0))) X)))
  (:ulp 2)
  (* (log2 (widen X)) 0.6931471805599453d0))

(defcomposite log10 ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The decimal logarithm, log2(X)·log10(2). log10(0) = -inf, of a negative number NaN."
  (:example (log10 (tensor '(1.0 1000.0))))
  (:test () (near (log10 (+ (* X X) 1/4)) (per-element (lambda (x) (cl:/ (cl:log (cl:+ (cl:* x x) 0.25d0)) (cl:log 10d0))) X)))
  (:ulp 3)
  (* (log2 (widen X)) 0.3010299956639812d0))

(defcomposite log1p ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "log(1 + X), accurate near 0: with u = 1 + X rounded, log(u)·X/(u - 1) corrects the rounding (W. Kahan; N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2002, 1.14)."
  (:example (log1p (tensor '(0.0 1e-8))))
  (:test ()
         (near (log1p (square X)) (per-element (lambda (x) (cl:log (cl:+ 1 (cl:* x x)))) X) :atol 1e-6)
         (near (log1p (tensor '(1e-20 -1e-20))) '(1e-20 -1e-20) :atol 0))
  (:ulp 4)
  (setf w (widen X))
  (setf u (+ 1 w))
  (setf d (- u 1))
  (if (or (= d 0) (= w +inf)) w (* (log u) (/ w d))))

(defcomposite logaddexp ((A{T}[~] B{T}[~]) -> (C{T}[~]) where T in float)
  "log(exp(A) + exp(B)) as max(A, B) + log1p(exp(-|A - B|)), which cannot overflow."
  (:example (logaddexp (tensor '(0.0 1000.0)) (tensor '(0.0 1000.0))))
  (:test ()
         (near (logaddexp A B) (per-element (lambda (a b) (cl:log (cl:+ (cl:exp a) (cl:exp b)))) A B) :atol 1e-5)
         (near (logaddexp (tensor (list -inf +inf)) (tensor (list -inf 1.0))) (list -inf +inf)))
  (:ulp 4 "of the larger of |max(A, B)| and log1p(exp(-|A - B|))")
  (setf a (widen A) b (widen B))
  (setf larger (max a b))
  ;; Equal infinities have no difference.
  (setf distance (if (= a b) 0 (abs (- a b))))
  (+ larger (log1p (exp (neg distance)))))

(defcomposite hypot ((A{T}[~] B{T}[~]) -> (C{T}[~]) where T in float)
  "sqrt(A² + B²) as m·sqrt(1 + (n/m)²) with m ≥ n, which cannot overflow or vanish before the result does. Infinite if one is, even
beside NaN."
  (:example (hypot (tensor '(3.0 1e30)) (tensor '(4.0 1e30))))
  (:test ()
         (near (hypot A B) (per-element (lambda (a b) (cl:sqrt (cl:+ (cl:* a a) (cl:* b b)))) A B))
         (near (hypot (tensor '(3e38 3e-40)) (tensor '(0.0 4e-40))) '(3e38 5e-40) :atol 0 :rtol 1e-4))
  (:ulp 2)
  (setf a (abs (widen A)) b (abs (widen B)))
  (setf m (max a b))
  (setf ratio (/ (min a b) m))
  (if (or (= a +inf) (= b +inf)) +inf (if (= m 0) 0 (* m (sqrt (+ 1 (* ratio ratio)))))))
