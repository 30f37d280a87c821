;;;; Attention and rotary positions. f16 and bf16 are computed in f32.

(in-package :caten)

(defun last-two-swapped (x)
  "x with its last two axes exchanged."
  (let ((n (rank x))) (permute x (append (loop for k below (cl:- n 2) collect k) (list (cl:- n 1) (cl:- n 2))))))

(defun shared-heads (query key)
  "How many heads of queries share one of keys: a number above 1, or nil where the heads broadcast."
  (and (>= (rank query) 3) (cl:= (rank query) (rank key))
       (let ((hq (nth (cl:- (rank query) 3) (shape query))) (hk (nth (cl:- (rank key) 3) (shape key))))
         (and (integerp hq) (integerp hk) (cl:/= hq hk) (cl:/= hk 1) (cl:/= hq 1)
              (if (cl:and (plusp hk) (zerop (cl:mod hq hk)))
                  (cl:floor hq hk)
                  (refuse "the heads of query and key do not fit" (format nil "a multiple of ~d heads of query" hk) (format nil "~d" hq)
                          "give as many heads of keys, or a divisor" 202))))))

(defun split-heads (x heads group)
  "[… heads·group M D] as [… heads group M D]."
  (let ((n (cl:- (rank x) 3))) (reshape x (subseq (shape x) 0 n) heads group (nthcdr (cl:1+ n) (shape x)))))

(defun attend (query key value mask causal scale)
  "softmax(query · keyᵀ · scale) · value, for tensors whose leading sizes broadcast."
  (let* ((m (nth (cl:- (rank query) 2) (shape query))) (n (nth (cl:- (rank key) 2) (shape key))) (d (first (last (shape query))))
         (scores (* (matmul query (last-two-swapped key)) (or scale (/ 1 (sqrt (size-value d (dtype query)))))))
         (visible (const t :bool m n)))
    (when causal (setf visible (<= (index 1 m n) (index 0 m n))))
    (when mask
      (if (cl:eq (dtype mask) :bool)
          (setf visible (logical-and visible mask))
          (setf scores (+ scores (widen mask)))))
    (matmul (masked-softmax scores visible) value)))

(defcomposite attention ((query{T} key{T} value{T} &optional mask &key (causal nil) (scale nil)) -> (Y{T}) where T in float)
  "softmax(query · keyᵀ · scale) · value over the visible positions (Vaswani and others, 2017). query is […, M D], key […, N D], value […, N E];
leading sizes broadcast. mask, which broadcasts to […, M N], says what is visible if it is bool, and is added to the scores if not;
with :causal position i sees 0 … i. scale is 1/√D unless given. If key and value have fewer heads (axis -3) than query, each serves as many
heads of query in a row (grouped heads, Ainslie and others, 2023). Where nothing is visible the result is 0, never NaN."
  (:example (attention (ones 1 2) (ones 3 2) (ones 3 2)))
  (:test ((M 1 4) (N 1 5))
         (let ((q (random-tensor (list 2 M 3) :f32)) (k (random-tensor (list 2 N 3) :f32)) (v (random-tensor (list 2 N 4) :f32)))
           (and (near (attention q k v) (matmul (softmax (/ (matmul q (permute k 0 2 1)) (sqrt 3))) v) :atol 1e-5)
                (near (attention q k v (full nil M N :dtype :bool)) (zeros 2 M 4))
                (near (attention (repeat q 2 :axis 0) k v) (repeat (attention q k v) 2 :axis 0) :atol 1e-5)
                (near (attention q k v :causal t) (attention q k v (tril (full t M N :dtype :bool))) :atol 1e-5))))
  (:ulp 1 "of the number of keys plus D times the largest scaled product of query and key, times the largest |value|")
  (dolist (x (list query key value))
    (when (< (rank x) 2) (refuse "attention takes matrices" "rank 2 or more" (format nil "rank ~d" (rank x)) "unsqueeze it" 212)))
  (setf group (shared-heads query key) q (widen query) k (widen key) v (widen value))
  (setf heads (and group (nth (cl:- (rank key) 3) (shape key))))
  (cond ((null group) (attend q k v mask causal scale))
        (t (setf m mask)
           (when mask
             (when (>= (rank mask) 3)
               (setf m (if (eql 1 (nth (cl:- (rank mask) 3) (shape mask))) (unsqueeze mask -3) (split-heads mask heads group)))))
           (setf y (attend (split-heads q heads group) (unsqueeze k -3) (unsqueeze v -3) m causal scale))
           (setf n (cl:- (rank query) 3))
           (reshape y (subseq (shape y) 0 n) (cl:* heads group) (nthcdr (cl:+ n 2) (shape y))))))

(defcomposite rope ((X{T}[~ L D] &optional positions &key (base 10000) (offset 0) (interleaved nil)) -> (Y{T}[~ L D]) where T in float)
  "Rotary position embedding (Su and others, 2021): pairs of elements turned by position·base^(-2i/D). A pair is (i, i + D/2) as in GPT-NeoX and
Llama, or (2i, 2i + 1) if interleaved; positions count from `offset` along axis -2 unless a vector of them is given. Angles are computed in f64."
  (:example (rope (ones 2 4)))
  (:test ((L 1 5)) (let ((x (random-tensor (list 2 L 6) :f32)))
                     (and (near (norm (rope x :offset 3) :axis -1) (norm x :axis -1)) (near (slice (rope x) :all (0 1)) (slice x :all (0 1)))
                          (near (rope x :offset 2) (rope x (arange (cl:+ L 2) :start 2))))))
  (:ulp 2 "of the larger element of the pair, in f64 times 1 plus the largest angle")
  (when (and (integerp D) (oddp D)) (refuse "rope turns pairs" "an even last size" D "pad the last axis" 307))
  (setf w (widen X) half (floor D 2) lead (length ~))
  (setf place (if (null positions) (cast (+ (index 0 L) offset) :f64) (cast positions :f64)))
  (setf turn (exp2 (* (cast (index 0 half) :f64) (/ (* -2 (cl:/ (cl:log (coerce base 'double-float)) (cl:log 2d0))) (size-value D :f64)))))
  (setf angles (* (reshape place L 1) turn))
  (setf c (cast (cos angles) (dtype w)) s (cast (sin angles) (dtype w)))
  (cond (interleaved
         (setf pairs (reshape w ~ L half 2))
         (setf a (reshape (slice-along pairs (cl:+ lead 2) 0 1) ~ L half) b (reshape (slice-along pairs (cl:+ lead 2) 1 2) ~ L half))
         (reshape (stack (- (* a c) (* b s)) (+ (* a s) (* b c)) :axis -1) ~ L D))
        (t (setf a (slice-along w -1 0 half) b (slice-along w -1 half D))
           (concat (- (* a c) (* b s)) (+ (* a s) (* b c)) :axis -1))))
