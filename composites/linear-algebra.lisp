;;;; Products of matrices, factors and solutions. f16 and bf16 are multiplied and added in f32.

(in-package :caten)

(defcomposite matmul ((A{T}[~ M K] B{T}[~ K N]) -> (C{T}[~ M N]) where T in numeric)
  "The matrix product over the last two axes; leading sizes broadcast. f16 and bf16 accumulate in f32. Vectors have dot, or unsqueeze them."
  (:example (matmul (tensor '((1 2) (3 4))) (tensor '((5 6) (7 8)))))
  (:test ((M 0 5) (K 0 5) (N 1 5)) (near (matmul A B) (numpy "A @ B")) (near (matmul A (expand (eye K) (append (butlast (shape B) 2) (list K K)))) A))
  (:ulp 1 "of K times the product of the magnitudes")
  (reduce :add (* (reshape (widen A) ~ M K 1) (reshape (widen B) ~ 1 K N)) -2))

(defcomposite dot ((A{T}[~ K] B{T}[~ K]) -> (C{T}[~]) where T in numeric)
  "The sum of the products along the last axis; leading sizes broadcast (NumPy's vecdot, without conjugating)."
  (:example (dot (tensor '(1 2 3)) (tensor '(4 5 6))))
  (:test ((K 0 7)) (near (dot A B) (sum (* A B) :axis -1) :atol 1e-5) (near (dot A A) (square (norm A :axis -1)) :atol 1e-5))
  (:ulp 1 "of K times the sum of the magnitudes of the products")
  (reduce :add (* (widen A) (widen B)) -1))

(defcomposite outer ((A{T}[M] B{T}[N]) -> (C{T}[M N]) where T in numeric)
  "Each element of A times each of B."
  (:example (outer (tensor '(1 2)) (tensor '(3 4 5))))
  (:test ((M 0 4) (N 0 5)) (near (outer A B) (matmul (reshape A M 1) (reshape B 1 N))))
  (:ulp 0)
  (* (reshape A M 1) (reshape B 1 N)))

(defcomposite linear ((X{T}[~ K] weight{T}[N K] &optional bias{T}[N]) -> (Y{T}[~ N]) where T in numeric)
  "X · weightᵀ + bias, as a fully connected layer."
  (:example (linear (tensor '((1.0 2.0))) (tensor '((1.0 0.0) (0.0 1.0) (1.0 1.0))) (tensor '(0.0 0.0 1.0))))
  (:test ((M 0 5) (K 0 6) (N 1 6))
         (near (linear (ones M K) (ones N K) (ones N)) (full (cl:+ K 1) M N))
         (near (linear X weight) (squeeze (matmul (unsqueeze X -2) (permute weight 1 0)) :axis -2) :atol 1e-5))
  (:ulp 1 "of K + 1 times the sum of the magnitudes of the products and the bias")
  (setf y (sum (* (reshape (widen X) ~ 1 K) (widen weight)) :axis -1))
  (when bias (setf y (+ y (widen bias))))
  y)

(defcomposite cholesky ((A{T}[~ N N] &key (upper nil)) -> (L{T}[~ N N]) where T in float)
  "The lower triangular L with A = L·Lᵀ, column by column, or its transpose if upper; only the lower triangle of A is read. NaN where A is
not positive definite (NumPy refuses it). Backward stable: L·Lᵀ differs from A by about N ulps of A (N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2002, 10.1)."
  (:example (cholesky (tensor '((4.0 2.0) (2.0 5.0)))))
  (:test ((N 0 6)) (let* ((m (random-tensor (list N N) :f32)) (a (+ (matmul m (permute m 1 0)) (* 2 (eye N)))) (l (cholesky a)))
                     (near (matmul l (permute l 1 0)) a :atol 1e-4)))
  (:ulp 2 "of N times the largest element, for A with a condition number below 10")
  (setf w (widen A) batch (length ~))
  (setf row (index batch ~ N) column (index (cl:1+ batch) ~ N N))
  (multiple-value-bind (factor)
      (loop N ((factor (const 0 (dtype w) ~ N N))) (j)
        (setf seen (take factor batch j))
        (setf rest (- (take w (cl:1+ batch) j) (reduce :add (* factor (reshape seen ~ 1 N)) -1)))
        (setf pivot (sqrt (reshape (take rest batch j) ~ 1)))
        (setf new (if (< row j) 0 (if (= row j) pivot (/ rest pivot))))
        (next (if (= column j) (reshape new ~ N 1) factor)))
    (setf result factor))
  (if upper (permute result (append (loop for k below batch collect k) (list (cl:1+ batch) batch))) result))

(defcomposite triangular-solve ((A{T}[~ N N] B{T}[~ N K] &key (upper nil) (unitriangular nil)) -> (X{T}[~ N K]) where T in float)
  "The X with A·X = B for a lower (or upper) triangular A, row by row; the other triangle is not read, nor the diagonal if unitriangular,
which takes it for ones (PyTorch's solve_triangular). Leading sizes broadcast. Infinite or NaN where the diagonal has a 0."
  (:example (triangular-solve (tensor '((2.0 0.0) (1.0 4.0))) (tensor '((2.0) (9.0)))))
  (:test ((N 0 5) (K 1 4)) (let* ((a (+ (random-tensor (list N N) :f32) (* 8 (eye N)))) (b (random-tensor (list N K) :f32)))
                             (and (near (matmul (tril a) (triangular-solve a b)) b :atol 1e-4) (near (matmul (triu a) (triangular-solve a b :upper t)) b :atol 1e-4))))
  (:ulp 1 "of N times the largest element, for A with a condition number below 10")
  (setf batch (length ~))
  (setf w (if upper (triu (widen A)) (tril (widen A))))
  (setf row (index batch ~ N K))
  (multiple-value-bind (solution)
      (loop N ((solution (const 0 (dtype w) ~ N K))) (i)
        (setf r (if upper (- (- N 1) i) i))
        (setf factors (take w batch r))
        (setf rest (- (take (widen B) batch r) (reduce :add (* (reshape factors ~ N 1) solution) batch)))
        (setf value (if unitriangular rest (/ rest (reshape (take factors batch r) ~ 1))))
        (next (if (= row r) (reshape value ~ 1 K) solution)))
    (return solution)))
