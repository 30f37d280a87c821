;;;; Programs in bf16 and f16: within bounds that follow from the dtype's unit roundoff.

(defparameter *units* '((:bf16 . 3.90625e-3) (:f16 . 4.8828125e-4)) "Half the distance of 1 to the next number.")

(defun within (found exact bound)
  "True if each element of found is within the bound of exact."
  (every #'<= (caten/testing::flatten (tensor->list (abs (- found exact)))) (caten/testing::flatten (tensor->list bound))))

(defun in (dtype function &optional (keep '(default)))
  "What the function returns, computed in this precision."
  (caten/precision:call-with-precision (cons dtype keep) (lambda () (! (funcall function)))))

(deftest families-name-composites-of-the-library
  (loop for (nil nil ops composites) in (caten/primitive:precision-families)
        do (dolist (name composites)
             (let ((symbol (find-symbol (string-upcase name) :caten)))
               (check (and name symbol (caten/composite:library-entry symbol) t))))
           (check (listp ops))))

(deftest products-are-within-three-roundings
  (loop for (dtype . u) in *units*
        do (let ((a (! (random-tensor '(9 30) :f32))) (b (! (random-tensor '(30 7) :f32))))
             (check (within (in dtype (lambda () (matmul a b))) (matmul a b)
                            (* (* 3.1 u) (+ 1e-3 (matmul (abs a) (abs b))))))
             (check (not (near (in dtype (lambda () (matmul a b))) (matmul a b) :rtol 1e-7 :atol 0)))
             (check (near (in dtype (lambda () (matmul a b)) '(products)) (matmul a b) :rtol 1e-6)))))

(deftest softmax-and-norms-are-kept
  (loop for (dtype) in *units*
        do (let ((x (! (random-tensor '(5 12) :f32))))
             (dolist (f (list #'softmax #'log-softmax #'layer-norm #'rms-norm #'exp #'sum #'mean))
               (check (equal (tensor->list (in dtype (lambda () (funcall f x)))) (tensor->list (funcall f x))))))))

(deftest softmax-of-a-product
  (loop for (dtype . u) in *units*
        do (let* ((x (! (random-tensor '(4 16) :f32))) (w (! (random-tensor '(16 10) :f32)))
                  (exact (softmax (matmul x w)))
                  (logits (* (* 3.1 u) (+ 1e-3 (amax (matmul (abs x) (abs w)) :axis -1 :keepdims t)))))
             ;; Logits that are d off change a probability by a factor within exp(±2d).
             (check (within (in dtype (lambda () (softmax (matmul x w)))) exact (+ 1e-6 (* exact (- (exp (* 2 logits)) 1))))))))

(deftest layer-norm-of-a-sum
  (loop for (dtype . u) in *units*
        do (let* ((x (! (random-tensor '(4 32) :f32))) (y (! (random-tensor '(4 32) :f32)))
                  (s (+ x y)) (exact (layer-norm s))
                  (off (* (* 1.1 u) (amax (+ (abs x) (+ (abs y) (abs s))) :axis -1 :keepdims t)))
                  (deviation (std s :axis -1 :correction 0 :keepdims t)))
             (check (within (in dtype (lambda () (layer-norm (+ x y)))) exact
                            (+ 1e-5 (* (* 1.2 (/ off deviation)) (+ 2 (abs exact)))))))))

(deftest activations-round-at-their-ends
  (loop for (dtype . u) in *units*
        do (let* ((x (! (random-tensor '(40) :f32))) (exact (gelu x)))
             (check (within (in dtype (lambda () (gelu x))) exact (+ 1e-6 (* u (+ (* 1.14 (abs x)) (* 1.01 (abs exact)))))))
             (check (equal (tensor->list (in dtype (lambda () (gelu x))))
                           (tensor->list (cast (gelu (cast x dtype)) :f32)))))))

(deftest the-precision-can-be-asked-and-set
  (check (null (precision)))
  (check (equal '(:bf16 :default :gelu) (with-precision (:bf16 :keep-f32 (default gelu)) (precision))))
  (check (null (precision)))
  (setf (precision) :f16)
  (check (equal '(:f16 :default) (precision)))
  (check (equal '(0.333251953125d0) (tensor->list (/ (tensor '(1.0)) 3))))
  (setf (precision) nil)
  (check (null (precision)))
  (check-error 902 (setf (precision) :f64)))
