;;;; Other layers: embedding, dropout, interpolation.

(in-package :caten)

(defcomposite embedding ((indices{i64}[~] weight{T}[V E]) -> (Y{T}[~ E]))
  "The rows of the weight at the indices, as PyTorch's embedding; out of range they are clamped."
  (:example (embedding (tensor '(2 0)) (tensor '((1.0 2.0) (3.0 4.0) (5.0 6.0)))))
  (:test ((V 1 5) (E 1 4)) (near (embedding (mod indices V) weight) (squeeze (matmul (unsqueeze (one-hot (mod indices V) V) -2) weight) :axis -2) :atol 1e-5 :rtol 1e-5)
         (near (embedding (index 0 V) weight) weight))
  (:ulp 0)
  (take weight 0 indices))

(defcomposite dropout ((X{T} &optional step{integer}[] &key (p 1/2) (training t) (seed 0)) -> (Y{T}) where T in float)
  "X with each element 0 with probability p, the others divided by 1 - p, as PyTorch; X itself unless :training. The same seed, and the same step if one
is given, leave out the same elements."
  (:example (dropout (ones 4) :seed 1))
  (:test ((N 0 9)) (let ((x (random-tensor (list N) :f32)) (mask (dropout (ones N) :p 1/4 :seed 5)))
                     (and (near (dropout x :p 1/4 :seed 5) (* x mask)) (near (dropout x :p 0) x) (near (dropout x :p 1) (* 0 x)) (near (dropout x :training nil) x)
                          (near (dropout x 0 :seed 5) (dropout x :seed 5)))))
  (:ulp 1)
  (unless (and (realp p) (<= 0 p 1)) (refuse "the probability of dropout is outside of 0 … 1" "a number from 0 to 1" p "give another :p"))
  (cond ((cl:or (cl:not training) (eql p 0)) X)
        ((= p 1) (const 0 T (shape X)))
        (t (if (>= (uniform (shape X) :f32 seed 0 (or step 0)) p) (* (widen X) (cl:/ (cl:- 1 p))) 0))))

(defun resized (x axis out ratio mode align-corners)
  "x with one axis interpolated to `out` elements; the ratio is that of the old size to the new."
  (let* ((size (nth axis (shape x)))
         (place (cast (index 0 out) :f64))
         (source (cond ((cl:eq mode :nearest) (* place ratio))
                       (align-corners (* place (if (eql out 1) 0d0 (cl:/ (coerce (cl:1- size) 'double-float) (cl:1- out)))))
                       (t (max 0 (- (* (+ place 1/2) ratio) 1/2)))))
         (low (min (cast source :i64) (cl:1- size)))
         (before (make-list axis :initial-element 1)) (after (make-list (cl:- (rank x) axis 1) :initial-element 1)))
    (if (cl:eq mode :nearest)
        (take x axis low)
        (let ((part (reshape (cast (- source (cast low :f64)) (dtype x)) before out after)))
          (+ (* (take x axis low) (- 1 part)) (* (take x axis (min (+ low 1) (cl:1- size))) part))))))

(defcomposite interpolate ((X{T} &key (size nil) (scale-factor nil) (mode :nearest) (align-corners nil)) -> (Y{T}) where T in float)
  "[N C S…] resized to a :size, a number or one for each axis, or by a :scale-factor, as PyTorch's interpolate: :nearest takes element
floor(i·old/new); :bilinear (or :linear) is linear along each axis, between centres of elements, or between those of the corner
elements with :align-corners. Places are computed in f64."
  (:example (interpolate (reshape (index 0 4) 1 1 2 2) :scale-factor 2))
  (:test ((H 1 4)) (let ((x (random-tensor (list 1 2 H 3) :f32)))
                     (and (near (interpolate x :scale-factor 2) (repeat (repeat x 2 :axis 2) 2 :axis 3)) (near (interpolate x :size (list H 3) :mode :bilinear) x)
                          (near (slice (interpolate x :size (list (cl:+ H 2) 5) :mode :bilinear :align-corners t) :all :all (-1 nil) (-1 nil))
                                (if (cl:= H 1) (slice x :all :all (0 1) (-1 nil)) (slice x :all :all (-1 nil) (-1 nil))) :atol 1e-5))))
  (:ulp 3 "of the largest magnitude")
  (setf count (spatial-count 'interpolate X))
  (setf way (one-of :mode mode '(:nearest :bilinear :linear)))
  (when (cl:eq (null size) (null scale-factor)) (refuse "interpolate takes either a size or a scale factor" ":size or :scale-factor" (if size "both" "none") "give one of them"))
  (setf factors (if (listp scale-factor) scale-factor (make-list count :initial-element scale-factor)))
  (dolist (f factors) (unless (and (realp f) (plusp f)) (refuse "a scale factor is not above 0" "a number above 0" f "give another :scale-factor")))
  (unless (or size (cl:= (length factors) count)) (refuse "interpolate has not a scale factor for each axis" (format nil "~d" count) factors "give one for each axis, or one for all"))
  (setf sizes (if size
                  (whole-numbers :size size count 1)
                  (loop for old in (cddr (shape X)) for f in factors collect (whole-number "a size after scaling" (cl:values (cl:floor (cl:* old (cl:rational f)))) 1))))
  (dolist (old (cddr (shape X))) (when (eql old 0) (refuse "interpolate has nothing to take elements from" "sizes of at least 1" (shape X) "give other tensors" 304)))
  (setf y (widen X))
  (loop for axis from 2
        for new in sizes
        for k from 0
        for ratio = (if size
                        (/ (cast (nth axis (shape X)) :f64) (cast new :f64))
                        (coerce (cl:/ (cl:rational (nth k factors))) 'double-float))
        do (setf y (resized y axis new ratio way align-corners)))
  y)
