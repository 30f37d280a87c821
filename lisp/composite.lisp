;;;; Composites: functions from tensors to tensors with a signature, written in the body language and made of other composites and
;;;; the 27 ops.

(defpackage :caten/composite
  (:use :cl)
  (:import-from :caten #:defcomposite #:composite #:composite-p #:defmaker #:document-function #:tensorp)
  (:import-from :caten/signature
   #:parse-signature #:signature-inputs #:signature-keys #:signature-outputs #:signature-text #:signature-terms #:signature-names
   #:term-names #:parameter-mode #:parameter-name)
  (:import-from :caten/match
   #:match-arguments #:placeholder-arguments #:check-results #:value-of #:binding #:misfit #:*subject* #:*terms*)
  (:import-from :caten/body #:body-form #:walk #:literal-place)
  (:import-from :caten/tensor #:make-region #:poison #:any-poison-p #:tensor-shape #:tensor-dtype #:describe-type)
  (:import-from :caten/ops #:plain-p #:run-loop)
  (:import-from :caten/dim #:*dims*)
  (:import-from :caten/promotion #:*types* #:constant #:as-tensor #:dtype-class)
  (:import-from :caten/primitive #:make-dim-env #:dim-derived #:source-text #:check-schedule)
  (:import-from :caten/diagnostic #:*place* #:*path* #:*collector* #:fail #:suggest #:diagnostic-p #:checked #:with-place)
  (:import-from :caten/syntax #:form-place)
  (:export #:library-names #:library-entry #:find-composite #:composite-name #:composite-signature #:composite-documentation #:composite-clauses #:composite-place #:*backwards*
           #:composite-body #:call-composite #:trace-composite #:program #:program-inputs #:program-outputs #:program-dims
           #:program-name #:program-derived #:program-types #:define-composite #:composite-around #:parse-composite #:all-composites #:composite-text #:written-name))

(in-package :caten/composite)

(defstruct (composite (:predicate nil) (:copier nil))
  name           ; symbol, or nil for an anonymous one
  signature      ; parsed
  names          ; variables of the body, in the order of its parameters
  terms          ; functions of the signature's sizes
  defaults       ; function of no argument that returns the default values of keyword arguments
  body           ; function
  documentation  ; string or nil
  gradient       ; function of :gradient, or nil: names and body as `body`, then the results and their cotangents
  adjoint        ; the same of :adjoint
  clauses        ; (:example …) (:test …) (:ulp n) (:schedule …) (:contract t) as written
  place)         ; where it is defined

(defvar *composites* '() "Names of all named composites, newest first.")
(defvar *anonymous* (make-hash-table :test 'eq :weakness :key) "Functions of anonymous composites → composites.")

(defvar *backwards* nil "Whether what is computed is to be differentiated backwards.")

(defparameter *depth-limit* 100 "How deeply composites may call composites.")

(defun find-composite (designator)
  "The composite that a name or a function stands for, or nil: (find-composite 'relu)."
  (cond ((and (symbolp designator) designator) (get designator 'composite))
        ((functionp designator) (values (gethash designator *anonymous*)))
        (t nil)))

(defun composite-p (object)
  "True of a composite's name, or of what (composite …) returns: (composite-p 'relu)."
  (and (find-composite object) t))

(defun all-composites ()
  "Names of all named composites, sorted."
  (sort (copy-list *composites*) #'string< :key #'symbol-name))

(defun composite-text (composite)
  "The signature on one line with the name before it."
  (format nil "~@[~(~a~) ~]~a" (composite-name composite) (signature-text (composite-signature composite))))

;;; Calling

(defun bad-call (composite code message &key found remedy)
  "Signals an error about the arguments as written."
  (fail code (format nil "~:[the composite~;~:*`~(~a~)`~] ~a" (composite-name composite) message)
        :expected (composite-text composite) :found found :remedy remedy)
  (throw 'misfit :poison))

(defun split-arguments (composite arguments)
  "One argument per input, and the values of keyword arguments in order."
  (let* ((signature (composite-signature composite))
         (inputs (signature-inputs signature))
         (keys (signature-keys signature))
         (positional '()) (rest arguments))
    (dolist (input inputs)
      (ecase (parameter-mode input)
        (:required
         (when (or (null rest) (and keys (keywordp (first rest))))
           (bad-call composite 105 (format nil "needs an argument for ~a" (parameter-name input))
                     :found (format nil "~d argument~:p" (length positional))))
         (push (pop rest) positional))
        (:optional (push (if (or (null rest) (keywordp (first rest))) nil (pop rest)) positional))
        (:rest (push (loop while (and rest (not (keywordp (first rest)))) collect (pop rest)) positional))))
    (let ((values (funcall (composite-defaults composite))))
      (loop while rest
            do (let* ((key (pop rest))
                      (place (and (keywordp key) (position key keys :test #'string= :key #'first))))
                 (cond ((not (keywordp key))
                        (bad-call composite 105 "is given too many arguments"
                                  :found (format nil "~d" (length arguments))))
                       ((null place)
                        (bad-call composite 705 (format nil "has no keyword argument ~(~s~)" key)
                                  :remedy (or (suggest (format nil ":~a" key) (mapcar (lambda (k) (format nil ":~a" (first k))) keys))
                                              (if keys (format nil "it has ~{:~(~a~)~^ ~}" (mapcar #'first keys)) "it has none"))))
                       ((null rest) (bad-call composite 705 (format nil "is given ~(~s~) without a value" key)))
                       (t (setf (nth place values) (pop rest))))))
      (values (nreverse positional) values))))

(defun region-attributes (composite values)
  "Keyword arguments that are plain data, as ((name value) …)."
  (loop for (name) in (signature-keys (composite-signature composite))
        for value in values
        unless (or (tensorp value) (functionp value))
          collect (list (string-downcase name) value)))

(defun expand-composite (composite positional keys)
  "The results of the composite on the arguments, as a list of regions."
  (let* ((signature (composite-signature composite))
         (caten/match::*bindings* '()) (*types* '())
         (*subject* (cons (composite-name composite) signature))
         (*terms* (composite-terms composite)))
    (loop for (name) in (signature-keys signature)
          for value in keys
          do (caten/match::bind name value))
    (let* ((arguments (match-arguments signature positional))
           (results (run-body composite))
           (tensors (remove nil (loop for argument in arguments
                                      append (if (listp argument) (remove-if-not #'tensorp argument) (and (tensorp argument) (list argument))))))
           (attributes (append (region-attributes composite keys)
                               (when (second (assoc :contract (composite-clauses composite))) '(("contract" t))))))
      (loop with checked = (check-results signature results)
            for result in (with-own-gradient composite checked tensors)
            for index from 0
            collect (make-region (string-downcase (or (composite-name composite) "composite")) attributes index result tensors
                                 (rest (assoc :schedule (composite-clauses composite))))))))

(defun with-own-gradient (composite results tensors)
  "The results, marked with what the composite says of its gradient. An :adjoint is no other gradient than the rules', so that it is
traced only where it is used."
  (let ((gradient (composite-gradient composite)) (adjoint (and *backwards* (composite-adjoint composite))))
    (cond ((any-poison-p (append results tensors)) results)
          (gradient (with-gradient "custom-gradient" gradient composite results tensors))
          (adjoint (with-gradient "adjoint" adjoint composite results tensors))
          (t results))))

(defun with-gradient (region gradient composite results tensors)
  "The results, marked with the composite's own gradient: a region, as cxx/autodiff/vjp.hpp tells. The loop binds the
cotangent of one result; those of the others are zero there, since the gradient is linear in all of them."
  (let ((arguments (remove-if-not #'smooth tensors)))
    (loop for result in results
          for index from 0
          collect (if (and (smooth result) arguments)
                      (let* ((zeros (mapcar (lambda (tensor) (constant 0 (tensor-dtype tensor) (tensor-shape tensor))) results))
                             (cotangents (multiple-value-list
                                          (run-loop 1 (cons (nth index zeros)
                                                            (mapcar (lambda (tensor) (constant 0 (tensor-dtype tensor) (tensor-shape tensor)))
                                                                    arguments))
                                                    (list* 'dy (mapcar (constantly 'dx) arguments)) 'i
                                                    (gradient-step gradient composite results zeros index arguments)))))
                        (if (any-poison-p cotangents)
                            (poison)
                            (make-region region '() index result
                                         (append arguments (subseq cotangents 1 (1+ (length arguments)))))))
                      result))))

(defun smooth (tensor)
  "True of a tensor of floats or complex numbers."
  (member (dtype-class (tensor-dtype tensor)) '(:float :complex)))

(defun gradient-step (gradient composite results zeros index arguments)
  "The body of that loop: the next values are the cotangent and those of the arguments."
  (lambda (counter dy &rest carries)
    (declare (ignore counter carries))
    (let* ((given (loop for zero in zeros for k from 0 collect (if (= k index) dy zero)))
           (found (multiple-value-list
                   (apply gradient
                          (append (mapcar #'value-of (composite-names composite)) results given)))))
      (unless (= (length found) (length arguments))
        (fail 703 (format nil "the :gradient of ~a returns another number of cotangents than there are tensors of floats"
                          (composite-text composite))
              :expected (format nil "~d" (length arguments)) :found (format nil "~d" (length found))
              :remedy "return one for each with (return a b), nil for one that is zero"))
      (values (cons dy (loop for value in found
                             for argument in arguments
                             collect (fitting-cotangent composite value argument)))
              '() '()))))

(defun fitting-cotangent (composite value argument)
  "The cotangent that a :gradient returns, of the argument's type."
  (let ((tensor (if (null value) (constant 0 (tensor-dtype argument) (tensor-shape argument)) (as-tensor value))))
    (unless (and (eq (tensor-dtype tensor) (tensor-dtype argument)) (equal (tensor-shape tensor) (tensor-shape argument)))
      (fail 703 (format nil "the :gradient of ~a returns a cotangent of another type than its argument" (composite-text composite))
            :expected (describe-type argument) :found (describe-type tensor) :remedy "cast, sum or reshape it to the argument's type"))
    tensor))

(defun run-body (composite)
  "The values of the body, with what is bound."
  (multiple-value-list
   (apply (composite-body composite)
          (mapcar #'value-of (composite-names composite)))))

(defun call-composite (composite arguments)
  "The composite's results on the arguments as multiple values; a Common Lisp function of its name takes over where no argument is a
tensor: (call-composite (find-composite 'relu) (list x))."
  (let ((plain (and (composite-name composite)
                    (plain-p arguments)
                    (not (some (lambda (argument) (and (listp argument) (some #'tensorp argument))) arguments))
                    (plain-function (composite-name composite)))))
    (cond (plain (apply plain arguments))
          ((any-poison-p arguments) (poison))
          ((>= (length *path*) *depth-limit*)
           (fail 108 (format nil "composites call each other more than ~d levels deep" *depth-limit*)
                 :found (format nil "~{~(~a~)~^ -> ~}" (mapcar #'car (subseq *path* 0 8)))
                 :remedy "look for a composite that calls itself with the same sizes")
           (poison))
          (t (let ((results (catch 'misfit
                              (multiple-value-bind (positional keys) (split-arguments composite arguments)
                                (if (any-poison-p keys)
                                    :poison
                                    (let ((*path* (cons (cons (or (composite-name composite) "composite") *place*) *path*)))
                                      (expand-composite composite positional keys)))))))
               (if (eq results :poison) (poison) (values-list results)))))))

(defun plain-function (name)
  "The function for arguments that are no tensors: of the property :plain, or Common Lisp's of the same name; else nil."
  (or (get name :plain)
      (multiple-value-bind (symbol status) (find-symbol (symbol-name name) :cl)
        (and (eq status :external) (not (eq symbol name)) (fboundp symbol) (not (macro-function symbol))
             (fdefinition symbol)))))

;;; Defining

(defparameter *clauses* '(:example :test :ulp :error :reference :schedule :contract :gradient :adjoint) "What may stand between docstring and body.")

(defun split-clauses (forms)
  "The docstring, the clauses and the body of a definition."
  (let ((documentation (and (stringp (first forms)) (pop forms)))
        (clauses '()))
    (loop while (and (consp (first forms)) (member (caar forms) *clauses*))
          do (push (pop forms) clauses))
    (check-schedules clauses)
    (values documentation (nreverse clauses) forms)))

(defun check-schedules (clauses)
  "Refuses malformed (:schedule …) clauses, and more than one. The compiler of the library has no primitives: its tests see to it."
  (let ((schedules (remove :schedule clauses :key #'first :test-not #'eq)))
    (when (rest schedules) (fail 113 "a composite has two schedules" :expected "one (:schedule …)" :remedy "put all clauses into it"))
    (when (and schedules (fboundp 'check-schedule))
      (let ((answer (check-schedule (rest (first schedules)))))
        (when (diagnostic-p answer) (checked (with-place answer (form-place (first schedules)))))))))

(defun term-forms (signature names)
  "Forms that make the functions of the signature's sizes: (term names function)."
  (loop for term in (signature-terms signature)
        when (consp term)
          collect (let ((used (intersection names (term-names term))))
                    `(list ',term ',used (lambda ,used ,(walk term))))))

(defun gradient-form (clause signature names)
  "A form that makes the function of (:gradient (dy…) form…), or (:adjoint …), or nil: the names of the body, of the results and of their cotangents are
its variables."
  (when clause
    (let ((outputs (mapcar #'parameter-name (signature-outputs signature))) (cotangents (second clause)))
      (unless (and (listp cotangents) (= (length cotangents) (length outputs)) (every #'symbolp cotangents) (cddr clause))
        (fail 703 (format nil "a malformed (~(~s~) …)" (first clause)) :expected (format nil "(~(~s~) (~{d~(~a~)~^ ~}) form…)" (first clause) outputs)
              :found (let ((*print-length* 4) (*print-level* 3)) (format nil "~(~s~)" clause))
              :remedy "name a cotangent for each result, then say the arguments' cotangents"))
      (let* ((results (set-difference outputs names))
             (variables (append names (mapcar (lambda (output) (if (member output results) output (gensym))) outputs) cotangents)))
        `(lambda ,variables
           (declare (ignorable ,@variables))
           ,(body-form (cddr clause) variables))))))

(defun parse-composite (name signature-form forms)
  "A form that makes the composite; what the macros expand to."
  (multiple-value-bind (documentation clauses body) (split-clauses forms)
    (let* ((signature (parse-signature signature-form))
           (names (signature-names signature)))
      (when (null body)
        (fail 703 (format nil "~:[the composite~;~:*`~(~a~)`~] has no body" name) :remedy "add a form that returns the result"))
      `(make-composite
        :name ',name
        :signature ',signature
        :names ',names
        :terms (list ,@(term-forms signature names))
        :defaults (lambda () (list ,@(mapcar #'second (signature-keys signature))))
        :body (lambda ,names
                (declare (ignorable ,@names))
                ,(body-form body names))
        :documentation ,documentation
        :gradient ,(gradient-form (assoc :gradient clauses) signature names)
        :adjoint ,(gradient-form (assoc :adjoint clauses) signature names)
        :clauses ',clauses
        :place ',(literal-place (form-place signature-form))))))

(defun composite-around (name signature function)
  "A composite whose body is a function of a function: this gives the values of the signature's names, and their sizes."
  (let ((names (signature-names signature)))
    (make-composite :name name :signature signature :names names :terms (eval `(list ,@(term-forms signature names)))
                    :defaults (lambda () (mapcar #'second (signature-keys signature)))
                    :body (lambda (&rest values) (declare (ignore values)) (funcall function #'value-of)))))

(defun define-composite (composite)
  "Makes the composite known under its name and gives the name a function. Names of package caten become public."
  (let ((name (composite-name composite)))
    (setf (get name 'composite) composite)
    (pushnew name *composites*)
    (when (eq (symbol-package name) (load-time-value (find-package :caten))) (export name :caten))
    (setf (fdefinition name) (lambda (&rest arguments) (call-composite composite arguments)))
    (si::set-documentation name 'function
                           (format nil "~a~@[~2%~a~]" (composite-text composite) (composite-documentation composite)))
    name))

(defmacro defcomposite (name signature &body body)
  "Defines a composite: (defcomposite relu ((x{t}[~]) -> (y{t}[~])) \"The larger of x and 0.\" (max x 0))
→ (define-composite (make-composite :name 'relu :body (lambda (x ~) (block nil … (max x 0))) …))."
  (unless (and (symbolp name) name (not (keywordp name)))
    (fail 703 "the name of a composite must be a symbol" :found (princ-to-string name)))
  (when (eq (symbol-package name) (find-package :cl))
    (fail 703 (format nil "`~(~a~)` belongs to Common Lisp" name) :remedy "choose another name"))
  `(define-composite ,(parse-composite name signature body)))

(defun make-anonymous (composite)
  "A function that calls the composite, and that find-composite finds."
  (let ((function (lambda (&rest arguments) (call-composite composite arguments))))
    (setf (gethash function *anonymous*) composite)
    function))

(defmacro composite (signature &body body)
  "A composite without a name, as a function: (funcall (composite ((x{t}[n]) -> (y{t}[n])) (* 2 x)) v)."
  `(make-anonymous ,(parse-composite nil signature body)))

;;; Functions of the library that are no composites: makers, which take dims before their keywords, and names of ops

(defvar *functions* '() "((name text documentation clauses) …) of functions that are documented and tested as composites are.")

(defun define-function (name lambda-list documentation clauses)
  "Makes the function public, with the clauses of a composite: its docstring is the call and the documentation."
  (let ((text (format nil "~(~a~)~{ ~(~s~)~}" name lambda-list)))
    (setf *functions* (cons (list name text documentation clauses) (remove name *functions* :key #'first)))
    (when (eq (symbol-package name) (load-time-value (find-package :caten))) (export name :caten))
    (si::set-documentation name 'function (format nil "~a~2%~a" text documentation))
    name))

(defmacro defmaker (name lambda-list &body body)
  "A function with docstring and clauses as a composite has them, for what has no signature of tensors:
(defmaker eye (n &key (dtype :f32)) \"The unit matrix.\" (:example (eye 3)) …) → (progn (defun eye …) (define-function 'eye …))."
  (multiple-value-bind (documentation clauses forms) (split-clauses body)
    (dolist (clause '(:schedule :contract))
      (when (assoc clause clauses)
        (fail 113 (format nil "a maker has no kernels for ~(~s~)" clause) :remedy (format nil "leave ~(~s~) out" clause))))
    `(progn (defun ,name ,lambda-list ,@forms)
            (define-function ',name ',lambda-list ,documentation ',clauses))))

(defmacro document-function (name lambda-list &body body)
  "Documentation and clauses of a function that is defined elsewhere: (document-function where (condition a b) \"…\" (:ulp 0))
→ (define-function 'where …)."
  (multiple-value-bind (documentation clauses) (split-clauses body)
    `(define-function ',name ',lambda-list ,documentation ',clauses)))

(defun library-names ()
  "Names of all composites and documented functions of package caten, sorted."
  (let ((package (load-time-value (find-package :caten))))
    (sort (remove-if-not (lambda (name) (eq (symbol-package name) package))
                         (union *composites* (mapcar #'first *functions*)))
          #'string< :key #'symbol-name)))

(defun library-entry (name)
  "Text of the call, documentation and clauses of a composite or documented function: (library-entry 'relu)."
  (let ((composite (find-composite name)))
    (if composite
        (values (composite-text composite) (composite-documentation composite) (composite-clauses composite))
        (values-list (rest (assoc name *functions*))))))

;;; Tracing for all sizes

(defstruct (program (:predicate nil) (:copier nil))
  name      ; string
  inputs    ; tensors
  outputs   ; ((name . tensor) …)
  dims      ; sizes, equations and guards
  types)    ; ((type variable . dtype) …)

(defun program-derived (program)
  "Lines that say which sizes were derived: (\"N = K = 2M\")."
  (dim-derived (program-dims program)))

(defun written-name (symbol text)
  "The symbol's name as the text spells it, or in lower case: (written-name 'k \"(A{T}[k])\") is \"k\"."
  (let ((name (symbol-name symbol)))
    (flet ((boundary (index)
             (or (not (< -1 index (length text)))
                 (find (char text index) '(#\Space #\Tab #\Newline #\Return #\( #\) #\{ #\} #\[ #\] #\, #\<)))))
      (loop for start = (search name text :test #'char-equal)
              then (search name text :test #'char-equal :start2 (1+ start))
            while start
            when (and (boundary (1- start)) (boundary (+ start (length name))))
              do (return (subseq text start (+ start (length name))))
            finally (return (string-downcase name))))))

(defun value-names (composite)
  "A function from symbols to names of values, spelled as in the composite's signature."
  (let ((text (or (and (consp (composite-place composite)) (apply #'source-text (composite-place composite))) "")))
    (lambda (symbol) (written-name symbol text))))

(defun trace-composite (composite &key types)
  "The composite as a program for all sizes, and diagnostics of all that fails in it: types maps type variables to dtypes."
  (let* ((diagnostics '())
         (signature (composite-signature composite))
         (*dims* (make-dim-env))
         (caten/match::*bindings* '()) (*types* '())
         (*subject* (cons (composite-name composite) signature))
         (*terms* (composite-terms composite))
         (*collector* (lambda (diagnostic) (push diagnostic diagnostics)))
         (results '()) (inputs '()))
    (loop for (name) in (signature-keys signature)
          for value in (funcall (composite-defaults composite))
          do (caten/match::bind name value))
    (catch 'misfit
      (setf inputs (placeholder-arguments signature types (value-names composite))
            results (check-results signature (run-body composite))))
    (values (make-program :name (if (composite-name composite) (string-downcase (composite-name composite)) "main")
                          :inputs (loop for input in inputs
                                        append (remove-if-not #'tensorp (if (listp input) input (list input))))
                          :outputs (loop for output in (signature-outputs signature)
                                         for result in results
                                         collect (cons (funcall (value-names composite) (parameter-name output)) result))
                          :dims *dims*
                          :types *types*)
            (nreverse diagnostics))))
