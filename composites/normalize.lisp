;;;; What makes values comparable: softmax and normalisation. f16 and bf16 are computed in f32. What all elements of a row are divided by is
;;;; inverted once: a division takes as long as ten products, and the inverse costs half an ulp.

(in-package :caten)

(defun shifted-down (x axis)
  "x minus its largest element along the axis, so that exponentials cannot overflow; infinite ones are not subtracted."
  (let ((largest (amax x :axis axis :keepdims t)))
    (- x (where (< (abs largest) +inf) largest 0))))

(defun spread-shares (dy y axis)
  "The cotangent of softmax's argument: Y·(dy - Σ Y·dy)."
  (* y (- dy (sum (* y dy) :axis axis :keepdims t))))

(defcomposite softmax ((X{T} &key (axis -1)) -> (Y{T}) where T in float)
  "exp(X) / sum(exp(X)) along an axis, the largest element subtracted first."
  (:example (softmax (tensor '((1.0 2.0 3.0)))))
  (:test ((N 1 6)) (let ((x (random-tensor (list 2 N) :f32)))
                     (and (near (sum (softmax x) :axis -1) '(1 1)) (near (softmax x :axis 0) (/ (exp x) (sum (exp x) :axis 0))))))
  (:ulp 2 "of the result times the number of terms plus |X - max(X)|")
  (:adjoint (dy) (cast (spread-shares (widen dy) (widen Y) axis) (dtype X)))
  (setf e (exp (shifted-down (widen X) axis)))
  (* e (/ 1 (sum e :axis axis :keepdims t))))

(defcomposite masked-softmax ((X{T}[~] visible{bool}) -> (Y{T}[~]) where T in float)
  "softmax along the last axis over the visible positions, and 0 at the others; 0 in a row where none is visible. `visible` broadcasts to X's sizes."
  (:example (masked-softmax (tensor '((1.0 2.0 3.0))) (tensor '(t t nil))))
  (:test ((N 1 6)) (let ((x (random-tensor (list 2 N) :f32)))
                     (and (near (masked-softmax x (full t N :dtype :bool)) (softmax x) :atol 1e-6) (near (masked-softmax x (full nil N :dtype :bool)) (zeros 2 N))
                          (near (masked-softmax x (= (index 0 N) 0)) (* (ones 2 1) (cast (= (index 0 N) 0) :f32))))))
  (:ulp 2 "of the result times the number of terms plus |X - max(X)|")
  (:adjoint (dy)
    ;; Of what is not visible nothing is read.
    (let* ((y (widen Y)) (dy (where visible (widen dy) 0)))
      (cast (where visible (* y (- dy (sum (where visible (* y dy) 0) :axis -1 :keepdims t))) 0) (dtype X))))
  (let* ((seen (where visible (widen X) -inf))
         (largest (amax seen :axis -1 :keepdims t))
         (e (where visible (exp (- seen (where (< (abs largest) +inf) largest 0))) 0))
         (total (sum e :axis -1 :keepdims t)))
    ;; What is not visible is 0 by definition, so that nobody needs to compute it.
    (where visible (* e (/ 1 (where (= total 0) 1 total))) 0)))

(defcomposite log-softmax ((X{T} &key (axis -1)) -> (Y{T}) where T in float)
  "log(softmax(X)) without forming the quotient: small probabilities keep their digits."
  (:example (log-softmax (tensor '((1.0 2.0 3.0)))))
  (:test ((N 1 6)) (let ((x (random-tensor (list 2 N) :f32))) (near (log-softmax x) (- x (logsumexp x :axis -1 :keepdims t)) :atol 1e-5)))
  (:ulp 2 "of the number of terms plus |X - max(X)|")
  (:adjoint (dy) (cast (- (widen dy) (* (exp (widen Y)) (sum (widen dy) :axis axis :keepdims t))) (dtype X)))
  (setf shifted (shifted-down (widen X) axis))
  (- shifted (log (sum (exp shifted) :axis axis :keepdims t))))

(defun standardized (x axis eps)
  "(x - mean) / sqrt(variance + eps) over axes, the variance in two passes."
  (let ((centred (- x (mean x :axis axis :keepdims t))))
    (* centred (/ 1 (sqrt (+ (mean (* centred centred) :axis axis :keepdims t) eps))))))

(defun scaled-and-shifted (y weight bias shape)
  "y·weight + bias, each of a shape that broadcasts; either may be nil."
  (when weight (setf y (* y (reshape (widen weight) shape))))
  (if bias (+ y (reshape (widen bias) shape)) y))

(defun trailing-shape (name x axis &rest parameters)
  "The sizes from an axis on, which the parameters that are there must have."
  (let ((sizes (nthcdr axis (shape x))))
    (dolist (parameter parameters sizes)
      (when (and parameter (cl:not (equal (shape parameter) sizes)))
        (refuse (format nil "the parameters of ~(~a~) have other sizes than the axes it normalises" name) (caten/dim:describe-shape sizes)
                (caten/dim:describe-shape (shape parameter)) "check :axis and the parameters" 202)))))

(defcomposite layer-norm ((X{T} &optional weight{T} bias{T} &key (axis -1) (eps 1/100000)) -> (Y{T}) where T in float)
  "(X - mean) / sqrt(variance + eps) over the axes from `axis` on, times weight, plus bias, which have their sizes; the variance in two passes
(Ba, Kiros and Hinton, 2016)."
  (:example (layer-norm (tensor '((1.0 2.0 3.0)))))
  (:test ((N 2 7)) (let ((x (random-tensor (list 3 N) :f32)) (w (random-tensor (list N) :f32)))
                     (and (near (layer-norm x :eps 0) (/ (- x (mean x :axis -1 :keepdims t)) (std x :axis -1 :keepdims t)) :atol 1e-4)
                          (near (layer-norm x w w) (+ w (* w (layer-norm x))) :atol 1e-5))))
  (:ulp 1 "of the number of terms times the largest of |weight|·|X| / deviation and |bias|")
  (setf place (normalize-axis axis (rank X)))
  (setf sizes (trailing-shape 'layer-norm X place weight bias))
  (scaled-and-shifted (standardized (widen X) (loop for k from place below (rank X) collect k) eps) weight bias sizes))

(defcomposite rms-norm ((X{T} &optional weight{T} &key (axis -1) (eps 1/100000)) -> (Y{T}) where T in float)
  "X / sqrt(mean(X²) + eps) over the axes from `axis` on, times weight, which has their sizes (Zhang and Sennrich, 2019). PyTorch's default
eps is that of the dtype."
  (:example (rms-norm (tensor '((1.0 2.0 3.0)))))
  (:test ((N 1 7)) (let ((x (+ 3 (random-tensor (list 3 N) :f32)))) (near (rms-norm x :eps 0) (/ (* x (sqrt N)) (norm x :axis -1 :keepdims t)) :atol 1e-5)))
  (:ulp 2 "of the number of terms times the result")
  (setf place (normalize-axis axis (rank X)) w (widen X))
  (setf sizes (trailing-shape 'rms-norm X place weight))
  (setf axes (loop for k from place below (rank X) collect k))
  (scaled-and-shifted (* w (/ 1 (sqrt (+ (mean (* w w) :axis axes :keepdims t) eps)))) weight nil sizes))

(defun per-channel (x)
  "[1 C 1 …]: the shape in which a vector of channels broadcasts."
  (list* 1 (second (shape x)) (make-list (cl:- (rank x) 2) :initial-element 1)))

(defun check-channels (name x &rest parameters)
  "Refuses an x without channels, and parameters that are no vectors of them."
  (when (< (rank x) 2) (refuse (format nil "~(~a~) takes [N C …]" name) "rank 2 or more" (format nil "rank ~d" (rank x)) "unsqueeze the batch axis" 212))
  (dolist (parameter parameters)
    (when (and parameter (cl:not (equal (shape parameter) (list (second (shape x))))))
      (refuse (format nil "a parameter of ~(~a~) is no vector of the channels" name) (format nil "[~a]" (second (shape x)))
              (caten/dim:describe-shape (shape parameter)) "check axis 1 of X" 202))))

(defcomposite batch-norm ((X{T} &optional mean{T} variance{T} weight{T} bias{T} &key (training nil) (eps 1/100000)) -> (Y{T}) where T in float)
  "(X - mean) / sqrt(variance + eps) for each channel, axis 1 of [N C …], times weight, plus bias, as PyTorch's batch_norm with its order of
arguments; with :training, or without mean and variance, those of the batch (the biased variance). Running statistics are the caller's."
  (:example (batch-norm (tensor '((1.0 2.0) (3.0 4.0)))))
  (:test ((N 2 5)) (let ((x (random-tensor (list N 3 2) :f32)))
                     (near (batch-norm x) (permute (reshape (layer-norm (reshape (permute x 1 0 2) 3 (cl:* 2 N))) 3 N 2) 1 0 2) :atol 1e-5))
         (near (batch-norm (ones N 2) (zeros 2) (full 4 2) (full 6 2) (ones 2) :eps 0) (full 4 N 2)))
  (:ulp 4 "of the number of terms times the largest of |weight|·(|X| + |mean|) / deviation and |bias|")
  (check-channels 'batch-norm X mean variance weight bias)
  (setf w (widen X) channels (per-channel X))
  (setf y (if (or training (null mean) (null variance))
                 (standardized w (cons 0 (loop for k from 2 below (rank X) collect k)) eps)
                 (* (- w (reshape (widen mean) channels)) (/ 1 (sqrt (+ (reshape (widen variance) channels) eps))))))
  (scaled-and-shifted y weight bias channels))

(defcomposite group-norm ((X{T} groups{size} &optional weight{T} bias{T} &key (eps 1/100000)) -> (Y{T}) where T in float)
  "(X - mean) / sqrt(variance + eps) over each group of channels of [N C …], times weight, plus bias for each channel (Wu and He, 2018)."
  (:example (group-norm (reshape (cast (index 0 8) :f32) 1 4 2) 2))
  (:test ((N 1 3)) (let ((x (random-tensor (list N 4 3) :f32)))
                     (near (group-norm x 2) (reshape (layer-norm (reshape x N 2 6)) N 4 3) :atol 1e-5)))
  (:ulp 1 "of the number of terms times the largest of |weight|·|X| / deviation and |bias|")
  (check-channels 'group-norm X weight bias)
  (setf channels (second (shape X)))
  (whole-number "the number of groups" groups 1)
  (when (and (integerp channels) (cl:/= 0 (cl:mod channels groups)))
    (refuse "the groups do not divide the channels" (format nil "a divisor of ~d" channels) groups "choose another number of groups" 202))
  (setf w (reshape (widen X) (first (shape X)) groups (* (floor channels groups) (cl:reduce #'* (cddr (shape X)) :initial-value 1))))
  (scaled-and-shifted (reshape (standardized w -1 eps) (shape X)) weight bias (per-channel X)))
