;;;; Exponentials, logarithms and what is made of them. f16 and bf16 are computed in f32. Naive identities lose many
;;;; digits (exp2(x·log2 e) has an error of |x| ulps); each composite here says why its own does not.

(in-package :caten)

(defun nearest-whole (x)
  "The whole number nearest to a float tensor: (nearest-whole x)."
  (let ((shifted (+ x 1/2)))
    (- shifted (mod shifted 1))))

(defun ln2-parts (dtype)
  "ln 2 as two numbers whose sum is exact beyond the dtype, the first with so few digits that whole multiples are exact."
  (if (cl:eq dtype :f64)
      (values 6.93147180369123816490d-1 1.90821492927058770002d-10)
      (values 0.693359375d0 -2.12194440054690583d-4)))

(defcomposite exp ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "e to the power X: 2^n · 2^(r·log2 e) with n the nearest whole number to X·log2 e and r = X - n·ln 2, reduced in two
parts (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980)."
  (:example (exp (tensor '(0.0 1.0))))
  (:test ((N 0 9)) (near (exp X) (numpy "np.exp(X)")))
  (:ulp 1)
  (setf w (widen X))
  ;; Beyond these bounds the result is 0 or inf in every dtype; within them n has few digits.
  (setf c (max (neg (max (neg w) -1500)) -1500))
  (multiple-value-bind (high low) (ln2-parts (dtype w))
    (setf n (nearest-whole (* c 1.4426950408889634d0)))
    (setf r (- (- c (* n high)) (* n low))))
  ;; 2^n in two factors: n = 1024 overflows although the product need not.
  (setf half (nearest-whole (/ n 2)))
  (* (* (exp2 (* r 1.4426950408889634d0)) (exp2 half)) (exp2 (- n half))))

(defcomposite log ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The natural logarithm, log2(X)·ln 2: log2 is accurate near 1, so the product is. log(0) = -inf, of a negative number NaN."
  (:example (log (tensor '(1.0 2.718281828459045))))
  (:test ((N 0 9)) (near (log (+ (* X X) 1/4)) (numpy "np.log(X * X + 0.25)")))
  (:ulp 2)
  (* (log2 (widen X)) 0.6931471805599453d0))

(defcomposite sigmoid ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "1 / (1 + exp(-X)), from exp(-|X|), which cannot overflow."
  (:example (sigmoid (tensor '(-1.0 0.0 1.0))))
  (:test ((N 0 9)) (near (sigmoid X) (numpy "1 / (1 + np.exp(-X))")))
  (:ulp 3)
  (setf w (widen X))
  (setf e (exp (neg (abs w))))
  (/ (if (< w 0) e 1) (+ 1 e)))

(defcomposite silu ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "X · sigmoid(X), also called swish."
  (:example (silu (tensor '(-1.0 0.0 1.0))))
  (:test ((N 0 9)) (near (silu X) (numpy "X / (1 + np.exp(-X))")))
  (:ulp 4)
  (setf w (widen X))
  (* w (sigmoid w)))

(defun tanh-fraction (x)
  "tanh by Lambert's continued fraction x/(1 + x²/(3 + x²/(5 + …))), for |x| ≤ 1: all terms positive, nothing cancels."
  (let* ((square (* x x)) (value (const 21 (dtype x) (shape x))))
    (loop for k from 19 downto 1 by 2 do (setf value (+ k (/ square value))))
    (/ x value)))

(defcomposite tanh ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The hyperbolic tangent: a continued fraction up to 1, and ±(1 - 2/(exp(2|X|) + 1)) above."
  (:example (tanh (tensor '(-1.0 0.0 1.0))))
  (:test ((N 0 9)) (near (tanh X) (numpy "np.tanh(X)")))
  (:ulp 2)
  (setf w (widen X) a (abs w))
  (setf large (- 1 (/ 2 (+ (exp (* 2 a)) 1))))
  (if (<= a 1) (tanh-fraction w) (if (< w 0) (neg large) (* large (if (= w w) 1 w)))))

(defun erf-series (x)
  "erf by the series 2/√π · exp(-x²) · Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!, for |x| ≤ 2: all terms positive (DLMF 7.6.2)."
  (let* ((twice (* 2 (* x x))) (sum (const 1 (dtype x) (shape x))))
    (loop for k from 85 downto 3 by 2 do (setf sum (+ 1 (* (/ twice k) sum))))
    (* (* (* 1.1283791670955126d0 x) (exp (neg (* x x)))) sum)))

(defun erfc-fraction (x)
  "erfc by Laplace's continued fraction exp(-x²)/√π / (x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), for x ≥ 2 (DLMF 7.9.1)."
  (let ((value x))
    (loop for k from 50 downto 1 do (setf value (+ x (/ (cl:/ k 2) value))))
    (/ (* 0.5641895835477563d0 (exp (neg (* x x)))) value)))

(defcomposite erf ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The error function: a series of positive terms up to 2, 1 minus a continued fraction above."
  (:example (erf (tensor '(-1.0 0.0 1.0))))
  (:ulp 8)
  (setf w (widen X))
  (setf a (neg (max (neg (abs w)) -30)))
  (setf large (- 1 (erfc-fraction (max a 2))))
  (if (<= a 2) (erf-series w) (if (< w 0) (neg large) (* large (if (= w w) 1 w)))))

(defcomposite gelu ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "X · Φ(X) = X/2 · (1 + erf(X/√2)), the exact form (Hendrycks and Gimpel, 2016). Far below 0 the error is relative to X."
  (:example (gelu (tensor '(-1.0 0.0 1.0))))
  (setf w (widen X))
  (* (* w 1/2) (+ 1 (erf (* w 0.7071067811865476d0)))))
