;;;; Random numbers: Philox4x32-10, a pure function of key and counter, the same bits everywhere. The seed is the key; the counter is the
;;;; position of four words, the round of a rejection, and the stream: every maker has streams of its own.

(in-package :caten)

(defun mul-high-low (constant x)
  "The high and low word of the 64-bit product of a constant and a u32 tensor."
  (let ((product (* (cast x :u64) (const constant :u64))))
    (values (cast (/ product (const 4294967296 :u64)) :u32) (cast product :u32))))

(defcomposite philox ((counter{u32}[4 N] key{u32}[2]) -> (words{u32}[4 N]))
  "Philox4x32-10: four random words for each counter (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1,
2, 3, SC 2011)."
  (:example (philox (zeros 4 1 :dtype :u32) (zeros 2 :dtype :u32)))
  (:test ()
         (near (philox (zeros 4 1 :dtype :u32) (zeros 2 :dtype :u32)) '((1713891541) (3781805453) (3159862348) (2600524760)))
         (near (philox (full 4294967295 4 1 :dtype :u32) (full 4294967295 2 :dtype :u32))
               '((1083123565) (1103641358) (2718681030) (1834242557)))
         (let ((twice (philox (tensor '((7 7) (0 0) (1 2) (0 0)) :dtype :u32) (tensor '(5 6) :dtype :u32))))
           (cl:not (equal (tensor->list (slice twice :all (0 1))) (tensor->list (slice twice :all (1 2)))))))
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

(defun check-seed (seed)
  "The seed, an integer of which 64 bits count."
  (if (integerp seed) seed (refuse "the seed is no integer" "an integer" seed "give :seed an integer")))

(defun random-words (count seed stream &optional (round 0))
  "At least `count` random words of a stream; the round may be a tensor."
  (let* ((seed (check-seed seed))
         (n (cl:max 1 (cl:ceiling count 4)))
         (place (index 0 n))
         (key (stack (const (ldb (byte 32 0) seed) :u32) (const (ldb (byte 32 32) seed) :u32)))
         (round (if (integerp round) (const round :u32 n) (expand (reshape (cast round :u32) 1) n))))
    (reshape (permute (philox (stack (cast place :u32) (cast (/ place 4294967296) :u32) (const stream :u32 n) round) key) 1 0) (cl:* 4 n))))

(defun first-elements (x count shape)
  "The first elements of a vector in a shape."
  (reshape (slice x (0 count)) shape))

(defun shape-count (shape)
  "The number of elements of a shape of integers."
  (dolist (size shape) (unless (integerp size) (refuse "random numbers need sizes that are known" "integers" shape "call the composite with tensors" 305)))
  (cl:reduce #'cl:* shape))

(defun pairs-of-words (shape seed stream round)
  "Two random words for each element, as u64."
  (let* ((count (shape-count shape))
         (words (cast (reshape (slice (random-words (cl:* 2 count) seed stream round) (0 (cl:* 2 count))) count 2) :u64)))
    (values (reshape (take words 1 (const 0 :i64)) shape) (reshape (take words 1 (const 1 :i64)) shape))))

(defun uniform (shape dtype seed stream &optional (round 0))
  "Uniform numbers of [0, 1): 24 random bits for f32 and narrower, 53 for f64."
  (if (cl:eq dtype :f64)
      (multiple-value-bind (high low) (pairs-of-words shape seed stream round)
        (* (+ (* (cast (/ high 32) :f64) 67108864) (cast (/ low 64) :f64)) (expt 2 -53)))
      (let* ((count (shape-count shape)) (words (first-elements (random-words count seed stream round) count shape))
             ;; Of narrower dtypes only as many bits as they hold, so that none rounds up to 1.
             (bits (ecase dtype (:f32 24) (:f16 11) (:bf16 8))))
        (cast (* (cast (/ words (const (expt 2 (cl:- 32 bits)) :u32)) :f32) (expt 2 (cl:- bits))) dtype))))

(defun normal (shape seed stream &optional (round 0))
  "Normal numbers in f64 by Box and Muller's method."
  (let ((u (- 1 (uniform shape :f64 seed stream round)))
        (v (uniform shape :f64 seed (cl:1+ stream) round)))
    (* (sqrt (* -2 (log u))) (sin (* 6.283185307179586d0 v)))))

(defun dims-and-keywords (arguments)
  "The leading sizes of a maker's arguments, and its keywords."
  (let ((keywords (member-if #'keywordp arguments)))
    (values (caten/dim:flatten-dims (ldiff arguments keywords)) keywords)))

(defmacro with-random-arguments ((shape arguments &rest keywords) &body body)
  "Binds the sizes and keywords of a maker."
  (let ((rest (gensym)))
    `(multiple-value-bind (,shape ,rest) (dims-and-keywords ,arguments)
       (dolist (size ,shape) (whole-number "a size" size 0))
       (destructuring-bind (&key ,@keywords) ,rest ,@body))))

(defun float-dtype-of (dtype)
  "The dtype, if it is one of floats."
  (one-of :dtype dtype '(:f32 :f64 :f16 :bf16)))

(defmaker rand (&rest dims-and-keywords)
  "Uniform random numbers of [0, 1), f32 unless :dtype is another float; the same for the same :seed."
  (:example (rand 2 3 :dtype :f64 :seed 7))
  (:test ((N 0 50)) (let ((x (rand N :seed N))) (and (every (lambda (e) (and (cl:<= 0 e) (cl:< e 1))) (tensor->list x)) (near x (rand N :seed N) :rtol 0))))
  (:ulp 0)
  (with-random-arguments (shape dims-and-keywords (dtype :f32) (seed 0))
    (uniform shape (float-dtype-of dtype) seed 0)))

(defmaker randn (&rest dims-and-keywords)
  "Normal random numbers of mean 0 and variance 1 by Box and Muller's method, computed in f64."
  (:example (randn 2 3 :dtype :f32 :seed 7))
  (:test ((N 500 900)) (let ((x (randn N :seed N))) (and (cl:< (cl:abs (item (mean x))) 0.2) (cl:< 0.8 (item (var x)) 1.2))))
  (:ulp 4 "of the larger of the result and sqrt(-2·log u)")
  (with-random-arguments (shape dims-and-keywords (dtype :f32) (seed 0))
    (cast (normal shape seed 1) (float-dtype-of dtype))))

(defmaker randint (low high &rest dims-and-keywords)
  "Random integers from low to below high, i64 unless :dtype is another integer: 64 random bits modulo the range, which favours no number by
more than the range in 2^64."
  (:example (randint 0 6 10 :seed 3))
  (:test ((N 0 50)) (every (lambda (e) (cl:<= -2 e 3)) (tensor->list (randint -2 4 N :seed N))))
  (:ulp 0)
  (unless (and (integerp low) (integerp high) (cl:< low high)) (refuse "the range of randint is empty" "integers low < high" (format nil "~s and ~s" low high) "exchange them, or raise high"))
  (with-random-arguments (shape dims-and-keywords (dtype :i64) (seed 0))
    (one-of :dtype dtype '(:i8 :i16 :i32 :i64 :u8 :u16 :u32 :u64))
    (multiple-value-bind (first second) (pairs-of-words shape seed 3 0)
      (let ((word (+ (* first 4294967296) second)) (range (cl:- high low)))
        (+ (cast (if (cl:< range 18446744073709551616) (mod word (const range :u64)) word) dtype) (const low dtype))))))

(defmaker exponential (&rest dims-and-keywords)
  "Exponentially distributed random numbers with mean 1 / :rate, as -log(1 - u) / rate in f64."
  (:example (exponential 4 :rate 2 :seed 1))
  (:test ((N 500 900)) (let ((x (exponential N :rate 2 :seed N))) (and (cl:<= 0 (item (amin x))) (cl:< 0.4 (item (mean x)) 0.6))))
  (:ulp 3)
  (with-random-arguments (shape dims-and-keywords (rate 1) (dtype :f32) (seed 0))
    (unless (and (realp rate) (plusp rate)) (refuse "the rate is not above 0" "a number above 0" rate "give another :rate"))
    (cast (/ (neg (log1p (neg (uniform shape :f64 seed 4)))) rate) (float-dtype-of dtype))))

(defmaker permutation (count &key (seed 0))
  "The numbers from 0 below `count` in random order: the order of random keys of 64 bits, so count² comparisons."
  (:example (permutation 5 :seed 2))
  (:test ((N 0 20)) (near (sort (permutation N :seed N)) (index 0 N)))
  (:ulp 0)
  (whole-number "the count" count 0)
  (multiple-value-bind (first second) (pairs-of-words (list count) seed 5 0)
    (argsort (+ (* first 4294967296) second))))
