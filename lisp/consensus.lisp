;;;; Consensual programs in Lisp: the forms of LCI as macros. They are read, checked and resolved in C++ (cxx/consensus/).

(defpackage :caten/consensus
  (:use :cl)
  (:import-from :caten
   #:caten-error #:consensual-program #:param #:value #:visible #:rule #:constraint #:commit #:lci-of #:text-of #:load-consensual-program)
  (:import-from :caten/primitive #:read-consensual #:read-consensual-file)
  (:import-from :caten/composite #:find-composite)
  (:import-from :caten/diagnostic #:fail)
  (:import-from :caten/syntax #:form-place)
  (:export #:define-program #:composite-named #:composite-names #:list-of-composites #:checked-program #:program-name))

(in-package :caten/consensus)

;;; What C++ asks about composites. These never signal.

(defun composite-named (name)
  "The composite that a function of this name means, or \"\": (composite-named \"layer_norm\") is \"layer-norm\"."
  (or (ignore-errors
       (loop for spelling in (list name (substitute #\- #\_ name))
             for symbol = (find-symbol (string-upcase spelling) :caten-user)
             when (and symbol (find-composite symbol)) return (string-downcase (symbol-name symbol))))
      ""))

(defun list-of-composites ()
  "The names of all composites that caten-user sees, in order."
  (let ((names '()))
    (do-symbols (symbol :caten-user)
      (when (find-composite symbol) (pushnew (string-downcase (symbol-name symbol)) names :test #'string=)))
    (sort names #'string<)))

(defun composite-names ()
  "The same, one on each line of a string."
  (format nil "~{~a~^~%~}" (list-of-composites)))

;;; Declarations

(defmacro param (&whole form &rest parts)
  "Declares what is given at instantiation: (param beta (scalar f32) 0.44) → '(param beta (scalar f32) 0.44)."
  (declare (ignore parts))
  `',form)

(defmacro value (&whole form &rest parts)
  "Declares a value: (value Txt :dtype (token BPE) :shape (seq N) :clock lamport) → the form itself."
  (declare (ignore parts))
  `',form)

(defmacro visible (&whole form &rest parts)
  "Declares what a cell sees: (visible (Vid t x y) (Vid (- t 1) x y) :pred (< 0 t)) → the form itself."
  (declare (ignore parts))
  `',form)

(defmacro rule (&whole form &rest parts)
  "Declares what may be proposed: (rule Gen :on (Txt i) :emit ((propose (Txt i) (Model i)))) → the form itself."
  (declare (ignore parts))
  `',form)

(defmacro constraint (&whole form &rest parts)
  "Declares what must hold: (constraint Lock :scope (Txt 0) :kind forbid :pred (change) :priority 100) → the form itself."
  (declare (ignore parts))
  `',form)

(defmacro commit (&whole form &rest parts)
  "Declares how a value changes: (commit (Vid *) :policy (satisfy max-constraints-then-score)) → the form itself."
  (declare (ignore parts))
  `',form)

;;; Programs

(defstruct (program (:constructor %make-program) (:copier nil))
  "A consensual program: its name, and what C++ printed of it in both forms."
  name lci text)

(defmethod print-object ((program program) stream)
  (format stream "#<consensual-program ~a>" (program-name program)))

(defun made (description)
  "The program that a primitive describes, or its diagnostics signalled."
  (if (eq (first description) :failed)
      (error 'caten-error :diagnostics (rest description))
      (destructuring-bind (name lci text) description (%make-program :name name :lci lci :text text))))

(defun declarations-of (object)
  "The declarations that the value of a form stands for: one, or a list of them."
  (cond ((null object) '())
        ((and (consp object) (symbolp (first object))) (list object))
        ((consp object) (mapcan #'declarations-of object))
        (t (fail 1001 "this is no declaration" :expected "(value …) or another declaration, or a list of them"
                                               :found (princ-to-string object)
                                               :remedy "let the form return a declaration, made with backquote"))))

(defun define-program (form declarations)
  "The program of the form (consensual-program NAME …), whose declarations evaluated to these."
  (flet ((placed (object) (let ((place (form-place object))) (cons object (and (consp place) place)))))
    (made (read-consensual (placed form) (mapcar #'placed (mapcan #'declarations-of declarations))))))

(defmacro consensual-program (&whole form name &body declarations)
  "A consensual program of these declarations: (consensual-program Life (value …) (rule …)) → (define-program '(…) (list …)). Forms
that are no declarations are evaluated and give one, or a list of them."
  (declare (ignore name))
  `(define-program ',form (list ,@declarations)))

(defun load-consensual-program (path)
  "The program of a file in the text form or in LCI: (load-consensual-program \"world.lmpm\")."
  (made (read-consensual-file (namestring path))))

(defun checked-program (object)
  "The object, which must be a program."
  (if (program-p object)
      object
      (fail 705 "this is no consensual program" :expected "what consensual-program or load-consensual-program returns"
                                                :found (princ-to-string object)
                                                :remedy "give it a program")))

(defun lci-of (program)
  "The program as LCI, a string: (princ (lci-of world))."
  (program-lci (checked-program program)))

(defun text-of (program)
  "The program in the text form, a string: (princ (text-of world))."
  (program-text (checked-program program)))
