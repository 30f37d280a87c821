;;;; Products of matrices, and norms.

(in-package :caten)

(defcomposite matmul ((A{T}[~ M K] B{T}[~ K N]) -> (C{T}[~ M N]) where T in numeric)
  "The matrix product over the last two axes; leading sizes broadcast. f16 and bf16 accumulate in f32."
  (:example (matmul (tensor '((1 2) (3 4))) (tensor '((5 6) (7 8)))))
  (reduce :add (* (reshape A ~ M K 1) (reshape B ~ 1 K N)) -2))

(defcomposite norm ((X{T} &key (axis nil) (keepdims nil)) -> (Y{T}) where T in float)
  "The Euclidean norm over axes: sqrt(sum(x^2)), computed in f32 for f16 and bf16."
  (:example (norm (tensor '((3.0 4.0) (6.0 8.0))) :axis 1))
  (setf w (widen X))
  (sqrt (sum (* w w) :axis axis :keepdims keepdims)))

(defcomposite linear ((X{T}[~ K] weight{T}[N K] &optional bias{T}[N]) -> (Y{T}[~ N]) where T in numeric)
  "X · weightᵀ + bias, as a fully connected layer."
  (:example (linear (tensor '((1.0 2.0))) (tensor '((1.0 0.0) (0.0 1.0) (1.0 1.0))) (tensor '(0.0 0.0 1.0))))
  (:test ((M 0 5) (K 0 6) (N 1 6)) (near (linear (ones M K) (ones N K) (ones N)) (full (cl:+ K 1) M N)))
  (setf y (sum (* (reshape X ~ 1 K) weight) :axis -1))
  (when bias (setf y (+ y bias)))
  y)
