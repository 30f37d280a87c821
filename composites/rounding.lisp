;;;; Whole numbers: floor ceil round trunc. Integers stay as they are; the sign of zero, infinities and NaN are kept.

(in-package :caten)

(defun rounded (x function)
  "The function of a float tensor that is computed in f32 or f64; integers as they are."
  (if (member (dtype x) '(:f16 :bf16 :f32 :f64))
      (let ((w (widen x))) (cast (funcall function w) (dtype x)))
      x))

(defcomposite trunc ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "X without its fraction: rounded towards 0."
  (:example (trunc (tensor '(-1.5 2.7))))
  (:test () (near (trunc X) (per-element #'cl:ftruncate X)) (near (trunc (tensor (list 1e20 -inf))) (list 1e20 -inf)))
  (:ulp 0)
  (rounded X #'toward-zero))

(defcomposite floor ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "The largest whole number that is not above X."
  (:example (floor (tensor '(-1.5 2.7))))
  (:test () (near (floor X) (per-element #'cl:ffloor X)) (near (floor (tensor '(7 -7))) '(7 -7)))
  (:ulp 0)
  (rounded X (lambda (w) (let ((whole (toward-zero w))) (where (< w whole) (- whole 1) whole)))))

(defcomposite ceil ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "The smallest whole number that is not below X."
  (:example (ceil (tensor '(-1.5 2.2))))
  (:test () (near (ceil X) (per-element #'cl:fceiling X)) (near (ceil X) (neg (floor (neg X)))))
  (:ulp 0)
  (rounded X (lambda (w) (let ((whole (toward-zero w))) (where (< whole w) (copy-sign (abs (+ whole 1)) w) whole)))))

(defcomposite round ((X{T}[~]) -> (Y{T}[~]) where T in real)
  "The nearest whole number, of two the even one, as IEEE, NumPy and ONNX round."
  (:example (round (tensor '(0.5 1.5 -2.7))))
  (:test () (near (round X) (per-element #'cl:fround X)) (near (round (tensor '(0.5 1.5 2.5 -0.5 8388609.0))) '(0 2 2 0 8388609)))
  (:ulp 0)
  (rounded X #'to-nearest))
