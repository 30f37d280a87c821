;;;; Kernels made beforehand: calls of the library's composites as programs make them, computed once, so that the compiled kernels are in
;;;; the cache. Kernels take sizes as arguments; what of a size decides how they look is only whether tiles and lanes divide it, and
;;;; whether it is long.

(defpackage :caten/warm
  (:use :cl)
  (:import-from :caten #:tensorp #:zeros)
  (:import-from :caten/composite #:library-names #:find-composite #:composite-signature #:composite-terms #:composite-clauses)
  (:import-from :caten/signature #:signature-inputs #:signature-keys #:parameter-name #:parameter-dims #:parameter-kind #:parameter-mode #:size-parameter-p
   #:term-names #:named)
  (:import-from :caten/match #:placeholder-dtype)
  (:import-from :caten/testing #:input-shape)
  (:import-from :caten/program #:compute-tensors)
  (:import-from :caten/evaluate #:with-guard)
  (:export #:warm-names #:warm))

(in-package :caten/warm)

(defparameter *sizes*
  (append
   (loop for m in '(64 38)
         append (loop for k in '(160 83 53)
                      append (loop for (n last) in '((96 64) (101 77)) collect (list m k n 32 last))))
   '((320 432 96 32 48) (301 333 101 21 19) (64 48 53 32 19) (37 256 21 32 19) (24 2592 96 32 48) (25 2111 53 21 19) (24 4096 96 32 48)
     (77 45 83 37 19) (52 4133 85 37 28) (288 544 160 96 56) (20 24 28 32 1000) (21 25 29 33 333)
     (70 200 90 26 50) (192 192 192 192 192) (1000 1000 1000 50 100) (100 4500 48 40 20) (1024 65 200 90 300) (300 68 90 72 1300)
     (1300 1100 800 95 140) (2048 67 100 77 250) (110 4800 112 100 90)))
  "What the named sizes of a signature are, one after the other: divided by tiles and lanes or not; short, long, or a whole number of blocks.
None is small enough to be part of a kernel's text.")

(defparameter *most-elements* (expt 2 22) "Of an argument.")

(defun named-sizes (signature sizes)
  "((name . size) …) for the names in the shapes of a signature."
  (let ((names '()))
    (dolist (input (signature-inputs signature))
      (when (size-parameter-p input) (pushnew (parameter-name input) names))
      (when (listp (parameter-dims input))
        (dolist (dim (parameter-dims input))
          (dolist (name (term-names dim)) (unless (named name "~") (pushnew name names))))))
    (loop for name in (reverse names)
          for k from 0
          collect (cons name (nth (mod k (length sizes)) sizes)))))

(defun input (shape dtype)
  "A tensor of zeros that has its value."
  (if (> (cl:reduce #'cl:* shape) *most-elements*)
      (throw 'impossible nil)
      (first (compute-tensors (list (apply #'zeros (append shape (list :dtype dtype))))))))

(defun typical-arguments (composite sizes leading)
  "Arguments that fit the signature of a composite, with elements 0: (typical-arguments (find-composite 'dot) '(64 96) '()). `leading` is what
~ stands for. Throws `impossible` where only Lisp objects of its own fit."
  (let* ((signature (composite-signature composite))
         (named (named-sizes signature sizes)))
    (loop for parameter in (signature-inputs signature)
          for mode = (parameter-mode parameter)
          when (and (eq mode :required) (eq (parameter-kind parameter) :lisp))
            do (throw 'impossible nil)
          unless (eq mode :optional)
            append (if (size-parameter-p parameter)
                       (list (cdr (assoc (parameter-name parameter) named)))
                       (let ((input (input (if (eq (parameter-dims parameter) :any)
                                               (subseq sizes 0 2)
                                               (input-shape parameter named (composite-terms composite) leading))
                                           (placeholder-dtype parameter signature '()))))
                         (if (eq mode :rest) (list input input) (list input)))))))

(defparameter *calls*
  '((conv1d (:f32 24 20 96) (:f32 32 20 3)) (conv1d (:f32 24 20 83) (:f32 37 20 3) :padding 1) (conv1d (:f32 20 24 128) (:f32 64 24 5) :padding 2)
    (conv1d (:f32 20 32 160) (:f32 48 32 3) :padding 1)
    (conv2d (:f32 2 24 40 48) (:f32 32 24 3 3) :padding 1) (conv2d (:f32 2 24 43 67) (:f32 37 24 3 3) :stride 2)
    (conv2d (:f32 2 24 40 48) (:f32 64 24 1 1)) (conv2d (:f32 4 32 56 56) (:f32 64 32 1 1) :stride 2)
    (conv2d (:f32 8 3 224 224) (:f32 64 3 7 7) :stride 2 :padding 3) (conv2d (:f32 8 3 32 32) (:f32 32 3 3 3) :padding 1)
    (conv2d (:f32 4 17 33 29) (:f32 19 17 3 3))
    (conv3d (:f32 2 20 18 24 22) (:f32 32 20 3 3 3) :padding 1) (conv3d (:f32 2 24 20 32 24) (:f32 32 24 3 3 3) :padding 1)
    (conv3d (:f32 2 20 24 24 24) (:f32 32 20 3 3 3) :padding 1)
    (conv-transpose2d (:f32 2 24 20 28) (:f32 24 32 2 2) :stride 2) (conv-transpose2d (:f32 2 32 28 28) (:f32 32 64 2 2) :stride 2)
    (conv-transpose2d (:f32 2 64 20 20) (:f32 64 48 2 2) :stride 2)
    (max-pool (:f32 2 24 40 48) :kernel 2) (max-pool (:f32 2 24 43 67) :kernel 3 :stride 2 :padding 1)
    (max-pool (:f32 2 64 112 112) :kernel 3 :stride 2 :padding 1) (max-pool (:f32 4 96 40 40) :kernel 2)
    (avg-pool (:f32 2 24 40 48) :kernel 2) (avg-pool (:f32 2 24 43 67) :kernel 3 :stride 2 :padding 1) (avg-pool (:f32 4 64 56 56) :kernel 2)
    (adaptive-avg-pool (:f32 2 24 40 48) 1) (adaptive-avg-pool (:f32 2 24 64 64) 1) (adaptive-avg-pool (:f32 2 37 43 67) 1)
    (adaptive-avg-pool (:f32 4 512 7 7) 1) (adaptive-avg-pool (:f32 4 512 28 28) 1) (adaptive-avg-pool (:f32 4 64 20 20) 1)
    (interpolate (:f32 2 24 40 48) :scale-factor 2) (interpolate (:f32 2 24 43 67) :scale-factor 2 :mode :bilinear)
    (interpolate (:f32 2 32 28 28) :scale-factor 2) (interpolate (:f32 2 48 36 36) :scale-factor 2)
    (interpolate (:f32 2 40 34 60) :scale-factor 2 :mode :bilinear)
    (group-norm (:f32 4 32 24 32) 8) (group-norm (:f32 4 64 40 64) 8) (group-norm (:f32 4 128 28 28) 32) (group-norm (:f32 4 32 23 31) 8)
    (group-norm (:f32 2 32 20 20) 4) (group-norm (:f32 2 64 24 24) 32)
    (cross-entropy (:f32 64 96) (:i64 64)) (cross-entropy (:f32 37 83) (:i64 37)) (cross-entropy (:f32 100 200) (:i64 100))
    (cross-entropy (:f32 150 1000) (:i64 150))
    (nll (:f32 64 96) (:i64 64)) (nll (:f32 37 83) (:i64 37)) (nll (:f32 100 200) (:i64 100)) (nll (:f32 150 1000) (:i64 150))
    (einsum "ij,jk->ik" (:f32 64 96) (:f32 96 160)) (einsum "bij,bjk->bik" (:f32 20 37 53) (:f32 20 53 83))
    (pad (:f32 64 96) ((1 2) (3 1))) (unfold (:f32 2 24 43 67)) (fold (:f32 2 96 2772) (43 67)) (fold (:f32 20 96 2772) (43 67))
    (repeat (:f32 64 96) 3) (tile (:f32 64 96) (2 3)) (roll (:f32 64 96) 5 :axis 1) (unsqueeze (:f32 64 96) 1))
  "Calls of composites that a signature does not say enough about. (:f32 2 3) is a tensor of that shape.")

(defun folds-axes-p (name)
  "True of a composite that takes :axis, and does without."
  (equal '(nil) (rest (assoc "AXIS" (signature-keys (composite-signature (find-composite name))) :test #'string=))))

(defun takes-leading-axes-p (name)
  "True of a composite with ~ in the shape of an argument."
  (some (lambda (input) (and (listp (parameter-dims input)) (some (lambda (dim) (named dim "~")) (parameter-dims input))))
        (signature-inputs (composite-signature (find-composite name)))))

(defun examples-of (name)
  "Functions that evaluate the examples in the documentation of the composite: what people try first, and of sizes that are part of texts."
  (loop for clause in (composite-clauses (find-composite name))
        when (eq (first clause) :example)
          append (loop for form in (rest clause) collect (let ((form form)) (lambda () (eval form))))))

(defun calls-of (name)
  "Functions that call the composite as programs do."
  (flet ((argument (form) (if (and (consp form) (keywordp (first form))) (input (rest form) (first form)) form)))
    (let ((listed (remove name *calls* :key #'first :test-not #'string=)))
      (if listed
          (loop for (nil . arguments) in listed
                collect (let ((arguments arguments)) (lambda () (apply (fdefinition name) (mapcar #'argument arguments)))))
          (loop for sizes in *sizes*
                append (loop for leading in (if (takes-leading-axes-p name) (list '() (last sizes)) '(()))
                             append (loop for keys in (if (folds-axes-p name) '(() (:axis 0) (:axis -1)) '(()))
                                          collect (let ((sizes sizes) (keys keys) (leading leading))
                                                    (lambda ()
                                                      (apply (fdefinition name)
                                                             (append (typical-arguments (find-composite name) sizes leading) keys)))))))))))

(defun succeeds (call)
  "Computes what the function returns: whether that was possible."
  (catch 'impossible
    (with-guard (condition (progn condition nil))
      (compute-tensors (remove-if-not #'tensorp (multiple-value-list (funcall call))))
      t)))

(defun warm-names ()
  "Names of the library's composites with blanks between, in the order in which they are made."
  (format nil "~(~{~a~^ ~}~)" (remove-if-not #'find-composite (library-names))))

(defun warm (name)
  "Makes the kernels of a composite: how many calls were computed, and how many could not be, as strings."
  (let* ((name (find name (library-names) :test #'string-equal))
         (calls (append (examples-of name) (calls-of name))))
    (let ((made (count-if #'succeeds calls)))
      (values (princ-to-string made) (princ-to-string (- (length calls) made))))))
