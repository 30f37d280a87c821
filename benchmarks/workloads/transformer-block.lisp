;;;; W12: a transformer block (Vaswani and others, 2017; normalised before), heads of 64 features.

(defcomposite heads-of ((X{T}[L D] &key (heads 8)) -> (Y{T}))
  "[L D] as [heads L D/heads]."
  (permute (reshape X L heads (floor D heads)) 1 0 2))

(defcomposite block-of ((X{T}[L D] Wq{T}[D D] Wk{T}[D D] Wv{T}[D D] Wo{T}[D D] W1{T}[D F] B1{T}[F] W2{T}[F D] B2{T}[D] &key (heads 8)) -> (Y{T}[L D]))
  "Attention and a network of two layers, each added to what it reads."
  (setf n (layer-norm X))
  (setf a (attention (heads-of (matmul n Wq) :heads heads) (heads-of (matmul n Wk) :heads heads) (heads-of (matmul n Wv) :heads heads)
                     :causal t))
  (setf x (+ X (matmul (reshape (permute a 1 0 2) L D) Wo)))
  (setf h (gelu (+ (matmul (layer-norm x) W1) B1)))
  (+ x (+ (matmul h W2) B2)))

(defcomposite transformer-block
    ((X{T}[256 512] Wq{T}[512 512] Wk{T}[512 512] Wv{T}[512 512] Wo{T}[512 512] W1{T}[512 2048] B1{T}[2048] W2{T}[2048 512] B2{T}[512])
     -> (Y{T}[256 512]))
  "256 positions of 512 features, 8 heads."
  (block-of X Wq Wk Wv Wo W1 B1 W2 B2))

(defcomposite transformer-block-768
    ((X{T}[512 768] Wq{T}[768 768] Wk{T}[768 768] Wv{T}[768 768] Wo{T}[768 768] W1{T}[768 3072] B1{T}[3072] W2{T}[3072 768] B2{T}[768])
     -> (Y{T}[512 768]))
  "512 positions of 768 features, 12 heads."
  (block-of X Wq Wk Wv Wo W1 B1 W2 B2 :heads 12))

(defparameter *block-parameters*
  '("Wq~d{T}[512 512]" "Wk~d{T}[512 512]" "Wv~d{T}[512 512]" "Wo~d{T}[512 512]" "W1-~d{T}[512 2048]" "B1-~d{T}[2048]" "W2-~d{T}[2048 512]"
    "B2-~d{T}[512]")
  "What block k reads besides the values that flow through it.")

(defmacro define-blocks (name count)
  "A composite of `count` transformer blocks, each with parameters of its own."
  (let ((parameters '()) (value 'X))
    (dotimes (k count)
      (let ((own (mapcar (lambda (text) (format nil text k)) *block-parameters*)))
        (setf value `(transformer-block ,value ,@(mapcar (lambda (text) (read-from-string (subseq text 0 (position #\{ text)))) own)))
        (setf parameters (append parameters own))))
    `(defcomposite ,name ,(read-from-string (format nil "((X{T}[256 512]~{ ~a~}) -> (Y{T}[256 512]))" parameters))
       ,(format nil "~d blocks, one after the other." count)
       ,value)))

(define-blocks transformer-blocks 12)
