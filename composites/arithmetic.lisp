;;;; Arithmetic, element by element and broadcast.

(in-package :caten)

(defcomposite neg ((X{T}[~]) -> (Y{T}[~]) where T in numeric)
  "-X; integers wrap."
  (:example (neg (tensor '(1 -2))))
  (:test () (near (+ X (neg X)) (* 0 X)) (near (neg X) (per-element #'cl:- X)))
  (:ulp 0)
  (- X))

(defcomposite sub ((A{T}[~] B{T}[~]) -> (C{T}[~]) where T in numeric)
  "A - B; integers wrap."
  (:example (sub (tensor '(3 2)) 1))
  (:test () (near (sub A B) (per-element #'cl:- A B)) (near (sub (tensor '(0) :dtype :u8) 1) '(255)))
  (:ulp 0)
  (- A B))

(defcomposite abs ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "The absolute value; of the least integer itself."
  (:example (abs (tensor '(-1 2))))
  (:test () (near (abs X) (per-element #'cl:abs X)) (near (abs (tensor '(-128) :dtype :i8)) '(-128)) (near (abs (tensor '(7) :dtype :u8)) '(7)))
  (:ulp 0)
  (if (member (dtype X) '(:u8 :u16 :u32 :u64)) X (max X (neg X))))

(defcomposite sign ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "1, 0 or -1 with the sign of X; NaN of NaN."
  (:example (sign (tensor '(-3 0 2))))
  (:test () (near (sign X) (per-element #'cl:signum X)) (near (sign (tensor (list nan -inf))) (list nan -1)))
  (:ulp 0)
  (if (member (dtype X) '(:u8 :u16 :u32 :u64))
      (cast (/= X 0) T)
      (where (< X 0) -1 (where (< 0 X) 1 (where (= X 0) 0 X)))))

(defcomposite square ((X{T}[~]) -> (Y{T}[~]) where T in numeric)
  "X times X; integers wrap."
  (:example (square (tensor '(-3 2))))
  (:test () (near (square X) (per-element (lambda (x) (cl:* x x)) X)))
  (:ulp 0)
  (* X X))

(defcomposite recip ((X{T}[~]) -> (Y{T}[~]) where T in (float complex))
  "1 / X; of a zero an infinity of its sign."
  (:example (recip (tensor '(2.0 -4.0))))
  (:test () (near (recip (+ 3 X)) (per-element (lambda (x) (cl:/ (cl:+ 3 x))) X)) (near (recip (tensor (list 0.0 -0.0))) (list +inf -inf)))
  (:ulp 0)
  (/ 1 X))

(defcomposite rsqrt ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "1 / sqrt(X): two roundings; of 0 an infinity of its sign, of a negative number NaN."
  (:example (rsqrt (tensor '(4.0 0.25))))
  (:test () (near (* (square (rsqrt (+ (square X) 1))) (+ (square X) 1)) (ones (shape X))))
  (:ulp 2)
  (/ 1 (sqrt (widen X))))

(defcomposite clip ((X{T}[~] &optional low{T}[~] high{T}[~]) -> (Y{T}[~]) where T in real)
  "X, at least low and at most high; either may be missing or nil. If low > high the result is high; NaN stays."
  (:example (clip (tensor '(-1 5 9)) 0 6))
  (:test () (near (clip X -1 1) (per-element (lambda (x) (cl:min (cl:max x -1) 1)) X)) (near (clip X nil 0) (neg (relu (neg X)))))
  (:ulp 0)
  (setf y X)
  (when low (setf y (max y low)))
  (when high (setf y (min y high)))
  y)

(defcomposite lerp ((start{T}[~] end{T}[~] weight{T}[~]) -> (Y{T}[~]) where T in float)
  "start + weight·(end - start), from the nearer end, so that weights 0 and 1 give the ends exactly."
  (:example (lerp (tensor '(0.0 10.0)) (tensor '(1.0 20.0)) 0.5))
  (:test ()
         (near (lerp start end weight) (per-element (lambda (a b w) (cl:+ (cl:* a (cl:- 1 w)) (cl:* b w))) start end weight) :atol 1e-5)
         (near (lerp start end 1) end :rtol 0))
  (:ulp 4 "of the largest of |start|, |end| and |weight·(end - start)|")
  (setf a (widen start) b (widen end) w (widen weight))
  (setf distance (- b a))
  (if (< (abs w) 1/2) (+ a (* w distance)) (- b (* (- 1 w) distance))))

(defcomposite fmod ((A{T}[~] B{T}[~]) -> (C{T}[~]) where T in real)
  "The remainder of A / B with the sign of A, as C's fmod; exact. An integer A / 0 leaves 0."
  (:example (fmod (tensor '(7 -7)) 3))
  (:test ()
         (near (fmod A (+ 3 B)) (per-element (lambda (a b) (cl:rem a (cl:+ 3 b))) A B) :atol 1e-5)
         (near (fmod (tensor '(-128 7 -7) :dtype :i8) (tensor '(-1 -3 0) :dtype :i8)) '(0 1 0)))
  (:ulp 0)
  (cond ((member (dtype A) '(:f16 :bf16 :f32 :f64))
         (setf w (widen A))
         (setf r (mod (abs w) (abs (widen B))))
         (copy-sign r w))
        (t (setf r (mod A B))
           (if (and (/= r 0) (xor (< A 0) (< r 0))) (- r B) r))))

(defcomposite remainder ((A{T}[~] B{T}[~]) -> (C{T}[~]) where T in real)
  "The remainder of A / B with the sign of B, as Python's %: A - B·floor(A/B). An integer A / 0 leaves 0."
  (:example (remainder (tensor '(7 -7)) 3))
  (:test () (near (remainder A (+ 3 B)) (per-element (lambda (a b) (cl:mod a (cl:+ 3 b))) A B) :atol 1e-5))
  (:ulp 0)
  (mod A B))

(document-function min (first &rest rest)
  "The smallest of tensors, numbers or sizes, broadcast; NaN if one is NaN."
  (:example (min (tensor '(1 5)) 3))
  (:test ((N 0 5)) (let ((x (random-tensor (list N) :f32))) (near (min x 0 1/2) (per-element (lambda (x) (cl:min x 0)) x))))
  (:ulp 0))

(document-function max (first &rest rest)
  "The largest of tensors, numbers or sizes, broadcast: the op max; NaN if one is NaN."
  (:example (max (tensor '(1 5)) 3))
  (:test ((N 0 5)) (let ((x (random-tensor (list N) :i32))) (near (max x 0) (per-element (lambda (x) (cl:max x 0)) x))))
  (:ulp 0))
