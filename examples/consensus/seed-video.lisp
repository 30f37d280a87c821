;;;; The models of seed-video.lmpm: how probable a token is by what its cell sees, from the tables of moving-digits.lisp in the
;;;; folder where caten runs.

(defvar *association* (load-npy "association.npy"))
(defvar *prior* (load-npy "prior.npy"))

(defcomposite token-logits ((neighbors{i64}[B 8] previous{i64}[B] text{i64}[B N] coarse{i64}[B]) -> (L{f32}[B V]))
  "Logits of each cell's tokens: what each seen id says about them, added up."
  (setf seen (concat neighbors (reshape previous B 1) text (reshape coarse B 1) :axis 1))
  (+ (sum (take *association* (list (index 1 B (+ N 10)) seen)) :axis 1) (reshape *prior* 1 16)))

(defcomposite token-confidence ((neighbors{i64}[B 8] previous{i64}[B] text{i64}[B N] coarse{i64}[B]) -> (S{f32}[B]))
  "The logarithm of the greatest chance."
  (amax (log-softmax (token-logits neighbors previous text coarse) :axis 1) :axis 1))
