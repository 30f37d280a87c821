;;;; Arithmetic, element by element and broadcast.

(in-package :caten)

(defcomposite neg ((X{T}[~]) -> (Y{T}[~]) where T in numeric)
  "-X; integers wrap."
  (:example (neg (tensor '(1 -2))))
  (:ulp 0)
  (- X))

(defcomposite sub ((A{T}[~] B{T}[~]) -> (C{T}[~]) where T in numeric)
  "A - B; integers wrap."
  (:example (sub (tensor '(3 2)) 1))
  (:ulp 0)
  (- A B))

(defcomposite abs ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "The absolute value; of the least integer itself."
  (:example (abs (tensor '(-1 2))))
  (:ulp 0)
  (max X (neg X)))

(defcomposite relu ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "The larger of X and 0."
  (:example (relu (tensor '(-1 2))))
  (:ulp 0)
  (max X 0))

(defcomposite square ((X{T}[~]) -> (Y{T}[~]) where T in numeric)
  "X times X; integers wrap."
  (:example (square (tensor '(-3 2))))
  (:ulp 0)
  (* X X))

(defcomposite recip ((X{T}[~]) -> (Y{T}[~]) where T in (float complex))
  "1 / X; of a zero an infinity of its sign."
  (:example (recip (tensor '(2.0 -4.0))))
  (/ 1 X))
