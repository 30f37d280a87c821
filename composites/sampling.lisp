;;;; Choosing the next token: what is left of the logits of a model, and a draw of it. What is kept is found by halving the range of all
;;;; values 63 times, so nothing is sorted.

(in-package :caten)

(defun ranking-keys (x)
  "Integers of 63 bits for f32 [~ N], all different along the last axis: larger ones for larger values, of equal values for the first."
  (let* ((bits (bits-of (where (= x 0) 0 x)))
         (ordered (where (< bits 0) (xor bits (const 2147483647 :i32 (shape bits))) bits)))
    (+ (* (cast ordered :i64) 2147483648) (- 2147483647 (index (cl:1- (rank x)) (shape x))))))

(defun fewest-largest (keys weights needed)
  "Which elements along the last axis are the fewest largest keys whose weights come to at least what is needed."
  (let* ((leading (butlast (shape keys))) (one (append leading '(1))) middle enough)
    (multiple-value-bind (least)
        (scan 63 ((least (const (cl:- (expt 2 62)) :i64 leading)) (beyond (const (expt 2 62) :i64 leading))) (i)
          (setf middle (div (+ least beyond) (const 2 :i64 leading)))
          (setf enough (>= (sum (where (>= keys (reshape middle one)) weights 0) :axis -1) needed))
          (next (where enough middle least) (where enough beyond middle)))
      (>= keys (reshape least one)))))

(defun among-top-k (x k)
  "Which are the k largest of f32 [~ N]."
  (fewest-largest (ranking-keys x) (const 1 :i64 (shape x)) k))

(defun among-top-p (x p)
  "Which are the fewest of f32 [~ N] that have at least the part p of all probability, in multiples of 2^-31 of the largest."
  (let* ((weights (cast (* 2147483648 (exp (- x (amax x :axis -1 :keepdims t)))) :i64))
         (needed (cast (ceil (* p (cast (sum weights :axis -1) :f64))) :i64)))
    (fewest-largest (ranking-keys x) weights (max 1 needed))))

(defun check-top-k (k)
  (whole-number "top-k" k 1))

(defun check-part (name p)
  "p, if it is a part of a whole."
  (if (and (realp p) (< 0 p) (<= p 1)) p (refuse (format nil "~(~a~) is no probability above 0" name) "above 0, at most 1" p (format nil "give another ~(~a~)" name))))

(defun refuse-empty (size)
  (when (eql size 0) (refuse "there is no token to choose" "at least one logit" "none" "give logits with a last axis" 202)))

(defun kept-logits (x kept)
  "The logits that are kept, -inf for the others."
  (where kept x -inf))

(defcomposite top-k-logits ((logits{T}[~ N] k{size}) -> (Y{T}[~ N]) where T in float)
  "The k largest logits of each row, of equal ones the first, and -inf for the others; all of them if there are no more than k. Compared
in f32."
  (:example (top-k-logits (tensor '(0.0 3.0 1.0 2.0)) 2))
  (:test ((N 1 9) (k 1 4))
         (let ((x (random-tensor (list 2 N) :f32)))
           (and (near (sort (top-k-logits x k) :descending t :axis -1)
                      (where (< (index 1 2 N) k) (sort x :descending t :axis -1) -inf)))))
  (:ulp 0)
  (refuse-empty N)
  (kept-logits logits (among-top-k (cast logits :f32) (check-top-k k))))

(defcomposite top-p-logits ((logits{T}[~ N] p{lisp}) -> (Y{T}[~ N]) where T in float)
  "The fewest logits of each row whose probabilities (softmax) come to at least p, the largest first, and -inf for the others; all of them
for 1. Probabilities are counted in multiples of 2^-31 of the largest."
  (:example (top-p-logits (log (tensor '(0.1 0.5 0.3 0.1))) 0.7))
  (:test ((N 1 9)) (near (top-p-logits logits 1) logits) (near (amax (top-p-logits logits 1/1000) :axis -1) (amax logits :axis -1)))
  (:ulp 0)
  (refuse-empty N)
  (if (= 1 (check-part "p" p)) logits (kept-logits logits (among-top-p (cast logits :f32) p))))

(defcomposite sample ((logits{T}[~ N] &optional step{i64}[] &key (temperature 1) (top-k nil) (top-p nil) (seed 0)) -> (I{i64}[~]) where T in float)
  "A token for each row of logits, drawn with probabilities softmax(logits / temperature), of the top-k largest alone and of the fewest that
have the part top-p of what is then left. A temperature of 0 takes the largest. The draw is a function of the seed and of the step,
which a loop counts. As categorical, the largest of the logits plus Gumbel noise, in f64."
  (:example (sample (tensor '(0.0 1.0 2.0)) 3 :temperature 0.8 :top-k 2 :seed 4))
  (:test ((N 1 9))
         (let ((x (random-tensor (list 3 N) :f32)))
           (and (near (sample x :temperature 0) (argmax x)) (near (sample x 7 :top-k 1) (argmax x)) (near (sample x :top-p 1/1000) (argmax x))
                (near (sample x 5 :seed 2) (sample x (tensor 5 :dtype :i64) :seed 2 :top-k N :top-p 1)))))
  (:ulp 0)
  (refuse-empty N)
  (unless (and (realp temperature) (>= temperature 0)) (refuse "the temperature is negative" "0 or more" temperature "give another :temperature"))
  (setf x (cast logits :f32))
  (if (= temperature 0)
      (argmax x)
      (progn
        (setf x (/ x temperature))
        (when top-k (setf x (kept-logits x (among-top-k x (check-top-k top-k)))))
        (when (and top-p (cl:/= 1 (check-part "top-p" top-p))) (setf x (kept-logits x (among-top-p x top-p))))
        (argmax (where (= x -inf) -inf (- (cast x :f64) (log-of-exponential (shape x) seed 20 (or step 0))))))))
