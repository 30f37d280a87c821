;;;; Tests written in Lisp: deftest and check, and the tests that composites carry.

(defpackage :caten/testing
  (:use :cl)
  (:import-from :caten #:deftest #:check #:check-error #:near #:tensorp #:numpy #:random-tensor #:per-element #:tensor #:tensor->list
   #:load-npy #:save-npy
   #:shape #:dtype #:~)
  (:import-from :caten/diagnostic #:diagnostic-code #:diagnostic-message)
  (:import-from :caten/composite
   #:all-composites #:library-names #:library-entry #:find-composite #:composite-name #:composite-signature #:composite-clauses #:composite-terms)
  (:import-from :caten/signature
   #:signature-inputs #:parameter-name #:parameter-dims #:parameter-type #:parameter-mode #:size-parameter-p #:named #:signature-types
   #:parameter-class #:term-names)
  (:import-from :caten/match #:placeholder-dtype)
  (:import-from :caten/promotion #:dtype-class)
  (:import-from :caten/program #:compute-tensors)
  (:import-from :caten/evaluate #:with-guard #:condition-diagnostics)
  (:import-from :caten/dim #:size-symbol)
  (:export #:run-tests #:run-composite-tests #:test-composite #:tested-names #:try-composite #:skip-test #:*test-values*))

(in-package :caten/testing)

;;; deftest and check

(defvar *tests* '() "((name . function)), newest first.")
(defvar *passed* 0 "Checks that held.")
(defvar *failed* 0 "Checks that did not.")
(defvar *skipped* 0 "Checks left out because their oracle is not installed.")
(defvar *current* nil "The test that runs.")

(defmacro deftest (name &body body)
  "A test: (deftest addition (check (= 3 (+ 1 2)))) → (push (cons 'addition (lambda () …)) *tests*)."
  `(progn (push (cons ',name (lambda () ,@body)) *tests*) ',name))

(defun report (holds form values)
  "Counts a check, and says what failed."
  (cond ((eq holds :skipped) (incf *skipped*))
        (holds (incf *passed*))
        (t (incf *failed*)
           (let ((*print-case* :downcase) (*print-length* 20) (*print-level* 6))
             (format t "~(~a~): ~s does not hold~%" *current* form)
             (loop for (part value) in values
                   do (format t "  ~s is ~s~%" part value)))))
  holds)

(defmacro check (form)
  "Counts whether the form is true; the arguments of a failing call are shown: (check (= 3 (+ 1 2)))."
  (if (and (consp form) (symbolp (first form)) (not (macro-function (first form))) (not (special-operator-p (first form))))
      (let ((names (loop for nil in (rest form) collect (gensym))))
        `(let ,(mapcar #'list names (rest form))
           (report (,(first form) ,@names) ',form (list ,@(loop for name in names
                                                                 for part in (rest form)
                                                                 unless (constantp part)
                                                                   collect `(list ',part ,name))))))
      `(report ,form ',form '())))

(defun error-code (function)
  "The code of the diagnostic that calling the function signals, or nil."
  (with-guard (condition (diagnostic-code (first (condition-diagnostics condition))))
    (funcall function)
    nil))

(defmacro check-error (code form)
  "Counts whether the form fails with this code; tensors are computed: (check-error 202 (+ (ones 2) (ones 3)))."
  `(let ((found (error-code (lambda () (let ((value ,form)) (when (tensorp value) (compute-tensors (list value))))))))
     (report (eql found ,code) ',form (list (list 'code found)))))

(defun run-guarded (name function)
  "Runs a test; an error it does not expect is a failure."
  (let ((*current* name))
    (with-guard (condition (progn (incf *failed*)
                                  (format t "~(~a~): failed with ~a~%" name
                                          (diagnostic-message (first (condition-diagnostics condition))))))
      (funcall function))))

(defun summary ()
  "Prints and returns the number of failures."
  (format t "~d passed, ~d failed~:[, ~d left out (no NumPy)~;~]~%" *passed* *failed* (zerop *skipped*) *skipped*)
  *failed*)

(defun run-tests ()
  "Runs all tests defined with deftest in order; prints `N passed, N failed` and returns the number of failures."
  (let ((*passed* 0) (*failed* 0) (*skipped* 0))
    (loop for (name . function) in (reverse *tests*) do (catch 'skip (run-guarded name function)))
    (setf *tests* '())
    (summary)))

;;; Comparing values

(defun flatten (object)
  "All numbers of nested lists."
  (if (listp object) (if (null object) '() (mapcan #'flatten (copy-list object))) (list object)))

(defun plain-value (object)
  "A tensor as nested lists of numbers; other objects as they are."
  (if (tensorp object) (tensor->list object) object))

(defun nan-p (x)
  "True of a float that is not a number."
  (and (floatp x) (/= x x)))

(defun close-p (x y rtol atol)
  "True if two numbers are within the tolerance; NaNs are equal."
  (cond ((not (and (numberp x) (numberp y))) (eql x y))
        ((and (complexp x) (complexp y)) (and (close-p (realpart x) (realpart y) rtol atol)
                                              (close-p (imagpart x) (imagpart y) rtol atol)))
        ((or (nan-p x) (nan-p y)) (and (nan-p x) (nan-p y)))
        ((= x y) t)
        ((or (> (abs x) 1d300) (> (abs y) 1d300)) nil)
        (t (<= (abs (- x y)) (+ atol (* rtol (abs y)))))))

(defun default-tolerance (object)
  "The relative tolerance for the dtype of a tensor."
  (case (and (tensorp object) (dtype object))
    (:f16 2d-3) (:bf16 2d-2) ((:f64 :c128) 1d-12) ((:f32 :c64 nil) 1d-5) (t 0d0)))

(defun near (a b &key rtol atol)
  "True if two tensors, lists or numbers have equal shapes and nearly equal elements: (near (sqrt x) '(1 2) :rtol 1e-6)."
  (let* ((rtol (or rtol (max (default-tolerance a) (if (tensorp b) (default-tolerance b) 0d0))))
         (atol (or atol rtol))
         (x (plain-value a)) (y (plain-value b)))
    (and (equal (lengths x) (lengths y))
         (every (lambda (u v) (close-p u v rtol atol)) (flatten x) (flatten y)))))

(defun lengths (object)
  "The lengths of nested lists."
  (if (and (listp object) object)
      (cons (length object) (and (consp (first object)) (lengths (first object))))
      '()))

(defun per-element (function &rest values)
  "Nested lists of a Lisp function's values on the elements of tensors (or of nested lists) of one shape, computed in double-floats:
(near (cos x) (per-element #'cl:cos x))."
  (labels ((number-of (x) (if (floatp x) (coerce x 'double-float) x))
           (visit (depth items)
             (if (zerop depth)
                 (apply function (mapcar #'number-of items))
                 (apply #'mapcar (lambda (&rest parts) (visit (1- depth) parts)) items))))
    (visit (if (tensorp (first values)) (length (shape (first values))) (length (lengths (first values))))
           (mapcar #'plain-value values))))

;;; The tests of composites

(defvar *seed* 1 "State of the generator of test inputs.")

(defun draw (limit)
  "An integer from 0 below the limit, the same in every run."
  (setf *seed* (mod (+ (* *seed* 6364136223846793005) 1442695040888963407) (expt 2 64)))
  (mod (ash *seed* -33) limit))

(defun draw-element (dtype)
  "A small value of a dtype."
  (ecase (dtype-class dtype)
    (:bool (zerop (draw 2)))
    (:signed (- (draw 11) 5))
    (:unsigned (draw 11))
    (:float (/ (- (draw 4001) 2000) 1000d0))
    (:complex (complex (/ (- (draw 401) 200) 100d0) (/ (- (draw 401) 200) 100d0)))))

(defun random-elements (shape dtype)
  "Nested lists of drawn elements."
  (if shape
      (loop repeat (first shape) collect (random-elements (rest shape) dtype))
      (draw-element dtype)))

(defun random-tensor (shape dtype)
  "A tensor of drawn elements: (random-tensor '(2 3) :f32)."
  (if (member 0 shape)
      (caten:full 0 shape :dtype dtype)
      (tensor (random-elements shape dtype) :dtype dtype)))

(defun draw-sizes (ranges)
  "((name . size)) from ((name lo hi))."
  (loop for (name lo hi) in ranges collect (cons name (+ lo (draw (1+ (- hi lo)))))))

(defun input-shape (parameter sizes terms leading)
  "The sizes of an input for drawn named sizes."
  (loop for dim in (if (listp (parameter-dims parameter)) (parameter-dims parameter) '())
        append (cond ((named dim "~") leading)
                     ((integerp dim) (list dim))
                     ((symbolp dim) (list (or (cdr (assoc dim sizes)) 3)))
                     (t (destructuring-bind (names function) (rest (assoc dim terms :test #'equal))
                          (list (apply function (mapcar (lambda (name) (or (cdr (assoc name sizes)) 3)) names))))))))

(defvar *test-values* '() "((name . tensor)) of the test under way, for oracles.")

(defun run-drawn-test (composite ranges forms leading)
  "Generates inputs for drawn sizes and checks the forms."
  (let* ((signature (composite-signature composite))
         (sizes (draw-sizes ranges))
         (values (loop for parameter in (signature-inputs signature)
                       collect (cons (parameter-name parameter)
                                     (cond ((size-parameter-p parameter) (or (cdr (assoc (parameter-name parameter) sizes)) 3))
                                           ((eq (parameter-mode parameter) :optional) nil)
                                           (t (let ((input (random-tensor
                                                            (input-shape parameter sizes (composite-terms composite) leading)
                                                            (placeholder-dtype parameter signature '()))))
                                                (if (eq (parameter-mode parameter) :rest) (list input input) input)))))))
         (*test-values* values)
         (names (append (mapcar #'car values) (mapcar #'car sizes))))
    (dolist (form forms)
      (report (catch 'skip
                (eval `(let ,(loop for (name . value) in (append values (set-difference sizes values :key #'car))
                                   collect `(,name ',value))
                         (declare (ignorable ,@(remove-duplicates names)))
                         ,form)))
              form (mapcar (lambda (size) (list (car size) (cdr size))) sizes)))))

(defun run-maker-test (ranges forms)
  "Checks the forms with drawn sizes bound."
  (let ((sizes (draw-sizes ranges)) (*test-values* '()))
    (dolist (form forms)
      (report (catch 'skip
                (eval `(let ,(loop for (name . value) in sizes collect `(,name ',value))
                         (declare (ignorable ,@(mapcar #'car sizes)))
                         ,form)))
              form (mapcar (lambda (size) (list (car size) (cdr size))) sizes)))))

(defun skip-test ()
  "Leaves a form of a test whose oracle is not installed."
  (throw 'skip :skipped))

(defvar *python* :unknown "The command that runs Python with NumPy, or nil if there is none.")

(defun python ()
  "The command that runs Python with NumPy: of $CATEN_PYTHON, or python3; nil if NumPy is not installed."
  (when (eq *python* :unknown)
    (setf *python*
          (let ((command (or (ext:getenv "CATEN_PYTHON") "python3")))
            (and (eql 0 (ignore-errors (nth-value 1 (ext:run-program command '("-c" "import numpy") :input nil :output nil :error nil))))
                 command))))
  *python*)

(defvar *folders* 0 "How many temporary folders were made.")

(defun make-folder ()
  "A new temporary folder, as a string."
  (let ((folder (format nil "~a/caten-test-~d-~d" (or (ext:getenv "TMPDIR") "/tmp") (ext:getpid) (incf *folders*))))
    (si::mkdir folder #o700)
    folder))

(defun numpy (expression &rest named)
  "The value of a Python expression over NumPy (np) and the inputs of the test, as a tensor; a name of an input is in either case.
Further values are given as name and tensor: (near (matmul A B) (numpy \"A @ B\")). Without NumPy the test is left out."
  (unless (python) (skip-test))
  (let* ((folder (make-folder))
         (output (concatenate 'string folder "/out.npy"))
         (files '()))
    (unwind-protect
         (let ((program (make-string-output-stream)))
           (format program "import numpy as np~%")
           (loop for (name . value) in (append *test-values* (loop for (name value) on named by #'cddr collect (cons name value)))
                 when (tensorp value)
                   do (let ((file (format nil "~a/~a.npy" folder (symbol-name name))))
                        (push file files)
                        (save-npy file value)
                        (format program "~a = ~a = np.load(~s)~%" (symbol-name name) (string-downcase name) file)))
           (format program "np.save(~s, np.ascontiguousarray(~a).reshape(np.shape(~a)))~%" output expression expression)
           (let ((status (nth-value 1 (ext:run-program (python) (list "-c" (get-output-stream-string program))
                                                       :input nil :output nil :error nil))))
             (unless (eql status 0) (error "Python cannot evaluate ~s" expression))
             (push output files)
             (load-npy output)))
      (dolist (file files) (ignore-errors (delete-file file)))
      (ignore-errors (si::rmdir (concatenate 'string folder "/"))))))

(defun test-composite (name)
  "Runs the examples and tests that the composite or documented function carries."
  (let ((composite (find-composite name)) (*seed* (sxhash (symbol-name name))))
    (dolist (clause (if composite (composite-clauses composite) (nth-value 2 (library-entry name))))
      (case (first clause)
        (:example
         (dolist (form (rest clause))
           (run-guarded name (lambda ()
                               (compute-tensors (remove-if-not #'tensorp (multiple-value-list (eval form))))
                               (report t form '())))))
        (:test
         (destructuring-bind (ranges . forms) (rest clause)
           (dolist (leading '(() (0) (5) (3 1)))
             (run-guarded name (lambda ()
                                 (if composite
                                     (run-drawn-test composite ranges forms leading)
                                     (run-maker-test ranges forms)))))))))))

(defun run-composite-tests (&rest names)
  "Runs the examples and tests of these composites, or of all; prints `N passed, N failed` and returns the number of failures."
  (let ((*passed* 0) (*failed* 0) (*skipped* 0))
    (dolist (name (or names (append (all-composites) (set-difference (library-names) (all-composites))))) (test-composite name))
    (summary)))

(defun tested-names ()
  "Names of the library that may carry examples and tests, with blanks between."
  (format nil "~(~{~a~^ ~}~)" (library-names)))

(defun try-composite (name)
  "Runs what a composite carries: how many checks held, how many did not, and what was said of these, as strings."
  (let* ((*passed* 0) (*failed* 0) (*skipped* 0)
         (text (with-output-to-string (*standard-output*)
                 (test-composite (find name (library-names) :test #'string-equal)))))
    (values (princ-to-string *passed*) (princ-to-string *failed*) text)))
