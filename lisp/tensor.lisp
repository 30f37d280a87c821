;;;; The lazy tensor: a node of a graph that grows as the program runs and is computed when a value is asked for.

(defpackage :caten/tensor
  (:use :cl)
  (:import-from :caten #:tensorp #:shape #:dtype #:rank)
  (:import-from :caten/primitive #:infer)
  (:import-from :caten/dim #:*dims* #:describe-shape)
  (:import-from :caten/diagnostic #:*place* #:*path* #:diagnostic-p #:signal-diagnostic #:fail)
  (:export #:tensor-op #:tensor-operands #:tensor-attributes #:tensor-dtype #:tensor-shape #:tensor-value #:tensor-name
           #:tensor-origin #:tensor-free #:make-node #:make-leaf #:make-bound #:make-region #:poison #:poison-p
           #:any-poison-p #:*open-loops* #:describe-type #:*print-values* #:*tensor-printer* #:set-computed
           #:make-imported #:make-stand-in))

(in-package :caten/tensor)

;;; The slots stand in the order of TensorSlot in cxx/lisp/values.hpp.
(defstruct (tensor (:constructor %make-tensor (op operands attributes dtype shape &optional value name origin free after))
                   (:copier nil) (:predicate tensorp) (:print-function print-tensor))
  op           ; keyword: one of the ops, or :input :data :bound :result :region :poison
  operands     ; list of tensors
  attributes   ; list, as `to_attributes` of values.cpp reads it
  dtype        ; keyword
  shape        ; list of sizes
  value        ; the computed array, or nil
  name         ; string or nil
  origin       ; (place . path)
  free         ; loops whose carries or counter the value depends on
  after)       ; tensors that a graph computes before this one, though it does not read them

(si::set-documentation 'tensorp 'function "True of a tensor: (tensorp (zeros 2)).")

(defvar *open-loops* '() "The loops whose bodies are being traced, innermost first.")
(defvar *print-values* t "False while a tensor must not be computed for the sake of printing it.")
(defvar *tensor-printer* nil "A function of a tensor and a stream that prints its values.")

(defun describe-type (tensor)
  "Dtype and shape for people: \"f32[2 3]\"."
  (format nil "~(~a~)~a" (tensor-dtype tensor) (describe-shape (tensor-shape tensor))))

(defun print-tensor (tensor stream depth)
  "Prints values where there can be some, else the type alone."
  (declare (ignore depth))
  (if (and *print-values* *tensor-printer* (not *print-readably*))
      (funcall *tensor-printer* tensor stream)
      (print-unreadable-object (tensor stream)
        (format stream "tensor ~a" (if (poison-p tensor) "of a failed form" (describe-type tensor))))))

(defun shape (tensor)
  "The list of a tensor's sizes: (shape (zeros 2 3)) is (2 3)."
  (tensor-shape tensor))

(defun dtype (tensor)
  "A tensor's dtype: (dtype (zeros 2)) is :f32."
  (tensor-dtype tensor))

(defun rank (tensor)
  "The number of a tensor's axes: (rank (zeros 2 3)) is 2."
  (length (tensor-shape tensor)))

;;; Poison: the value of a form that failed while a program is traced for all its errors.

(defun poison ()
  "A value without a type, which spreads silently."
  (%make-tensor :poison '() '() :f32 '()))

(defun poison-p (object)
  "True of the value of a failed form."
  (or (eq object :poison) (and (tensorp object) (eq (tensor-op object) :poison))))

(defun any-poison-p (objects)
  "True if any of the objects is poison."
  (some #'poison-p objects))

;;; Nodes

(defun union-free (tensors)
  "The loops that any of the tensors depends on."
  (let ((free '()))
    (dolist (tensor tensors free)
      (dolist (loop-instance (tensor-free tensor))
        (pushnew loop-instance free :test #'eq)))))

(defun check-free (free)
  "Signals E0110 unless all these loops are open."
  (dolist (instance free t)
    (unless (member instance *open-loops* :test #'eq)
      (fail 110 "a value of a loop's body is used outside its loop"
            :expected "values that the loop returns"
            :remedy "return it as a carry (next …) or collect it (:collect …)")
      (return nil))))

(defun origin ()
  "Where the node that is being made comes from."
  (and (or *place* *path*) (cons *place* *path*)))

(defun make-node (op operands &optional attributes dtype shape)
  "The op on tensors, typed by the checker: (make-node :add (list a b)). `dtype` and `shape` are the target of ops that
have one. Of a loop: a list of its results."
  (if (any-poison-p operands)
      (poison)
      (let ((free (union-free operands)))
        (if (and free (not (check-free free)))
            (poison)
            (let ((type (infer op operands attributes dtype shape *dims*)))
              (cond ((diagnostic-p type)
                     (signal-diagnostic type)
                     (poison))
                    ((eq op :loop)
                     ;; A loop is made while it is still the innermost open one; its results no longer depend on it.
                     (let* ((outer (remove (first *open-loops*) free :test #'eq))
                            (node (%make-tensor op operands attributes (caar type) (cdar type) nil nil (origin) outer)))
                       (loop for (result-dtype . result-shape) in type
                             for index from 0
                             collect (%make-tensor :result (list node) (list index) result-dtype result-shape nil nil (origin)
                                                   outer))))
                    (t (%make-tensor op operands attributes (car type) (cdr type) nil nil (origin) free))))))))

(defun make-leaf (kind dtype shape &key value name)
  "A value that no op makes: :input of a traced program, or :data with an array."
  (%make-tensor kind '() '() dtype shape value name (origin)))

(defvar *stand-ins* 0 "How many stand-ins there were: each has a name of its own.")

(defun make-stand-in (tensor)
  "An input of the tensor's type that stands for it while a function of it is differentiated."
  (make-leaf :input (tensor-dtype tensor) (tensor-shape tensor) :name (format nil "stand-in ~d" (incf *stand-ins*))))

(defun make-bound (instance level index dtype shape name)
  "The counter (index 0) or a carry of the loop `instance`, whose body is at depth `level`."
  (%make-tensor :bound '() (list level index) dtype shape nil name (origin) (list instance)))

(defun make-region (name attributes index body arguments &optional schedule)
  "The body's value, marked as result `index` of the composite `name` called with these tensors and attributes; `schedule` has the clauses
that it asks its kernels for."
  (if (poison-p body)
      (poison)
      (%make-tensor :region (cons body arguments) (list name index attributes schedule) (tensor-dtype body) (tensor-shape body) nil nil
                    (origin) (union-free (cons body arguments)))))

(defun make-imported (rows)
  "Tensors of what `differentiate` describes, as a vector: a row is a tensor, or (op operands attributes dtype shape levels place path)
with positions of rows as operands. A copy is made after all that stands before it: the order in which values are computed is part of a
derivative that computes some of them again."
  (let ((made (make-array (length rows))) (used (make-array (length rows) :initial-element nil)) (begin 0)
        (here (origin)) (depth (length *open-loops*)))
    (flet ((unused-before (end)
             (loop for k from begin below end unless (aref used k) collect (aref made k))))
      (loop for row in rows
            for k from 0
            do (setf (aref made k)
                     (if (tensorp row)
                         row
                         (destructuring-bind (op operands attributes dtype shape levels place path) row
                           (let ((after (and (eq op :copy) (unused-before k))))
                             (when after (setf begin k))
                             (dolist (operand operands) (setf (aref used operand) t))
                             (%make-tensor op (mapcar (lambda (operand) (aref made operand)) operands) attributes dtype shape nil nil
                                           (if place (cons place (and (plusp (length path)) (list (cons path place)))) here)
                                           (loop for instance in *open-loops*
                                                 for level downfrom (1- depth)
                                                 when (logbitp level levels) collect instance)
                                           after))))))
    made)))

(defun set-computed (tensor array)
  "Makes the tensor a leaf with this array as its data."
  (setf (tensor-op tensor) :data
        (tensor-operands tensor) '()
        (tensor-attributes tensor) '()
        (tensor-after tensor) '()
        (tensor-value tensor) array)
  tensor)
