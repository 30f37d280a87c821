;;;; pow. In f32 it goes through f64; in f64 the logarithm is the sum of two numbers, since y·log2(x) needs eleven digits more than
;;;; the result has.

(in-package :caten)

;;; Sums of two floats: values high and low with |low| ≤ ulp(high)/2.

(defun fast-sum (a b)
  "a + b exactly, for |a| ≥ |b| (T. J. Dekker, A floating-point technique for extending the available precision, 1971)."
  (let ((s (+ a b))) (values s (- b (- s a)))))

(defun exact-sum (a b)
  "a + b exactly (D. E. Knuth, The Art of Computer Programming 2, 4.2.2)."
  (let* ((s (+ a b)) (part (- s a)))
    (values s (+ (- a (- s part)) (- b part)))))

(defun split-digits (a)
  "a as two numbers of 26 digits (G. W. Veltkamp, 1968)."
  (let* ((c (* a 134217729)) (high (- c (- c a))))
    (values high (- a high))))

(defun exact-product (a b)
  "a·b exactly (Dekker)."
  (multiple-value-bind (a1 a2) (split-digits a)
    (multiple-value-bind (b1 b2) (split-digits b)
      (let ((p (* a b)))
        (values p (+ (+ (+ (- (* a1 b1) p) (* a1 b2)) (* a2 b1)) (* a2 b2)))))))

(defun pair-product (a1 a2 b1 b2)
  "(a1 + a2)·(b1 + b2)."
  (multiple-value-bind (p e) (exact-product a1 b1)
    (fast-sum p (+ e (+ (* a1 b2) (* a2 b1))))))

(defun pair-sum (a1 a2 b1 b2)
  "(a1 + a2) + (b1 + b2)."
  (multiple-value-bind (s e) (exact-sum a1 b1)
    (fast-sum s (+ e (+ a2 b2)))))

(defun exponent-and-fraction (x)
  "e and m with x = m·2^e and √½ ≤ m ≤ √2, for positive finite x in f64. The fraction is a product with a power of 2, so that a derivative
flows through it; two factors, since 2^-1023 is no normal number."
  (let* ((tiny (< x 1d-300))
         (near-one (* x (where tiny (const 18014398509481984 :f64) 1)))
         (exponent (/ (bitcast near-one :i64) 4503599627370496))
         (fraction (* (* near-one 1/2) (bitcast (* (- 2047 exponent) 4503599627370496) :f64)))
         (upper (< 1.4142135623730951d0 fraction))
         (e (- (cast exponent :f64) (where tiny (const 1077 :f64) 1023))))
    (values (where upper (+ e 1) e) (where upper (* fraction 1/2) fraction))))

(defun log2-pair (x)
  "log2 of positive finite x in f64 as a sum of two numbers, to about 100 digits of binary relative accuracy near 66: with
s = (m - 1)/(m + 1), ln m = 2s + 2s³/3 + 2s⁵/5 + …, the first two terms in pairs."
  (multiple-value-bind (e m) (exponent-and-fraction x)
    (let ((f (- m 1)))
      (multiple-value-bind (d1 d2) (exact-sum m (const 1 :f64 (shape m)))
        (let* ((s1 (/ f d1))
               (s2 (multiple-value-bind (p q) (exact-product s1 d1)
                     (/ (- (- (- f p) q) (* s1 d2)) d1))))
          (multiple-value-bind (z1 z2) (pair-product s1 s2 s1 s2)
            (multiple-value-bind (c1 c2) (pair-product z1 z2 s1 s2)
              (multiple-value-bind (t1 t2) (pair-product c1 c2 (const 0.6666666666666666d0 :f64 (shape m)) 3.700743415417188d-17)
                (let ((rest (const 0 :f64 (shape m))))
                  (loop for k from 27 downto 5 by 2 do (setf rest (+ (* rest z1) (cl:/ 2 k))))
                  (multiple-value-bind (l1 l2) (pair-sum (* 2 s1) (* 2 s2) t1 (+ t2 (* (* c1 z1) rest)))
                    (multiple-value-bind (b1 b2) (pair-product l1 l2 (const 1.4426950408889634d0 :f64 (shape m)) 2.0355273740931033d-17)
                      (pair-sum e 0 b1 b2))))))))))))

