;;;; Comparisons, logic, bits, and what floats are.

(in-package :caten)

(defcomposite ne ((A{T}[~] B{T}[~]) -> (C{bool}[~]))
  "A ≠ B; true with NaN."
  (:example (ne (tensor '(1 2)) 2))
  (:test () (near (ne (cast A :i32) 0) (per-element (lambda (x) (cl:/= x 0)) (cast A :i32))) (near (ne (tensor (list nan)) (tensor (list nan))) '(t)))
  (:ulp 0)
  (/= A B))

(defcomposite le ((A{T}[~] B{T}[~]) -> (C{bool}[~]) where T in (real bool))
  "A ≤ B; false with NaN."
  (:example (le (tensor '(1 2 3)) 2))
  (:test () (near (le A B) (per-element #'cl:<= A B)) (near (le (tensor (list nan 1.0)) 1) '(nil t)))
  (:ulp 0)
  (<= A B))

(defcomposite gt ((A{T}[~] B{T}[~]) -> (C{bool}[~]) where T in (real bool))
  "A > B; false with NaN."
  (:example (gt (tensor '(1 2 3)) 2))
  (:test () (near (gt A B) (per-element #'cl:> A B)))
  (:ulp 0)
  (> A B))

(defcomposite ge ((A{T}[~] B{T}[~]) -> (C{bool}[~]) where T in (real bool))
  "A ≥ B; false with NaN."
  (:example (ge (tensor '(1 2 3)) 2))
  (:test () (near (ge A B) (per-element #'cl:>= A B)) (near (ge (tensor (list nan 1.0)) 1) '(nil t)))
  (:ulp 0)
  (>= A B))

(document-function logical-or (a b)
  "Or of bools, or of the bits of integers; in the body of a composite `or`."
  (:example (logical-or (tensor '(t nil)) (tensor '(nil nil))))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :i32)) (y (random-tensor (list N) :i32))) (near (logical-or x y) (per-element #'cl:logior x y))))
  (:ulp 0))

(document-function logical-not (x)
  "Not of bools, or the complement of the bits of integers; in the body of a composite `not`."
  (:example (logical-not (tensor '(t nil))))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :i32))) (near (logical-not x) (per-element #'cl:lognot x))))
  (:ulp 0))

(document-function where (condition a b)
  "Element by element a where the condition holds, else b, broadcast; in the body of a composite `if`. What is not chosen is not
computed."
  (:example (where (> (tensor '(-1 2)) 0) 1 0))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :f32))) (near (where (< x 0) 0 x) (relu x))))
  (:ulp 0))

(defun shifted-by-bits (x count step)
  "x after `step` (a function of x and 2^2^k) for each bit k that is set in the count, which is below the number of bits."
  (let ((width (ecase (dtype x) ((:i8 :u8) 3) ((:i16 :u16) 4) ((:i32 :u32) 5) ((:i64 :u64) 6))))
    (dotimes (k width x)
      (setf x (where (/= (logical-and count (cl:ash 1 k)) 0) (funcall step x (cl:expt 2 (cl:expt 2 k))) x)))))

(defun number-of-bits (x)
  "The number of bits of an integer tensor's dtype."
  (ecase (dtype x) ((:i8 :u8) 8) ((:i16 :u16) 16) ((:i32 :u32) 32) ((:i64 :u64) 64)))

(defcomposite shl ((X{T}[~] count{T}[~]) -> (Y{T}[~]) where T in integer)
  "X shifted left by count bits, as NumPy's left_shift: 0 for a count that is negative or not below the number of bits."
  (:example (shl (tensor '(1 3)) 4))
  (:test () (near (shl X (mod count 9)) (per-element (lambda (x n) (cl:ash x n)) X (mod count 9))) (near (shl (tensor '(1 1)) (tensor '(64 -1))) '(0 0)))
  (:ulp 0)
  (if (and (>= count 0) (< count (number-of-bits X)))
      (shifted-by-bits X count #'*)
      0))

(defcomposite shr ((X{T}[~] count{T}[~]) -> (Y{T}[~]) where T in integer)
  "X shifted right by count bits, rounding down, as NumPy's right_shift: a count that is negative or not below the number of bits
leaves only the sign, 0 or -1."
  (:example (shr (tensor '(256 -3)) 1))
  (:test () (near (shr X (mod count 9)) (per-element (lambda (x n) (cl:ash x (cl:- n))) X (mod count 9))) (near (shr (tensor '(7 -7)) 64) '(0 -1)))
  (:ulp 0)
  (if (and (>= count 0) (< count (number-of-bits X)))
      (shifted-by-bits X count #'/)
      (if (< X 0) (logical-not (const 0 T)) 0)))

(defcomposite isnan ((X{float}[~]) -> (Y{bool}[~]))
  "Whether X is not a number."
  (:example (isnan (tensor (list 1.0 nan))))
  (:test () (near (isnan X) (per-element (constantly nil) X)) (near (isnan (tensor (list nan +inf 0.0))) '(t nil nil)))
  (:ulp 0)
  (/= X X))

(defcomposite isinf ((X{float}[~]) -> (Y{bool}[~]))
  "Whether X is an infinity."
  (:example (isinf (tensor (list 1.0 -inf))))
  (:test () (near (isinf (* X +inf)) (/= X 0)) (near (isinf (tensor (list nan +inf -inf))) '(nil t t)))
  (:ulp 0)
  (= (abs X) +inf))

(defcomposite isfinite ((X{float}[~]) -> (Y{bool}[~]))
  "Whether X is a number and no infinity."
  (:example (isfinite (tensor (list 1.0 -inf))))
  (:test () (near (isfinite X) (per-element (constantly t) X)) (near (isfinite (tensor (list nan +inf 0.0))) '(nil nil t)))
  (:ulp 0)
  (< (abs X) +inf))
