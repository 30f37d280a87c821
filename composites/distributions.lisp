;;;; Random numbers with parameters that are tensors. See random.lisp.

(in-package :caten)

(defcomposite bernoulli ((p{T}[~] &key (seed 0)) -> (Y{T}[~]) where T in float)
  "1 with probability p, else 0, for each element of p. As PyTorch's bernoulli; the probability is met to 24 bits, in f64 to 53."
  (:example (bernoulli (full 1/2 8) :seed 1))
  (:test () (near (bernoulli (* 0 p) :seed 3) (* 0 p)) (near (bernoulli (+ 1 (* 0 p)) :seed 3) (+ 1 (* 0 p)))
         (cl:< 0.4 (item (mean (bernoulli (full 1/2 900) :seed 3))) 0.6))
  (:ulp 0)
  (setf w (widen p))
  (cast (< (uniform (shape p) (dtype w) seed 6) w) T))

;; Minus this is Gumbel noise.
(defun log-of-exponential (sizes seed stream &optional (round 0))
  "Logarithms of exponentially distributed numbers, in f64."
  (log (neg (log1p (neg (uniform sizes :f64 seed stream round))))))

(defcomposite categorical ((logits{T}[~ N] &key (seed 0)) -> (I{i64}[~]) where T in float)
  "A class for each row of N unnormalised log-probabilities, as the largest of the logits plus Gumbel noise (Gumbel, 1954), in f64. As
jax.random.categorical; expand the logits for more samples."
  (:example (categorical (tensor '(0.0 1.0 2.0)) :seed 4))
  (:test ((N 1 5)) (all (logical-and (>= (categorical logits :seed 2) 0) (< (categorical logits :seed 2) N)))
         (near (categorical (tensor (list -inf 0.0 -inf))) 1))
  (:ulp 0)
  (when (eql N 0) (refuse "categorical has no class to choose" "at least one class" "none" "give logits with a last axis" 202))
  (argmax (- (cast logits :f64) (log-of-exponential (shape logits) seed 7))))

(defun gamma-candidate (d c seed stream round)
  "The logarithm of d·(1 + c·x)³ for a normal x, and whether it is accepted."
  (let* ((sizes (shape d))
         (x (normal sizes seed stream round))
         (u (- 1 (uniform sizes :f64 seed (cl:+ stream 2) round)))
         (root (+ 1 (* c x)))
         (log-v (* 3 (log (where (< 0 root) root 1)))))
    (values (+ (log d) log-v)
            (logical-and (< 0 root) (< (log u) (+ (* 1/2 (* x x)) (* d (+ (- 1 (* root (* root root))) log-v))))))))

(defun log-of-gamma-variates (alpha seed stream)
  "Logarithms of gamma variates for f64 shapes above 0, by Marsaglia and Tsang's rejection, which accepts with a probability above 0.95, so
that 64 rounds leave none; the loop ends when all are. Shapes below 1 go through alpha + 1 and u^(1/alpha)."
  (let* ((sizes (shape alpha))
         (small (< alpha 1))
         (d (- (where small (+ alpha 1) alpha) (cl:/ 1 3d0)))
         (c (/ 1 (sqrt (* 9 d))))
         candidate accepted)
    (multiple-value-bind (value)
        (scan 64 ((value (const 0 :f64 sizes)) (done (const nil :bool sizes))) (i)
          (multiple-value-setq (candidate accepted) (gamma-candidate d c seed stream i))
          (next (where done value candidate) (logical-or done accepted))
          :until (all (logical-or done accepted)))
      (+ value (where small (/ (log (- 1 (uniform sizes :f64 seed (cl:+ stream 3)))) alpha) 0)))))

(defun invalid-to-nan (value parameter)
  "The value, NaN where the parameter is not above 0."
  (where (< 0 parameter) value nan))

(defcomposite gamma ((alpha{T}[~] &key (rate 1) (seed 0)) -> (Y{T}[~]) where T in float)
  "Gamma distributed random numbers of shape alpha and mean alpha / :rate, by rejection (G. Marsaglia and W. W. Tsang, A simple method for
generating gamma variables, 2000), in f64. NaN where alpha is not above 0."
  (:example (gamma (tensor '(0.5 1.0 10.0)) :seed 1))
  (:test () (cl:< 4.8 (item (mean (gamma (full 5 900) :seed 1))) 5.2) (near (gamma (tensor '(-1.0))) (list nan)))
  (:ulp 0)
  (unless (and (realp rate) (plusp rate)) (refuse "the rate is not above 0" "a number above 0" rate "give another :rate"))
  (setf a (cast alpha :f64))
  (cast (invalid-to-nan (/ (exp (log-of-gamma-variates (where (< 0 a) a 1) seed 8)) rate) a) T))

(defcomposite beta ((a{T}[~] b{T}[~] &key (seed 0)) -> (Y{T}[~]) where T in float)
  "Beta distributed random numbers: x/(x + y) of gamma variates x and y of shapes a and b, by their logarithms, so that small shapes do not
give 0/0. NaN where a or b is not above 0."
  (:example (beta (tensor '(0.5 2.0)) (tensor '(0.5 3.0)) :seed 1))
  (:test () (cl:< 0.35 (item (mean (beta (full 2 900) (full 3 900) :seed 1))) 0.45) (near (beta (tensor '(-1.0)) 1) (list nan)))
  (:ulp 0)
  (setf p (cast a :f64) q (cast b :f64))
  (setf ratio (- (log-of-gamma-variates (where (< 0 p) p 1) seed 12) (log-of-gamma-variates (where (< 0 q) q 1) seed 16)))
  (cast (invalid-to-nan (invalid-to-nan (sigmoid ratio) p) q) T))