(defun exp2-of-product (y x)
  "2^(y·log2 x) for positive x: in f64 by log2-pair, else computed in f64 and rounded once."
  (if (cl:eq (dtype x) :f64)
      (multiple-value-bind (l1 l2) (log2-pair x)
        (multiple-value-bind (z1 z2) (pair-product (clamp y -1d21 1d21) 0 l1 l2)
          (let* ((bounded (clamp z1 -1100 1100)) (n (nearest-integer bounded)))
            (scale-by-power (exp2 (+ (- bounded (cast n :f64)) (where (= bounded z1) z2 0))) n))))
      (cast (exp2 (* (cast y :f64) (log2 (cast x :f64)))) (dtype x))))

(defun float-power (x y)
  "x to the power y with the special cases of IEEE 754-2019, 9.2.1."
  (let* ((a (abs x))
         (whole (= (toward-zero y) y))
         (odd (logical-and whole (/= (toward-zero (* y 1/2)) (* y 1/2))))
         (grows (= (< 1 a) (< 0 y)))
         (magnitude (where (logical-or (logical-or (= a 0) (= a +inf)) (= (abs y) +inf))
                           (where (= a 1) 1 (where grows +inf 0))
                           (where (= a 1) 1 (exp2-of-product y (where (logical-and (< 0 a) (< a +inf)) a 1)))))
         (signed (where (logical-and (sign-bit x) odd) (neg magnitude) magnitude))
         (undefined (logical-or (logical-and (< x 0) (logical-and (< -inf x) (logical-not (logical-or whole (= (abs y) +inf)))))
                                (logical-or (/= x x) (/= y y)))))
    (where (logical-or (= y 0) (= x 1)) 1 (where undefined nan signed))))

(defun integer-power (x y)
  "x to the power y of integers, modulo 2^bits, by squaring. Negative powers are those of 1 and -1, else 0."
  (let* ((whole (broadcast-pair x y)) (x (first whole)) (y (second whole))
         (result (const 1 (dtype x) (shape x))))
    (multiple-value-bind (power)
        (scan (number-of-bits x) ((power result) (base x) (rest y)) (i)
          (next (where (/= (mod rest 2) 0) (* power base) power) (* base base) (/ rest 2)))
      (where (< y 0)
             (where (= x 1) 1 (where (logical-and (= (+ x 1) 0) (< x 0)) (where (= (mod y 2) 0) 1 x) 0))
             power))))

(defun broadcast-pair (x y)
  "Two tensors of one dtype with their common shape."
  (caten/promotion:unify (list x y)))

(defcomposite pow ((X{T}[~] Y{T}[~]) -> (Z{T}[~]) where T in (float integer))
  "X to the power Y, with the special cases of IEEE 754: pow(x, 0) = 1 and pow(1, y) = 1 even of NaN; of a negative X and a Y that is not
whole NaN. Integers wrap; a negative power of an integer is 0 except of 1 and -1 (as PyTorch; NumPy refuses it)."
  (:example (pow (tensor '(2.0 9.0)) (tensor '(10.0 0.5))))
  (:test ()
         (near (pow (+ 1/8 (square X)) Y) (per-element (lambda (x y) (cl:expt (cl:+ 0.125d0 (cl:* x x)) y)) X Y))
         (near (pow (tensor '(3 -2 -1 5)) (tensor '(4 3 -3 -1))) '(81 -8 -1 0))
         (near (pow (tensor (list nan 1.0 -8.0 -inf)) (tensor (list 0.0 nan 1/3 3.0))) (list 1 1 nan -inf)))
  (:ulp 1)
  (if (member (dtype X) '(:f16 :bf16 :f32 :f64))
      (float-power (widen X) (widen Y))
      (integer-power X Y)))
