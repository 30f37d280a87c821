;;;; Random numbers: Philox4x32-10, a pure function of key and counter, the same bits everywhere.

(in-package :caten)

(export '(rand randn))

(defun mul-high-low (constant x)
  "The high and low word of the 64-bit product of a constant and a u32 tensor."
  (let ((product (* (cast x :u64) (const constant :u64))))
    (values (cast (/ product (const 4294967296 :u64)) :u32) (cast product :u32))))

(defcomposite philox ((counter{u32}[4 N] key{u32}[2]) -> (words{u32}[4 N]))
  "Philox4x32-10: four random words for each counter (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1,
2, 3, SC 2011)."
  (:example (philox (zeros 4 1 :dtype :u32) (zeros 2 :dtype :u32)))
  (:ulp 0)
  (let ((c0 (take counter 0 (const 0 :i64))) (c1 (take counter 0 (const 1 :i64)))
        (c2 (take counter 0 (const 2 :i64))) (c3 (take counter 0 (const 3 :i64)))
        (k0 (take key 0 (const 0 :i64))) (k1 (take key 0 (const 1 :i64))))
    (dotimes (round 10)
      (multiple-value-bind (high0 low0) (mul-high-low 3528531795 c0)
        (multiple-value-bind (high1 low1) (mul-high-low 3449720151 c2)
          (setf c0 (xor (xor high1 c1) k0) c1 low1 c2 (xor (xor high0 c3) k1) c3 low0)))
      (setf k0 (add k0 (const 2654435769 :u32)) k1 (add k1 (const 3144134277 :u32))))
    (stack c0 c1 c2 c3)))

(defun random-words (count seed stream)
  "At least `count` random words: [4 ⌈count/4⌉] of Philox with the seed as key and (position, stream) as counter."
  (let* ((n (cl:max 1 (cl:ceiling count 4)))
         (low (cast (index 0 n) :u32))
         (zero (const 0 :u32 n))
         (key (stack (const (ldb (byte 32 0) seed) :u32) (const (ldb (byte 32 32) seed) :u32))))
    (reshape (permute (philox (stack low zero (const (ldb (byte 32 0) stream) :u32 n) zero) key) 1 0) (cl:* 4 n))))

(defun first-elements (x count shape)
  "The first elements of a vector in a shape."
  (reshape (slice x (0 count)) shape))

(defun dims-and-keywords (arguments)
  "The leading sizes of a maker's arguments, and its keywords."
  (let ((keywords (member-if #'keywordp arguments)))
    (values (ldiff arguments keywords) keywords)))

(defun uniform (shape dtype seed stream)
  "Uniform numbers of [0, 1): 24 random bits for f32 and narrower, 53 for f64."
  (let ((count (cl:reduce #'cl:* shape :initial-value 1)))
    (if (cl:eq dtype :f64)
        (let* ((words (reshape (random-words (cl:* 2 count) seed stream) -1 2))
               (high (cast (/ (take words 1 (const 0 :i64)) (const 32 :u32)) :f64))
               (low (cast (/ (take words 1 (const 1 :i64)) (const 64 :u32)) :f64)))
          (first-elements (* (+ (* high 67108864) low) (expt 2 -53)) count shape))
        (cast (first-elements (* (cast (/ (random-words count seed stream) (const 256 :u32)) :f32) (expt 2 -24)) count shape) dtype))))

(defun rand (&rest arguments)
  "Uniform random numbers of [0, 1): (rand 2 3 :dtype :f64 :seed 7)."
  (multiple-value-bind (shape keywords) (dims-and-keywords arguments)
    (destructuring-bind (&key (dtype :f32) (seed 0)) keywords (uniform shape dtype seed 0))))

(defun randn (&rest arguments)
  "Normal random numbers by Box and Muller's method, computed in f64: (randn 2 3 :dtype :f32 :seed 7)."
  (multiple-value-bind (shape keywords) (dims-and-keywords arguments)
    (destructuring-bind (&key (dtype :f32) (seed 0)) keywords
      (let* ((u (- 1 (uniform shape :f64 seed 1)))
             (v (uniform shape :f64 seed 2))
             (radius (sqrt (* -2 (log u)))))
        (cast (* radius (sin (* 6.283185307179586d0 v))) dtype)))))
