;;;; W1–W5 and W9: one fused kernel each, or a few.

(defcomposite chain ((x{f32}[4194304]) -> (y{f32}[4194304]))
  "W1: six element-wise ops."
  (* (tanh (+ (* x 1.5) 0.25)) (exp (neg (abs x)))))

(defcomposite rows-softmax ((x{f32}[4096 1024]) -> (y{f32}[4096 1024]))
  "W2: softmax of rows."
  (softmax x))

(defcomposite norm-gelu ((x{f32}[4096 1024] weight{f32}[1024] bias{f32}[1024]) -> (y{f32}[4096 1024]))
  "W3: layer norm and gelu."
  (gelu (layer-norm x weight bias)))

(defcomposite column-sums ((x{f32}[4096 4096]) -> (y{f32}[4096]))
  "W4: sums over the first axis."
  (sum x :axis 0))

(defcomposite transposed ((x{f32}[4096 4096]) -> (y{f32}[4096 4096]))
  "W5: a transpose that is written."
  (copy (permute x 1 0)))

(defcomposite gathered ((table{f32}[32000 4096] rows{i64}[2048]) -> (y{f32}[2048 4096]))
  "W5: rows of a table."
  (take table 0 rows))

(defcomposite product ((a{f32}[1024 1024] b{f32}[1024 1024]) -> (c{f32}[1024 1024]))
  "W6: a product of matrices."
  (matmul a b))

(defcomposite prefill ((q{f32}[8 1024 64] k{f32}[8 1024 64] v{f32}[8 1024 64]) -> (y{f32}[8 1024 64]))
  "W9: attention, causal."
  (attention q k v :causal t))
