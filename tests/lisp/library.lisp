;;;; The library: what every entry carries, which names there are, and what it says of wrong attributes.

(defun missing-of (name)
  "What the entry of the library lacks of docstring, example, test and stated error."
  (multiple-value-bind (text documentation clauses) (caten/composite:library-entry name)
    (declare (ignore text))
    (append (if (and (stringp documentation) (> (length documentation) 9)) '() '(:documentation))
            (set-difference '(:example :test :ulp) (mapcar #'first clauses)))))

(deftest every-entry-has-docstring-example-test-and-ulp
  (dolist (name (caten/composite:library-names))
    (check (equal (list name) (cons name (missing-of name))))))

(defparameter *names*
  '(sub neg abs sign recip square sqrt rsqrt exp exp2 expm1 log log2 log10 log1p pow sin cos tan asin acos atan atan2 sinh cosh tanh asinh
    acosh atanh erf erfc lgamma hypot floor ceil round trunc clip min max ne le gt ge logical-or logical-not shl shr where isnan isinf
    isfinite lerp logaddexp fmod remainder
    relu leaky-relu elu selu gelu gelu-tanh silu mish softplus sigmoid hard-sigmoid hard-swish log-sigmoid softmax log-softmax glu
    sum prod mean var std amax amin argmax argmin all any logsumexp norm count-nonzero cumsum cumprod cummax
    squeeze unsqueeze concat stack split flip roll pad tile repeat gather scatter scatter-add index-select take-along-axis diagonal tril
    triu one-hot arange linspace eye meshgrid unfold fold
    matmul dot outer einsum linear cholesky triangular-solve
    conv1d conv2d conv3d conv-transpose2d max-pool avg-pool adaptive-avg-pool batch-norm layer-norm group-norm rms-norm embedding dropout
    attention rope lstm gru interpolate cross-entropy nll mse bce huber
    rand randn randint bernoulli exponential gamma beta categorical permutation
    sort argsort topk searchsorted)
  "The names that the library promises.")

(deftest every-promised-name-is-in-the-library
  (check (null (set-difference *names* (caten/composite:library-names)))))

(defun remedied (function)
  "The code of the diagnostic that the call signals, if it says what was expected, what was found, and what to do."
  (handler-case (progn (funcall function) :no-error)
    (caten-error (condition)
      (let ((d (first (caten-error-diagnostics condition))))
        (if (and (caten/diagnostic:diagnostic-expected d) (caten/diagnostic:diagnostic-found d) (caten/diagnostic:diagnostic-remedy d))
            (caten/diagnostic:diagnostic-code d)
            (list :incomplete (caten/diagnostic:diagnostic-message d)))))))

(defmacro refuses (code &rest forms)
  "Checks that each form is refused with the code and a complete diagnostic."
  `(progn ,@(loop for form in forms collect `(check (eql ,code (remedied (lambda () ,form)))))))

(deftest wrong-attributes-are-refused
  (refuses 705
           (conv2d (ones 1 1 4 4) (ones 1 1 2 2) nil :stride -1)
           (conv2d (ones 1 1 4 4) (ones 1 1 2 2) nil :stride '(1 2 3))
           (conv2d (ones 1 1 4 4) (ones 1 1 2 2) nil :dilation 0)
           (conv2d (ones 1 1 4 4) (ones 1 1 2 2) nil :padding -1)
           (conv2d (ones 1 1 4 4) (ones 1 1 2 2) nil :padding :smae)
           (conv2d (ones 1 1 4 4) (ones 1 1 2 2) nil :padding :same :stride 2)
           (conv2d (ones 1 1 4 4) (ones 1 1 2 2) nil :groups 0)
           (conv-transpose2d (ones 1 1 2 2) (ones 1 1 2 2) nil :output-padding 1)
           (max-pool (ones 1 1 4 4) :kernel 2 :padding 2)
           (max-pool (ones 1 1 4 4) :kernel 0)
           (pad (ones 2) '((1 1)) :mode :mirror)
           (pad (ones 2) '(1 1))
           (pad (zeros 0) '((1 1)) :mode :edge)
           (interpolate (ones 1 1 2) :size 3 :mode :cubic)
           (interpolate (ones 1 1 2))
           (interpolate (ones 1 1 2) :scale-factor -1)
           (mse (ones 2) (ones 2) :reduction :average)
           (huber (ones 2) (ones 2) :delta 0)
           (softplus (ones 2) :beta 0)
           (cross-entropy (ones 2 3) (tensor '(0 1)) :label-smoothing 2)
           (scatter (ones 3) (tensor '(0)) (ones 1) :reduction :min)
           (meshgrid (list (ones 2)) :indexing :yx)
           (tile (ones 2) -1)
           (repeat (ones 2) 1.5)
           (roll (ones 2) 1.5)
           (split (ones 4) 0)
           (topk (ones 3) 4)
           (norm (ones 3) :ord :frobenius)
           (arange 3 :step 0)
           (linspace 0 1 -1)
           (dropout (ones 2) :p 2)
           (rand 2 :dtype :i32)
           (rand 2 :seed 1.5)
           (randint 3 3 2)
           (exponential 2 :rate 0)
           (permutation -1)
           (einsum "i,j->k" (ones 2) (ones 2))
           (einsum "i->ii" (ones 2))
           (einsum "i;j" (ones 2))
           (einsum 5 (ones 2)))
  (refuses 202
           (conv2d (ones 1 1 2 2) (ones 1 1 3 3))
           (conv2d (ones 1 3 4 4) (ones 1 2 2 2))
           (conv2d (ones 1 4 4 4) (ones 3 2 2 2) nil :groups 2)
           (avg-pool (ones 1 1 2) :kernel 3 :padding 0)
           (concat (ones 2 3) (ones 2 4))
           (split (ones 4) '(1 2))
           (fold (ones 1 4 3) '(3 3))
           (group-norm (ones 1 4 2) 3)
           (layer-norm (ones 2 3) (ones 2))
           (batch-norm (ones 2 3) (ones 2) (ones 2))
           (nll (ones 2 3) (tensor '(0 1 2)))
           (attention (ones 1 3 2 4) (ones 1 2 2 4) (ones 1 2 2 4))
           (einsum "ij,jk" (ones 2 3) (ones 2 3))
           (einsum "ii" (ones 2 3))
           (searchsorted (ones 2 3) (ones 3 3)))
  (refuses 205 (sum (ones 2) :axis 1) (softmax (ones 2) :axis -2) (diagonal (ones 2 2) :axis1 0 :axis2 0))
  (refuses 207 (squeeze (ones 2 3) :axis 0))
  (refuses 212 (gather (ones 2 2) (tensor '(0))) (max-pool (ones 2 2)) (einsum "ij" (ones 2)) (meshgrid (list (ones 2 2))))
  (refuses 304 (pad (ones 2) '((-2 -2))) (conv-transpose2d (ones 1 1 1 1) (ones 1 1 1 1) nil :padding 1))
  (refuses 307 (glu (ones 3)) (rope (ones 2 3))))

(deftest traces-for-all-sizes
  (dolist (name '(exp pow gelu lgamma atan2 sum var all matmul linear dot outer conv1d conv2d conv3d unfold lstm gru cholesky tril one-hot embedding))
    (check (search "(ir 1" (ir-of name)))))
