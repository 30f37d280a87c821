;;;; What composites over floats are made of: polynomials, powers of two, signs, whole numbers. Each works in the dtype of its
;;;; argument, f32 or f64; nothing here depends on a freedom that IEEE arithmetic does not give.

(in-package :caten)

(defun by-dtype (x f32 f64)
  "The first number for a tensor in f32, the second for f64."
  (if (cl:eq (dtype x) :f64) f64 f32))

(defun polynomial (x table)
  "The polynomial of x by Horner's rule, with the table's coefficients for the dtype of x."
  (let* ((coefficients (cl:reverse (second (assoc (dtype x) table))))
         (value (first coefficients)))
    (dolist (coefficient (rest coefficients) value)
      (setf value (+ (* value x) coefficient)))))

(defun bits-of (x)
  "The bits of x as i32 or i64."
  (bitcast x (by-dtype x :i32 :i64)))

(defun whole-beside (x large bits)
  "x + large, less large, where that leaves no digit for a fraction; `bits` are those of large. The difference is one of integers: nothing
flows back through them, as the derivative of a step is 0."
  (cast (- (bits-of (+ x large)) bits) (dtype x)))

(defun nearest-whole (x)
  "The whole number nearest to x, ties to even, for |x| ≤ 2²² (f32) or 2⁵¹ (f64): adding 1.5·2²³ leaves no bit for a fraction."
  (whole-beside x (by-dtype x 12582912 6755399441055744) (by-dtype x 1262485504 4843621399236968448)))

(defun sign-bit (x)
  "Whether x is negative, -0 and NaNs of negative sign included."
  (< (bits-of x) 0))

(defun copy-sign (magnitude x)
  "A magnitude that is not negative, with the sign of x."
  (where (sign-bit x) (neg magnitude) magnitude))

(defun small-power-of-two (n)
  "2^n for whole n within the exponents of normal numbers, by its bits."
  (bitcast (if (cl:eq (dtype n) :f64)
               (cast (* (+ n 1023) 4503599627370496) :i64)
               (cast (* (+ n 127) 8388608) :i32))
           (dtype n)))

(defun scale-by-power (x n)
  "x·2^n for whole n, in two factors: 2^n may overflow where the product does not. Rounds once, where the result is denormal."
  (let ((half (nearest-whole (* n 1/2))))
    (* (* x (small-power-of-two half)) (small-power-of-two (- n half)))))

(defun high-half (x)
  "x with the lower half of its digits cleared: its square is exact, and so is x - (high-half x)."
  (bitcast (logical-and (bits-of x) (by-dtype x -4096 -134217728)) (dtype x)))

(defun clamp (x low high)
  "x within two numbers; NaN stays."
  (min (max x low) high))

(defun toward-zero (x)
  "x without its fraction; what is too large to have one stays, as do NaN and the sign of 0."
  (let ((whole (cast (cast x (by-dtype x :i32 :i64)) (dtype x))))
    (where (< (abs x) (by-dtype x 8388608 4503599627370496)) (copy-sign (abs whole) x) x)))

(defun to-nearest (x)
  "The nearest whole number, of two the even one, of any x; the sign of 0 is kept."
  (let ((large (by-dtype x 8388608 4503599627370496)) (a (abs x)))
    ;; Above 2^23 (2^52) there is no fraction; below, adding it leaves no digit for one.
    (where (< a large) (copy-sign (whole-beside a large (by-dtype x 1258291200 4841369599423283200)) x) x)))

(defun reduce-exponent (x)
  "n and r with x = n·ln 2 + r and |r| < 0.35: ln 2 in two parts, the first with so few digits that its multiples are exact
(W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980)."
  (let ((n (nearest-whole (* x 1.4426950408889634d0))))
    (values n (- (- x (* n (by-dtype x 0.693359375d0 0.6931471803691238d0)))
                 (* n (by-dtype x -2.1219444005469057d-4 1.9082149292705877d-10))))))

(defun expm1-reduced (r)
  "exp(r) - 1 for |r| < 0.35."
  (+ r (* (* r r) (polynomial r *expm1-coefficients*))))

(defun exp-scaled (x &optional (power 0))
  "exp(x)·2^power of a tensor in f32 or f64; beyond the bounds the result is 0 or inf whatever x is."
  (multiple-value-bind (n r) (reduce-exponent (clamp x (cl:- (by-dtype x -104 -746) (cl:* power 0.694d0)) (by-dtype x 90 711)))
    (scale-by-power (+ 1 (expm1-reduced r)) (+ n power))))

(defun exp-minus-square (x &optional (factor 1) (power 0))
  "exp(-factor·x²)·2^power for a factor that is a power of two: x² in two parts, since an error of x² is one of the result."
  (let* ((high (high-half x)) (rest (* (- x high) (+ x high))))
    (* (exp-scaled (* (- factor) (* high high)) power) (exp-scaled (* (- factor) rest)))))
