;;;; W12: a transformer block, forward: 256 positions of 512 features, 8 heads (Vaswani and others, 2017; normalised before).

(defcomposite heads-of ((X{T}[L D] &key (heads 8)) -> (Y{T}))
  "[L D] as [heads L D/heads]."
  (permute (reshape X L heads (floor D heads)) 1 0 2))

(defcomposite transformer-block
    ((X{T}[256 512] Wq{T}[512 512] Wk{T}[512 512] Wv{T}[512 512] Wo{T}[512 512] W1{T}[512 2048] B1{T}[2048] W2{T}[2048 512] B2{T}[512])
     -> (Y{T}[256 512]))
  "Attention and a network of two layers, each added to what it reads."
  (setf n (layer-norm X))
  (setf a (attention (heads-of (matmul n Wq)) (heads-of (matmul n Wk)) (heads-of (matmul n Wv)) :causal t))
  (setf x (+ X (matmul (reshape (permute a 1 0 2) 256 512) Wo)))
  (setf h (gelu (+ (matmul (layer-norm x) W1) B1)))
  (+ x (+ (matmul h W2) B2)))
