;;;; W1–W11 and W14: one fused kernel each, or a few, for all sizes; rows.lisp says at which they are measured.

(defcomposite chain ((x{f32}[N]) -> (y{f32}[N]))
  "W1: six element-wise ops."
  (* (tanh (+ (* x 1.5) 0.25)) (exp (neg (abs x)))))

(defcomposite rows-softmax ((x{f32}[M N]) -> (y{f32}[M N]))
  "W2: softmax of rows."
  (softmax x))

(defcomposite norm-gelu ((x{f32}[M N] weight{f32}[N] bias{f32}[N]) -> (y{f32}[M N]))
  "W3: layer norm and gelu."
  (gelu (layer-norm x weight bias)))

(defcomposite rms-scaled ((x{f32}[M N] weight{f32}[N]) -> (y{f32}[M N]))
  "W3: RMS norm."
  (rms-norm x weight))

(defcomposite column-sums ((x{f32}[M N]) -> (y{f32}[N]))
  "W4: sums over the first axis."
  (sum x :axis 0))

(defcomposite row-sums ((x{f32}[M N]) -> (y{f32}[M]))
  "W4: sums over the last axis."
  (sum x :axis 1))

(defcomposite total ((x{f32}[M N]) -> (y{f32}))
  "W4: the sum of all elements."
  (sum x))

(defcomposite column-maxima ((x{f32}[M N]) -> (y{f32}[N]))
  "W4: the largest elements over the first axis."
  (amax x :axis 0))

(defcomposite row-maxima ((x{f32}[M N]) -> (y{f32}[M]))
  "W4: the largest elements over the last axis."
  (amax x :axis 1))

(defcomposite largest ((x{f32}[M N]) -> (y{f32}))
  "W4: the largest of all elements."
  (amax x))

(defcomposite transposed ((x{f32}[M N]) -> (y{f32}[N M]))
  "W5: a transpose that is written."
  (copy (permute x 1 0)))

(defcomposite gathered ((table{f32}[V D] rows{i64}[L]) -> (y{f32}[L D]))
  "W5: rows of a table."
  (take table 0 rows))

(defcomposite product ((a{T}[M K] b{T}[K N]) -> (c{T}[M N]) where T in float)
  "W6: a product of matrices."
  (matmul a b))

(defcomposite products ((a{f32}[G M K] b{f32}[G K N]) -> (c{f32}[G M N]))
  "W7: a batch of products of matrices."
  (matmul a b))

(defcomposite convolution ((x{f32}[N C H W] weight{f32}[F C 3 3]) -> (y{f32}[N F H W]))
  "W8: a convolution of 3×3, padded."
  (conv2d x weight :padding 1))

(defcomposite stem ((x{f32}[N 3 224 224] weight{f32}[64 3 7 7]) -> (y{f32}[N 64 112 112]))
  "W8: the convolution of 7×7 that networks for images begin with."
  (conv2d x weight :stride 2 :padding 3))

(defcomposite prefill ((q{f32}[H L D] k{f32}[H L D] v{f32}[H L D]) -> (y{f32}[H L D]))
  "W9: attention, causal."
  (attention q k v :causal t))

(defcomposite prefill-all ((q{f32}[H L D] k{f32}[H L D] v{f32}[H L D]) -> (y{f32}[H L D]))
  "W9: attention over all positions."
  (attention q k v))

(defcomposite decode ((q{f32}[H 1 D] k{f32}[H L D] v{f32}[H L D]) -> (y{f32}[H 1 D]))
  "W10: attention of one query."
  (attention q k v))

(defcomposite digits-loss
    ((x{f32}[64 784] target{i64}[64] w1{f32}[784 512] b1{f32}[512] w2{f32}[512 10] b2{f32}[10]) -> (loss{f32}))
  "W11: the loss of a network of two layers."
  (cross-entropy (+ (matmul (relu (+ (matmul x w1) b1)) w2) b2) target))

(defcomposite row-by-weight ((x{f32}[K] w{f32}[N K]) -> (y{f32}[N]))
  "W14: a row by a weight."
  (linear x w))

(defcomposite row-by-int8 ((x{f32}[K] q{i8}[N K] s{f32}[N 1]) -> (y{f32}[N]))
  "W14: the same with a weight in int8."
  (linear-int8 x q s))

(defcomposite row-by-q8-0 ((x{f32}[(* 32 B)] q{i8}[N (* 32 B)] d{f16}[N B]) -> (y{f32}[N]))
  "W14: in q8_0."
  (linear-q8-0 x q d))

(defcomposite row-by-q4-0 ((x{f32}[(* 32 B)] q{u8}[N (* 16 B)] d{f16}[N B]) -> (y{f32}[N]))
  "W14: in q4_0."
  (linear-q4-0 x q d))
