;;;; Computing lazy tensors, making them from Lisp data, and handing programs to C++.

(defpackage :caten/program
  (:use :cl)
  (:import-from :caten #:! #:tensor #:full #:zeros #:ones #:tensor->list #:item #:ir-of #:tensorp #:+inf #:-inf #:nan #:dtype-in)
  (:import-from :caten/tensor
   #:tensor-dtype #:tensor-shape #:tensor-value #:tensor-op #:tensor-free #:make-leaf #:set-computed #:poison-p #:poison
   #:describe-type #:*tensor-printer* #:*print-values*)
  (:import-from :caten/promotion #:resolve-dtype #:constant)
  (:import-from :caten/dim #:flatten-dims #:describe-shape)
  (:import-from :caten/composite
   #:find-composite #:all-composites #:trace-composite #:program-name #:program-inputs #:program-outputs #:program-dims #:program-derived)
  (:import-from :caten/primitive #:compute #:print-graph #:keep-graph #:array-from-list #:array-to-list #:array-text #:make-dim-env)
  (:import-from :caten/diagnostic #:checked #:fail #:suggest #:*place*)
  (:import-from :caten/evaluate #:evaluate-value #:condition-diagnostics #:with-guard)
  (:export #:compute-tensors #:print-tensor-values #:trace-text #:split-keywords))

(in-package :caten/program)

;;; Computing

(defun compute-tensors (tensors)
  "Computes the tensors that have no value yet, all at once: (compute-tensors (list x y))."
  (let ((open (remove-if #'tensor-value (remove-duplicates tensors :test #'eq))))
    (dolist (tensor open)
      (when (poison-p tensor) (fail 701 "the value of a failed form cannot be computed"))
      (when (tensor-free tensor)
        (fail 110 "a value of a loop's body is used outside its loop" :remedy "return it as a carry or collect it"))
      (unless (every #'integerp (tensor-shape tensor))
        (fail 305 "a value of a program without sizes cannot be computed" :found (describe-type tensor)
              :remedy "call the composite with tensors")))
    (when open
      (loop for tensor in open
            for array in (checked (compute open))
            do (set-computed tensor array)))
    tensors))

(defun ! (&rest tensors)
  "Computes lazy tensors and returns them as multiple values; other objects are returned as they are: (! (+ x 1))."
  (compute-tensors (remove-if-not #'tensorp tensors))
  (values-list tensors))

(defun tensor->list (tensor)
  "The elements as nested lists of numbers: (tensor->list (ones 2)) is (1.0 1.0)."
  (compute-tensors (list tensor))
  (array-to-list (tensor-value tensor)))

(defun item (tensor)
  "The only element of a tensor: (item (sum x))."
  (if (and (tensorp tensor) (every (lambda (size) (eql size 1)) (tensor-shape tensor)))
      (let ((list (tensor->list tensor)))
        (loop while (consp list) do (setf list (first list)))
        list)
      (fail 202 "`item` takes a tensor of one element"
            :found (if (tensorp tensor) (describe-type tensor) (princ-to-string tensor))
            :remedy "use tensor->list, or take one element first")))

(defun computable-p (tensor)
  "True if the tensor has or can have a value outside of any trace."
  (or (tensor-value tensor)
      (and (not (poison-p tensor)) (null (tensor-free tensor)) (every #'integerp (tensor-shape tensor))
           (not (eq (tensor-op tensor) :input)))))

(defun print-tensor-values (tensor stream)
  "Prints dtype, shape and elements of a tensor, which it computes; the type alone of an input of a traced program."
  (if (and (computable-p tensor) (not (depends-on-input-p tensor)))
      (progn
        (compute-tensors (list tensor))
        (let ((text (array-text (tensor-value tensor))))
          (format stream "#<~a~:[ ~;~%~]~a>" (describe-type tensor) (find #\Newline text) text)))
      (format stream "#<~a>" (describe-type tensor))))

(defun depends-on-input-p (tensor)
  "True if an input without data is among what the tensor is made of."
  (let ((seen (make-hash-table :test 'eq)) (open (list tensor)))
    (loop while open
          do (let ((node (pop open)))
               (unless (gethash node seen)
                 (setf (gethash node seen) t)
                 (when (and (eq (tensor-op node) :input) (null (tensor-value node))) (return t))
                 (dolist (operand (caten/tensor:tensor-operands node)) (push operand open)))))))

(setf *tensor-printer* #'print-tensor-values)

;;; Making

(defun split-keywords (arguments)
  "The arguments before the first keyword, and the rest: (split-keywords '(2 3 :dtype :f32)) is (2 3) and (:dtype :f32)."
  (let ((position (position-if #'keywordp arguments)))
    (if position
        (values (subseq arguments 0 position) (nthcdr position arguments))
        (values arguments '()))))

(defun tensor (data &key dtype)
  "A tensor of a number or of nested lists: (tensor '((1 2) (3 4)) :dtype :f32). Without :dtype integers are i64, other reals f32,
complex numbers c64, t and nil bool."
  (if (tensorp data)
      data
      (let ((made (checked (array-from-list data (and dtype (resolve-dtype dtype))))))
        (if (poison-p made)
            (poison)
            (destructuring-bind (array dtype . shape) made
              (make-leaf :data dtype shape :value array))))))

(defun filled (value arguments name)
  "A tensor filled with a value, from dims and keywords."
  (multiple-value-bind (dims keywords) (split-keywords arguments)
    (destructuring-bind (&key (dtype :f32) &allow-other-keys) keywords
      (loop for (key) on keywords by #'cddr
            unless (eq key :dtype)
              do (fail 705 (format nil "`~(~a~)` has no keyword argument ~(~s~)" name key) :remedy "it has :dtype"))
      (constant value (resolve-dtype dtype) (flatten-dims dims)))))

(defun full (value &rest dims-and-keywords)
  "A tensor filled with a number: (full 7 2 3 :dtype :i32)."
  (filled value dims-and-keywords 'full))
(defun zeros (&rest dims-and-keywords)
  "A tensor of zeros: (zeros 2 3 :dtype :f64)."
  (filled 0 dims-and-keywords 'zeros))
(defun ones (&rest dims-and-keywords)
  "A tensor of ones: (ones 2 3)."
  (filled 1 dims-and-keywords 'ones))

(defconstant +inf ext:double-float-positive-infinity "Infinity: (full +inf 2).")
(defconstant -inf ext:double-float-negative-infinity "Minus infinity.")
(defvar nan (ext:nan) "Not a number: (full nan 2).")
(defconstant caten:pi 3.141592653589793d0 "The number pi as a double-float.")

(defun dtype-in (tensor &rest dtypes)
  "True if the tensor has one of the dtypes: (dtype-in x :f16 :bf16)."
  (and (member (tensor-dtype tensor) dtypes) t))

;;; Programs

(defun program-arguments (object types)
  "Name, inputs, outputs, sizes and derived sizes of what a composite or a tensor stands for; second value: diagnostics."
  (let ((composite (find-composite object)))
    (cond (composite
           (multiple-value-bind (program diagnostics) (trace-composite composite :types types)
             (values (list (program-name program) (program-inputs program) (program-outputs program) (program-dims program))
                     diagnostics
                     (program-derived program))))
          ((tensorp object)
           (values (list "main" '() (list (cons "value" object)) (make-dim-env)) '() '()))
          (t (fail 701 "the last form is neither a composite nor a tensor"
                   :found (let ((*print-length* 5) (*print-level* 2)) (format nil "~(~s~)" object))
                   :remedy "end with (composite (…) …), the name of a composite, or a tensor")))))

(defun ir-of (object &key types)
  "The IR of a composite for all sizes, or of a lazy tensor, as text: (ir-of 'relu), (ir-of (+ x 1) :types '((t . :f64)))."
  (multiple-value-bind (arguments diagnostics) (program-arguments object types)
    (when diagnostics
      (error 'caten:caten-error :diagnostics diagnostics))
    (checked (apply #'print-graph arguments))))

(defun named-composite (name)
  "The name as a symbol of a composite: (named-composite \"relu\") is relu."
  (let ((symbol (find-symbol (string-upcase name) :caten-user)))
    (unless (find-composite symbol)
      (fail 112 (format nil "there is no composite `~a`" name)
            :expected "the name of a composite" :found name
            :remedy (suggest name (mapcar #'symbol-name (all-composites)))))
    symbol))

(defun trace-text (text source types entry)
  "Evaluates the text and keeps the graph of its last value, or of the composite `entry` unless that is \"\", for C++. Returns
(ok exit-code derived diagnostics)."
  (let ((place nil))
    (destructuring-bind (ok exit-code values diagnostics) (evaluate-value text source (lambda (form-place) (setf place form-place)))
      (if (or exit-code (not ok))
          (list ok exit-code '() diagnostics)
          (with-guard (c (list nil nil '() (mapcar (lambda (d) (caten/diagnostic:with-place d place)) (condition-diagnostics c))))
            (let ((*place* place)
                  (types (loop for (name . dtype) in types
                               collect (cons (intern (string-upcase name) :caten-user) dtype))))
              (multiple-value-bind (arguments found derived)
                  (program-arguments (if (string= entry "") (first values) (named-composite entry)) types)
                (if found
                    (list nil nil '() found)
                    (progn
                      (checked (apply #'keep-graph arguments))
                      (list t nil derived '()))))))))))
