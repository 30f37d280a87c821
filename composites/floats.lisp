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

(defun integer-beside (x large bits)
  "x + large, less large, as i32 or i64, where that leaves no digit for a fraction; `bits` are those of large. No derivative flows back
through integers, as that of a step is 0."
  (- (bits-of (+ x large)) bits))

(defun nearest-integer (x)
  "The integer nearest to x, ties to even, for |x| ≤ 2²² (f32, as i32) or 2⁵¹ (f64, as i64): adding 1.5·2²³ leaves no bit for a fraction."
  (integer-beside x (by-dtype x 12582912 6755399441055744) (by-dtype x 1262485504 4843621399236968448)))

(defun sign-bit (x)
  "Whether x is negative, -0 and NaNs of negative sign included."
  (< (bits-of x) 0))

(defun copy-sign (magnitude x)
  "A magnitude that is not negative, with the sign of x."
  (where (sign-bit x) (neg magnitude) magnitude))

(defun power-by-exponent (e)
  "The number of exponent field e and no fraction: 2^(e - 127) as f32 for i32 and u32, 2^(e - 1023) as f64 for i64 and u64."
  (if (member (dtype e) '(:i64 :u64))
      (bitcast (* e 4503599627370496) :f64)
      (bitcast (* e 8388608) :f32)))

(defun small-power-of-two (n)
  "2^n for integers n, i32 or i64, within the exponents of normal numbers, by its bits."
  (power-by-exponent (+ n (if (cl:eq (dtype n) :i64) 1023 127))))

(defun scale-by-power (x n)
  "x·2^n for integers n of the size of x, |n| below 250 (f32) or 2040 (f64), in two factors: 2^n may overflow where the product does
not. Rounds once, where the result is denormal."
  ;; The fields of both factors' exponents together: not negative, and half of what has no sign is a shift.
  (let* ((both (cast (+ n (by-dtype x 254 2046)) (by-dtype x :u32 :u64))) (half (div both 2)))
    (* (* x (power-by-exponent half)) (power-by-exponent (- both half)))))

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
    (where (< a large) (copy-sign (cast (integer-beside a large (by-dtype x 1258291200 4841369599423283200)) (dtype x)) x) x)))

(defun reduce-exponent (x &optional rest)
  "The integer n and r with x + rest = n·ln 2 + r and |r| < 0.35, for a rest that is small beside x: ln 2 in two parts, the first with so
few digits that its multiples are exact (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980)."
  (let* ((n (nearest-integer (* (if rest (+ x rest) x) 1.4426950408889634d0)))
         (whole (cast n (dtype x)))
         (r (+ (+ x (* whole (by-dtype x -0.693359375d0 -0.6931471803691238d0)))
               (* whole (by-dtype x 2.1219444005469057d-4 -1.9082149292705877d-10)))))
    (values n (if rest (+ r rest) r))))

(defun expm1-reduced (r)
  "exp(r) - 1 for |r| < 0.35."
  (+ r (* (* r r) (polynomial r *expm1-coefficients*))))

(defun expm1-moderate (x)
  "exp(x) - 1 for |x| ≤ 80 (f32) or 700 (f64), without cancellation: the 1 is subtracted from 2^n before the polynomial is added."
  (multiple-value-bind (n r) (reduce-exponent x)
    (let ((p (small-power-of-two n))) (+ (* p (expm1-reduced r)) (- p 1)))))

(defun exp-scaled (x &optional (power 0))
  "exp(x)·2^power of a tensor in f32 or f64; beyond the bounds the result is 0 or inf whatever x is."
  (multiple-value-bind (n r) (reduce-exponent (clamp x (cl:- (by-dtype x -104 -746) (cl:* power 0.694d0)) (by-dtype x 90 711)))
    (scale-by-power (+ 1 (expm1-reduced r)) (+ n power))))

(defun exp-minus-square (x &optional (factor 1) (power 0))
  "exp(-factor·x²)·2^power for a factor that is a power of two and |x| ≤ 16 (f32) or 40 (f64): x² in two parts, since an error of x² is one
of the result."
  (let* ((high (high-half x)) (rest (* (- x high) (+ x high))))
    (multiple-value-bind (n r) (reduce-exponent (* (- factor) (* high high)) (* (- factor) rest))
      (scale-by-power (+ 1 (expm1-reduced r)) (+ n power)))))
