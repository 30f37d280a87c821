;;;; Trigonometric functions and their inverses. f16 and bf16 are computed in f32.

(in-package :caten)

(document-function sin (x)
  "The sine of an angle in radians, an op: its argument is reduced exactly, however large it is. A runtime may have the error stated; the evaluator has
half an ulp."
  (:example (sin (tensor '(0.0 1.5707963267948966))))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :f32))) (near (sin x) (per-element #'cl:sin x))))
  (:ulp 4))

(defcomposite cos ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The cosine of an angle in radians, sin(2X) / (2·sin(X)): both sines are accurate at every argument, so the quotient is, even near its
zeros, where sin(X + π/2) is not. Where 2X would overflow it is 1 - 2·sin²(X/2), accurate in units of 1."
  (:example (cos (tensor '(0.0 3.141592653589793))))
  (:test () (near (cos X) (per-element #'cl:cos X)) (near (cos (tensor (list 1e10 +inf))) (list (cl:cos 1d10) nan)))
  (:ulp 4)
  (setf w (widen X))
  (setf s (sin w))
  (setf huge (< (by-dtype w 1.7014117d38 8.98846567431158d307) (abs w)))
  (setf t2 (sin (* w 1/2)))
  (if (< (abs w) (by-dtype w 1.220703125d-4 7.450580596923828d-9)) 1 (if huge (- 1 (* 2 (* t2 t2))) (/ (sin (* 2 w)) (* 2 s)))))

(defcomposite tan ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The tangent of an angle in radians, 2·sin²(X) / sin(2X): see cos. Where 2X would overflow the error is one of the cosine in units of 1."
  (:example (tan (tensor '(0.0 0.7853981633974483))))
  (:test () (near (tan X) (per-element #'cl:tan X) :rtol 1e-4) (near (tan (tensor '(1e-20 -1e-20))) '(1e-20 -1e-20) :atol 0))
  (:ulp 6)
  (setf w (widen X))
  (setf s (sin w))
  (setf huge (< (by-dtype w 1.7014117d38 8.98846567431158d307) (abs w)))
  (setf half (sin (* w 1/2)))
  (if (< (abs w) (by-dtype w 1.220703125d-4 7.450580596923828d-9))
      w
      (if huge (/ s (- 1 (* 2 (* half half)))) (/ (* 2 (* s s)) (sin (* 2 w))))))

(defun angle (y x)
  "The angle of the point (x, y), both not negative and not both 0 or infinite: of 0, π/4 and π/2 the nearest is taken off, which leaves
the arc tangent of at most tan(π/8), a polynomial."
  (let* ((steep (< (* x 2.414213562373095d0) y))
         (middle (< (* x 0.4142135623730951d0) y))
         (tangent (/ (where steep (neg x) (where middle (- y x) y))
                     (where steep y (where middle (+ y x) x))))
         (z (* tangent tangent)) (base-high (by-dtype x 1.57079637050628662109375d0 1.5707963267948966d0))
         (base-low (by-dtype x -4.371139000186243d-8 6.123233995736766d-17)))
    (flet ((base (part) (where steep (const part (dtype x)) (where middle (const (cl:/ part 2) (dtype x)) 0))))
      (+ (base base-high) (+ (+ tangent (* (* tangent z) (polynomial z *atan-coefficients*))) (base base-low))))))

(defcomposite atan ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The arc tangent, between -π/2 and π/2."
  (:example (atan (tensor '(0.0 1.0))))
  (:test () (near (atan X) (per-element #'cl:atan X)) (near (atan (tensor (list +inf -inf))) '(1.5707963267948966 -1.5707963267948966)))
  (:ulp 3)
  (setf w (widen X))
  ;; An infinite y would make the quotient of `angle` 1/inf = 0, which is right.
  (setf a (angle (abs w) (const 1 (dtype w))))
  (if (= w 0) w (copy-sign a w)))

(defcomposite atan2 ((Y{T}[~] X{T}[~]) -> (Z{T}[~]) where T in float)
  "The angle of the point (X, Y) between -π and π, with the signs of zeros and infinities as C's atan2."
  (:example (atan2 (tensor '(1.0 -1.0)) (tensor '(1.0 -1.0))))
  (:test ()
         (near (atan2 Y X) (per-element #'cl:atan Y X))
         (near (atan2 (tensor (list 0.0 +inf)) (tensor (list -1.0 -inf))) '(3.141592653589793 2.356194490192345)))
  (:ulp 3)
  (setf v (widen Y) w (widen X))
  (setf a (abs v) b (abs w))
  (setf larger (max a b))
  ;; Sums and multiples in `angle` must not overflow.
  (setf factor (if (< (by-dtype w 1d37 1d307) larger) 1/8 (const 1 (dtype w))))
  (setf point (if (and (= a +inf) (= b +inf)) 1 (* b factor)))
  (setf height (if (and (= a +inf) (= b +inf)) 1 (* a factor)))
  (setf angle (if (= larger 0) 0 (angle height point)))
  ;; Where the quotient is denormal, the quotient itself is the angle.
  (setf pi-high (by-dtype w 3.1415927410125732421875d0 3.141592653589793d0) pi-low (by-dtype w -8.742278000372486d-8 1.2246467991473532d-16))
  (copy-sign (if (sign-bit w) (- pi-high (- angle pi-low)) angle) v))

(defcomposite asin ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The arc sine, between -π/2 and π/2: atan(X / sqrt((1 - X)·(1 + X))), where 1 - X is exact near 1. NaN beyond ±1."
  (:example (asin (tensor '(0.0 1.0))))
  (:test () (near (asin (/ X 2)) (per-element (lambda (x) (cl:asin (cl:/ x 2))) X)) (near (asin (tensor '(1.5))) (list nan)))
  (:ulp 4)
  (setf w (widen X))
  (atan (/ w (sqrt (* (- 1 w) (+ 1 w))))))

(defcomposite acos ((X{T}[~]) -> (Y{T}[~]) where T in float)
  "The arc cosine, between 0 and π: twice the angle of (sqrt(1 + X), sqrt(1 - X)), accurate near 1, too. NaN beyond ±1."
  (:example (acos (tensor '(1.0 0.0))))
  (:test () (near (acos (/ X 2)) (per-element (lambda (x) (cl:acos (cl:/ x 2))) X)) (near (acos (tensor '(-1.0 1.5))) (list 3.141592653589793 nan)))
  (:ulp 3)
  (setf w (widen X))
  (* 2 (angle (sqrt (- 1 w)) (sqrt (+ 1 w)))))
