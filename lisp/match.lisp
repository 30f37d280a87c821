;;;; Matching a signature with actual arguments: dtypes unified, leading sizes broadcast, named sizes bound and checked.

(defpackage :caten/match
  (:use :cl)
  (:import-from :caten #:tensorp #:~)
  (:import-from :caten/signature
   #:parameter-name #:parameter-type #:parameter-class #:parameter-kind #:parameter-dims #:parameter-mode
   #:signature-inputs #:signature-outputs #:signature-clauses #:signature-text #:size-parameter-p #:parameter-text #:named
   #:signature-types)
  (:import-from :caten/tensor #:tensor-dtype #:tensor-shape #:poison #:poison-p #:any-poison-p #:describe-type #:make-leaf)
  (:import-from :caten/promotion
   #:promote-dtypes #:common-dtype #:dtype-class #:convert #:constant #:broadcast-shapes #:broadcast-to #:as-tensor #:literal-dtype
   #:resolve-dtype #:*types*)
  (:import-from :caten/dim #:dim-p #:dim= #:dim<= #:equate #:solve #:size-symbol #:symbolic-p #:describe-dim #:describe-shape #:*dims*)
  (:import-from :caten/primitive #:dim-declare #:dim-require)
  (:import-from :caten/diagnostic #:fail #:checked)
  (:export #:match-arguments #:placeholder-arguments #:check-results #:placeholder-dtype #:binding #:value-of #:misfit #:*subject* #:*terms*))

(in-package :caten/match)

(defvar *subject* nil "The composite whose arguments are matched: (name . signature), for messages.")
(defvar *terms* '() "Functions for the terms of the signature: (term names function).")
(defvar *bindings* '() "What names of the signature stand for so far: ((name . value)).")

;;; Bindings

(defun binding (name)
  "The pair of a bound name, or nil."
  (assoc name *bindings*))

(defun value-of (name)
  "The value of a bound name."
  (cdr (binding name)))

(defun bind (name value)
  "Binds a name."
  (push (cons name value) *bindings*)
  value)

(defun subject-name ()
  "The composite's name for messages."
  (if (car *subject*) (format nil "`~(~a~)`" (car *subject*)) "the composite"))

(defun describe-argument (object)
  "Type of a tensor, or the object itself, shortened."
  (cond ((poison-p object) "a failed form")
        ((tensorp object) (describe-type object))
        (t (let ((*print-length* 6) (*print-level* 3)) (format nil "~(~s~)" object)))))

(defun misfit (code problem arguments &key remedy)
  "Signals that the arguments do not fit the signature, with both."
  (fail code (format nil "~a ~a" (subject-name) problem)
        :expected (signature-text (cdr *subject*))
        :found (format nil "~{~a~^, ~}"
                       (loop for parameter in (signature-inputs (cdr *subject*))
                             for argument in arguments
                             unless (null argument)
                               collect (format nil "~a ~a" (parameter-name parameter)
                                               (if (eq (parameter-mode parameter) :rest)
                                                   (format nil "~{~a~^ ~}" (mapcar #'describe-argument argument))
                                                   (describe-argument argument)))))
        :remedy remedy)
  (throw 'misfit :poison))

;;; Dtypes

(defun class-has (class dtype)
  "True if the class, or the dtype it is, holds the dtype: (class-has :real :i8)."
  (let ((of (dtype-class dtype)))
    (case class
      (:any t)
      (:float (eq of :float))
      (:integer (member of '(:signed :unsigned)))
      (:signed (eq of :signed))
      (:unsigned (eq of :unsigned))
      (:complex (eq of :complex))
      (:bool (eq of :bool))
      (:real (member of '(:signed :unsigned :float)))
      (:numeric (member of '(:signed :unsigned :float :complex)))
      (t (eq class dtype)))))

(defun fit-class (dtype classes)
  "The dtype, or f32 for integers and bool where only floats (and complex) fit, or nil."
  (cond ((or (null classes) (some (lambda (class) (class-has class dtype)) classes)) dtype)
        ((and (member :float classes) (member (dtype-class dtype) '(:bool :signed :unsigned))) :f32)
        ((and (eq dtype :bool) (some (lambda (class) (member class '(:integer :signed :real :numeric))) classes)) :i64)
        (t nil)))

(defun type-classes (type signature)
  "The classes that parameters and where clauses demand of a type variable."
  (append (loop for parameter in (signature-inputs signature)
                when (eq (parameter-type parameter) type) append (parameter-class parameter))
          (loop for (relation name classes) in (signature-clauses signature)
                when (and (eq relation :in) (eq name type)) append classes)))

(defun tensors-of (parameter argument)
  "The tensors and literals of one argument."
  (cond ((size-parameter-p parameter) '())
        ((eq (parameter-mode parameter) :rest) argument)
        ((null argument) (if (eq (parameter-mode parameter) :optional) '() (list argument)))
        (t (list argument))))

(defun check-operands (signature arguments)
  "Signals E0705 for an argument that is neither a tensor nor a number."
  (loop for parameter in (signature-inputs signature)
        for argument in arguments
        do (dolist (object (tensors-of parameter argument))
             (unless (typep object '(or caten/tensor::tensor number (member t nil)))
               (misfit 705 "takes tensors and numbers" arguments
                       :remedy (cond ((atom object) "pass a tensor")
                                     ((some #'tensorp object) "pass the tensors one by one, without the list")
                                     (t "make a tensor of the list: (tensor '(1 2 3))")))))))

(defun unify-types (signature arguments)
  "Binds the type variables in *types*; returns them."
  (dolist (type (signature-types signature))
    (let ((operands (loop for parameter in (signature-inputs signature)
                          for argument in arguments
                          when (eq (parameter-type parameter) type)
                            append (tensors-of parameter argument)))
          (classes (type-classes type signature)))
      (when operands
        (let* ((common (common-dtype operands))
               (fitting (and common (fit-class common classes))))
          (cond ((null common) (throw 'misfit :poison))
                ((null fitting)
                 (misfit 203 (format nil "does not take ~(~a~)" common) arguments
                         :remedy (format nil "~a must be ~{~(~a~)~^ or ~}; cast the argument" type classes)))
                (t (push (cons type fitting) *types*)
                   (unless (constantp type) (bind type fitting)))))))))

(defun convert-argument (parameter object arguments)
  "One tensor or literal with the dtype that the parameter demands."
  (let* ((type (parameter-type parameter))
         (wanted (cond ((keywordp type) type)
                       (type (cdr (assoc type *types*)))
                       (t nil)))
         (given (if (tensorp object) (tensor-dtype object) (literal-dtype object)))
         (target (or wanted (fit-class given (parameter-class parameter)))))
    (cond ((null target)
           (misfit 203 (format nil "does not take ~(~a~) for ~a" given (parameter-name parameter)) arguments
                   :remedy "cast the argument"))
          ((not (tensorp object)) (constant object target))
          ((and (keywordp type) (not (eq given target)) (not (eq (promote-dtypes given target) target)))
           (misfit 201 (format nil "takes ~(~a~) for ~a, not ~(~a~)" target (parameter-name parameter) given) arguments
                   :remedy (format nil "cast it: (cast x ~(~s~))" target)))
          (t (convert object target)))))

(defun convert-arguments (signature arguments)
  "All arguments as tensors of their dtypes."
  (loop for parameter in (signature-inputs signature)
        for argument in arguments
        collect (cond ((size-parameter-p parameter) argument)
                      ((eq (parameter-mode parameter) :rest)
                       (mapcar (lambda (object) (convert-argument parameter object arguments)) argument))
                      ((and (null argument) (eq (parameter-mode parameter) :optional)) nil)
                      (t (convert-argument parameter argument arguments)))))

;;; Leading sizes

(defun leading-p (parameter)
  "True of a parameter with ~ among its sizes."
  (and (listp (parameter-dims parameter)) (find-if (lambda (dim) (named dim "~")) (parameter-dims parameter))))

(defun split-shape (parameter shape arguments)
  "The sizes that ~ stands for (or none), and the others in order; checks the rank."
  (let* ((dims (parameter-dims parameter))
         (place (position-if (lambda (dim) (named dim "~")) dims))
         (extra (- (length shape) (length (remove-if (lambda (dim) (named dim "~")) dims)))))
    (unless (if place (>= extra 0) (zerop extra))
      (misfit 212 (format nil "takes ~a ~a of rank ~d~:[~; or more~], not ~d" (if place "an" "an") (parameter-name parameter)
                          (- (length shape) extra) place (length shape))
              arguments :remedy "reshape or unsqueeze the argument"))
    (if place
        (values (subseq shape place (+ place extra)) (append (subseq shape 0 place) (nthcdr (+ place extra) shape)))
        (values '() shape))))

(defun broadcast-leading (signature arguments)
  "Binds ~ to the leading sizes of all inputs that have it, broadcast; returns the arguments expanded to them."
  (let* ((sharing (loop for parameter in (signature-inputs signature)
                        for argument in arguments
                        when (and argument (not (size-parameter-p parameter)) (leading-p parameter)
                                  (not (eq (parameter-mode parameter) :rest)))
                          collect (cons parameter argument)))
         (shapes (loop for (parameter . argument) in sharing
                       collect (split-shape parameter (tensor-shape argument) arguments))))
    (when sharing
      (multiple-value-bind (leading fits) (broadcast-shapes shapes)
        (unless fits
          (misfit 202 "has arguments whose leading sizes do not fit" arguments
                  :remedy "sizes must be equal, or 1, from the last axis backwards"))
        (bind '~ leading)
        (setf arguments
              (loop for parameter in (signature-inputs signature)
                    for argument in arguments
                    for mine = (assoc parameter sharing :test #'eq)
                    collect (if (and mine (rest sharing))
                                (expand-leading parameter argument leading arguments)
                                argument)))))
    arguments))

(defun expand-leading (parameter argument leading arguments)
  "The argument with its sizes at ~ broadcast to `leading`."
  (let* ((dims (parameter-dims parameter))
         (place (position-if (lambda (dim) (named dim "~")) dims))
         (shape (tensor-shape argument)))
    (multiple-value-bind (mine others) (split-shape parameter shape arguments)
      (let* ((missing (- (length leading) (length mine)))
             (before (subseq others 0 place))
             (after (nthcdr place others))
             (padded (append before (make-list missing :initial-element 1) mine after)))
        (broadcast-to (if (plusp missing)
                          (caten/tensor:make-node :reshape (list argument) '() nil padded)
                          argument)
                      (append before leading after))))))

;;; Named sizes

(defun term-value (term)
  "The value of a size term, and the name that keeps it from having one."
  (cond ((integerp term) term)
        ((symbolp term) (let ((pair (binding term))) (if pair (values (cdr pair) nil) (values nil term))))
        (t (destructuring-bind (names function) (rest (assoc term *terms* :test #'equal))
             (let ((unknown (remove-if #'binding names)))
               (cond ((null unknown) (apply function (mapcar #'value-of names)))
                     ((rest unknown) (values nil (first unknown)))
                     (t (values nil (first unknown)))))))))

(defun solve-term (term unknown value)
  "Binds the one unknown name of the term so that the term has the value; nil if that fails."
  (let ((symbol (size-symbol (format nil "?~a" unknown))))
    (destructuring-bind (names function) (rest (assoc term *terms* :test #'equal))
      (when (= 1 (count-if-not #'binding names))
        (let* ((expression (apply function (mapcar (lambda (name) (if (eq name unknown) symbol (value-of name))) names)))
               (solution (solve symbol expression value)))
          (and solution (progn (bind unknown solution) t)))))))

(defun size-misfit (what term expected found arguments)
  "Signals E0202 for a size that has another value than the signature demands."
  (misfit 202 (format nil "does not fit: ~a is ~a where ~a is ~a" what (describe-dim found)
                      (let ((*print-case* :upcase)) (princ-to-string term)) (describe-dim expected))
          arguments :remedy "make the sizes equal"))

(defun match-size (term size what arguments)
  "Binds or checks one size; returns true, or nil if the term has unknowns yet."
  (multiple-value-bind (value unknown) (term-value term)
    (cond ((null unknown)
           (unless (dim= value size)
             (if (and (or (symbolic-p value) (symbolic-p size)) *dims*)
                 (equate value size (format nil "~a of ~a" what (subject-name)))
                 (size-misfit what term value size arguments)))
           t)
          ((eq unknown term) (bind term size) t)
          ((solve-term term unknown size) t)
          (t nil))))

(defun match-sizes (signature arguments)
  "Binds and checks the sizes of all inputs: names first, expressions when their names are known."
  (let ((open (loop for parameter in (signature-inputs signature)
                    for argument in arguments
                    when (and argument (not (size-parameter-p parameter)) (listp (parameter-dims parameter)))
                      append (loop for tensor in (if (eq (parameter-mode parameter) :rest) argument (list argument))
                                   append (multiple-value-bind (leading others) (split-shape parameter (tensor-shape tensor) arguments)
                                            (declare (ignore leading))
                                            (loop for term in (remove-if (lambda (dim) (named dim "~")) (parameter-dims parameter))
                                                  for size in others
                                                  for axis from 0
                                                  collect (list term size (format nil "axis ~d of ~a" axis
                                                                                  (parameter-name parameter)))))))))
    (flet ((pass (test)
             (setf open (remove-if (lambda (item) (and (funcall test (first item)) (match-size (first item) (second item) (third item)
                                                                                               arguments)))
                                   open))))
      (pass #'atom)
      (match-clauses signature arguments)
      (pass #'consp)
      (match-clauses signature arguments)
      (pass #'consp)
      (when open
        (misfit 305 (format nil "has a size ~a that its arguments do not decide" (first (first open))) arguments)))))

(defun match-clauses (signature arguments)
  "Binds what equations of the where clause define and checks what is known."
  (dolist (clause (signature-clauses signature))
    (unless (eq (first clause) :in)
      (destructuring-bind (relation left right) clause
        (multiple-value-bind (a unknown-a) (term-value left)
          (multiple-value-bind (b unknown-b) (term-value right)
            (cond ((and unknown-a unknown-b))
                  (unknown-a
                   (when (eq relation :=)
                     (if (eq unknown-a left) (bind left b) (solve-term left unknown-a b))))
                  (unknown-b
                   (when (eq relation :=)
                     (if (eq unknown-b right) (bind right a) (solve-term right unknown-b a))))
                  (t (check-clause relation left right a b arguments)))))))))

(defun check-clause (relation left right a b arguments)
  "Signals E0307 unless the condition between two sizes holds."
  (unless (and (dim-p a) (dim-p b))
    (misfit 703 (format nil "compares ~(~a~) with ~(~a~)" a b) arguments))
  (let ((numbers (and (integerp a) (integerp b))))
    (unless (cond ((and (not numbers) *dims*)
                   (case relation
                     (:= (equate a b (format nil "where clause of ~a" (subject-name))))
                     (:<= (checked (dim-require *dims* a b (format nil "where clause of ~a" (subject-name)))))
                     (:< (checked (dim-require *dims* (caten/dim:dim+ a 1) b (format nil "where clause of ~a" (subject-name)))))
                     (t t)))
                  (t (ecase relation
                       (:= (dim= a b)) (:/= (not (dim= a b))) (:<= (dim<= a b)) (:< (dim<= (caten/dim:dim+ a 1) b)))))
      (misfit 307 (format nil "needs ~a ~a ~a" left relation right) arguments
              :remedy (format nil "here ~{~a is ~a~^ and ~}"
                              (append (unless (integerp left) (list left (describe-dim a)))
                                      (unless (integerp right) (list right (describe-dim b)))))))))

;;; Entries

(defun match-arguments (signature arguments)
  "Converts, broadcasts and checks the arguments, one for each input. Returns them; *bindings* and *types* hold what names mean."
  (loop for parameter in (signature-inputs signature)
        for argument in arguments
        when (size-parameter-p parameter)
          do (when (and (eq (parameter-kind parameter) :size) (not (dim-p argument)) argument)
               (misfit 705 (format nil "takes a size for ~a" (parameter-name parameter)) arguments :remedy "pass an integer"))
             (bind (parameter-name parameter) argument))
  (check-operands signature arguments)
  (unify-types signature arguments)
  (let ((converted (broadcast-leading signature (convert-arguments signature arguments))))
    (match-sizes signature converted)
    (loop for parameter in (signature-inputs signature)
          for argument in converted
          do (unless (size-parameter-p parameter) (bind (parameter-name parameter) argument)))
    converted))

(defun placeholder-dtype (parameter signature types)
  "The dtype of an input of a traced program: its own, the one chosen for its type variable, or the first usual one that fits."
  (let ((type (parameter-type parameter)))
    (cond ((keywordp type) type)
          ((and type (cdr (assoc type types))))
          (t (let ((classes (append (parameter-class parameter) (and type (type-classes type signature)))))
               (or (find-if (lambda (dtype) (or (null classes) (some (lambda (class) (class-has class dtype)) classes)))
                            '(:f32 :i64 :bool :c64 :u64))
                   (first classes)))))))

(defun fresh-size (name taken)
  "A new size whose name begins so, declared in *dims*: (fresh-size \"X0\" '(n)) is caten/size::x0."
  (loop while (member name taken :test #'string=)
        do (setf name (concatenate 'string name "_")))
  (dim-declare *dims* name 0 nil)
  (size-symbol name))

(defun placeholder-shape (parameter name taken)
  "The sizes of an input: those declared, without leading ones; two of its own where any shape will do."
  (if (listp (parameter-dims parameter))
      (loop for dim in (parameter-dims parameter)
            unless (named dim "~") collect (term-value dim))
      (loop for k below 2 collect (fresh-size (format nil "~:@(~a~)~d" name k) taken))))

(defun placeholder (parameter signature types name taken)
  "An input of a traced program for a tensor."
  (make-leaf :input (placeholder-dtype parameter signature types) (placeholder-shape parameter name taken) :name name))

(defun cannot-trace (parameter)
  "Signals E0705 for an input that is any Lisp object."
  (fail 705 (format nil "~a takes a Lisp object for ~a, without which it cannot be traced" (subject-name) (parameter-name parameter))
        :expected "tensors and sizes" :remedy "trace a composite that calls it")
  (throw 'misfit nil))

(defun placeholder-arguments (signature types names)
  "Inputs of a program that is traced for all sizes: declares its sizes in *dims* and binds every name. `names` maps symbols to the
spelling of inputs."
  (let ((size-names '()))
    (dolist (parameter (signature-inputs signature))
      (when (size-parameter-p parameter) (push (parameter-name parameter) size-names))
      (when (listp (parameter-dims parameter))
        (dolist (dim (parameter-dims parameter))
          (dolist (name (caten/signature:term-names dim))
            (unless (or (named name "~") (binding name)) (pushnew name size-names))))))
    (dolist (clause (signature-clauses signature))
      (unless (eq (first clause) :in)
        (dolist (name (append (caten/signature:term-names (second clause)) (caten/signature:term-names (third clause))))
          (unless (binding name) (pushnew name size-names)))))
    (dolist (name (reverse size-names))
      (dim-declare *dims* (symbol-name name) 0 nil)
      (bind name (size-symbol name)))
    (bind '~ '())
    (dolist (type (signature-types signature))
      (let* ((parameter (find type (signature-inputs signature) :key #'parameter-type))
             (dtype (if parameter (placeholder-dtype parameter signature types) (or (cdr (assoc type types)) :f32))))
        (push (cons type dtype) *types*)
        (unless (constantp type) (bind type dtype))))
    (let ((arguments
            (loop for parameter in (signature-inputs signature)
                  for name = (funcall names (parameter-name parameter))
                  collect (cond ((and (eq (parameter-kind parameter) :lisp) (eq (parameter-mode parameter) :required))
                                 (cannot-trace parameter))
                                ((size-parameter-p parameter) (value-of (parameter-name parameter)))
                                ((eq (parameter-mode parameter) :optional) nil)
                                ((eq (parameter-mode parameter) :rest)
                                 (bind (parameter-name parameter)
                                       (loop for k from 1 to 2
                                             collect (placeholder parameter signature types (format nil "~a~d" name k) size-names))))
                                (t (bind (parameter-name parameter) (placeholder parameter signature types name size-names)))))))
      (match-clauses signature arguments)
      arguments)))

(defun check-results (signature results)
  "The results as tensors of the declared dtypes; signals what contradicts the signature."
  (let ((outputs (signature-outputs signature)))
    (cond ((any-poison-p results) (mapcar (lambda (output) (declare (ignore output)) (poison)) outputs))
          ((/= (length results) (length outputs))
           (fail 105 (format nil "~a returns ~d value~:p" (subject-name) (length results))
                 :expected (format nil "~d, as ~a" (length outputs) (signature-text signature))
                 :remedy "return them with (return a b)")
           (mapcar (lambda (output) (declare (ignore output)) (poison)) outputs))
          (t (loop for output in outputs
                   for result in results
                   collect (check-result output result))))))

(defun check-result (output result)
  "One result as a tensor of the declared dtype and sizes."
  (let* ((type (parameter-type output))
         (wanted (cond ((keywordp type) type)
                       ((null type) nil)
                       ((cdr (assoc type *types*)))
                       ((binding type) (resolve-dtype (value-of type)))))
         (tensor (cond ((tensorp result) result)
                       ((typep result '(or number (member t nil))) (as-tensor result (or wanted (literal-dtype result))))
                       (t (fail 705 (format nil "~a returns an object that is no tensor" (subject-name))
                                :found (describe-argument result))
                          (return-from check-result (poison))))))
    (when (poison-p tensor) (return-from check-result tensor))
    (when (and wanted (not (eq (tensor-dtype tensor) wanted)))
      (if (and (member wanted '(:f16 :bf16)) (eq (tensor-dtype tensor) :f32))
          (setf tensor (convert tensor wanted))
          (fail 201 (format nil "~a returns ~a as ~(~a~)" (subject-name) (parameter-name output) (tensor-dtype tensor))
                :expected (format nil "~(~a~)" wanted)
                :remedy (if (keywordp type)
                            (format nil "cast it: (cast x ~(~s~))" type)
                            (format nil "cast it: (cast x ~a)" type)))))
    (check-result-shape output tensor)
    tensor))

(defun check-result-shape (output tensor)
  "Checks or binds the sizes of a result."
  (let ((dims (parameter-dims output)))
    (when (listp dims)
      (let* ((declared (loop for dim in dims
                             append (if (named dim "~") (if (binding '~) (value-of '~) '()) (list dim))))
             (shape (tensor-shape tensor))
             (free-leading (and (find-if (lambda (dim) (named dim "~")) dims) (not (binding '~)))))
        (cond (free-leading t)
              ((/= (length declared) (length shape))
               (fail 212 (format nil "~a returns ~a with rank ~d" (subject-name) (parameter-name output) (length shape))
                     :expected (format nil "rank ~d: ~a" (length declared) (parameter-text output))
                     :found (describe-shape shape)
                     :remedy "correct the body or the signature"))
              (t (loop for dim in declared
                       for size in shape
                       for axis from 0
                       do (multiple-value-bind (value unknown) (if (symbolic-p dim) dim (term-value dim))
                            (cond ((and unknown (eq unknown dim)) (bind dim size))
                                  (unknown)
                                  ((dim= value size))
                                  ((and *dims* (or (symbolic-p value) (symbolic-p size)))
                                   (equate value size (format nil "axis ~d of ~a" axis (parameter-name output))))
                                  (t (fail 202 (format nil "~a returns ~a with ~a at axis ~d" (subject-name) (parameter-name output)
                                                       (describe-dim size) axis)
                                           :expected (format nil "~a, as ~a says" (describe-dim value) (parameter-text output))
                                           :found (describe-shape shape)
                                           :remedy "correct the body or the signature")))))))))))
