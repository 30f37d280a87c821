;;;; Optimizers: the user's rewrite rules. Patterns and guards are matched in C++ (cxx/rewrite/optimizer.hpp says what they are);
;;;; here they are parsed, and composites expanded for their replacements.

(defpackage :caten/optimizer
  (:use :cl)
  (:import-from :caten #:defoptimizer #:disable-optimizer #:enable-optimizer #:optimizers #:-> #:tensorp)
  (:import-from :caten/primitive #:define-rewrite #:switch-rewrite #:list-rewrites)
  (:import-from :caten/composite
   #:find-composite #:call-composite #:composite-signature #:composite-name #:composite-terms #:composite-defaults)
  (:import-from :caten/signature #:named #:signature-keys)
  (:import-from :caten/match #:match-arguments #:*subject* #:*terms*)
  (:import-from :caten/tensor #:make-leaf #:poison-p)
  (:import-from :caten/promotion #:*types*)
  (:import-from :caten/dim #:*dims*)
  (:import-from :caten/evaluate #:with-guard #:condition-diagnostics)
  (:import-from :caten/diagnostic #:checked #:fail #:suggest #:make-diagnostic #:*collector*)
  (:export #:parse-optimizer-form #:define-optimizer #:expand-on-types #:size-of-call #:known-composite))

(in-package :caten/optimizer)

;;; Defining

(defun parse-optimizer-form (name parts)
  "(name pattern replacement [:runtime r] [:when g] [:inputs i]) from what follows a defoptimizer's name:
(parse-optimizer-form 'mul-one '(((* ?x 1)) -> ?x)) is (mul-one (* ?x 1) ?x)."
  (let* ((options (and (consp (first parts)) (keywordp (caar parts)) (pop parts)))
         (arrow (position-if (lambda (part) (named part "->")) parts)))
    (unless (and name (symbolp name) (eql arrow 1) (= (length parts) 3))
      (fail 704 (format nil "the optimizer `~(~a~)` is malformed" name)
            :expected "(defoptimizer name [(:runtime r :when guard :inputs types)] pattern -> replacement)"
            :remedy "write the pattern, an arrow and the replacement"))
    (let ((pattern (first parts)))
      ;; A pattern may stand in a list of its own.
      (when (and (consp pattern) (consp (first pattern)) (null (rest pattern))) (setf pattern (first pattern)))
      (append (list name pattern (third parts)) options))))

(defun define-optimizer (form)
  "Makes the rule active after testing it on generated inputs; an unsound one is refused with its counter-example, and so is one
that no input can test (E0704). Returns its name and on how many types it was tested."
  (values (first form) (checked (define-rewrite form))))

(defmacro defoptimizer (name &rest parts)
  "Defines a rewrite rule: (defoptimizer mul-one (* ?x 1) -> ?x), or with a runtime and a guard:
(defoptimizer drop-zero (:when (dtype-in ?x i32 i64)) (+ ?x 0) -> ?x)
→ (define-optimizer '(drop-zero (+ ?x 0) ?x :when (dtype-in ?x i32 i64)))."
  `(define-optimizer ',(parse-optimizer-form name parts)))

(defun switch (name on)
  "Switches a rule, which must be defined."
  (let ((text (string-downcase name)))
    (unless (switch-rewrite text on)
      (fail 704 (format nil "there is no optimizer `~a`" text)
            :remedy (or (suggest text (mapcar #'car (list-rewrites))) "(optimizers) lists them")))
    name))

(defun disable-optimizer (name)
  "Switches a rule off: (disable-optimizer 'mul-one)."
  (switch name nil))

(defun enable-optimizer (name)
  "Switches a rule on again: (enable-optimizer 'mul-one)."
  (switch name t))

(defun optimizers ()
  "The rules in the order of definition, with whether each is on: ((\"mul-one\" . t))."
  (list-rewrites))

;;; What C++ asks about composites. These return diagnostics instead of signalling.

(defun named-composite (name)
  "The composite with this name in caten-user, or nil."
  (multiple-value-bind (symbol status) (find-symbol (string-upcase name) :caten-user)
    (and status (find-composite symbol))))

(defun known-composite (name)
  "True if there is such a composite."
  (and (named-composite name) t))

(defun stand-ins (types)
  "Inputs of these types."
  (loop for (dtype . shape) in types collect (make-leaf :input dtype shape)))

(defun plain-keyword-value (value)
  "A keyword's value as C++ hands it over: the words true and false as t and nil."
  (cond ((and (symbolp value) (string-equal value "true")) t)
        ((and (symbolp value) (string-equal value "false")) nil)
        (t value)))

(defun expand-on-types (name types keywords env)
  "(result . stand-ins) of the composite on inputs of these types, or a diagnostic."
  (with-guard (condition (first (condition-diagnostics condition)))
    (let* ((*dims* env) (*collector* nil)
           (leaves (stand-ins types))
           (result (call-composite (named-composite name)
                                   (append leaves
                                           (loop for (key . value) in keywords
                                                 collect (intern (string-upcase key) :keyword)
                                                 collect (plain-keyword-value value))))))
      (if (poison-p result)
          (make-diagnostic 704 (format nil "the composite `~a` does not fit" name))
          (cons result leaves)))))

(defun size-of-call (name types size)
  "The named size of the composite's signature for arguments of these types, or nil."
  (with-guard (condition (progn condition nil))
    (let* ((composite (named-composite name))
           (caten/match::*bindings* '()) (*types* '()) (*collector* nil)
           (*subject* (cons (composite-name composite) (composite-signature composite)))
           (*terms* (composite-terms composite)))
      (catch 'misfit
        (loop for (key) in (signature-keys (composite-signature composite))
              for value in (funcall (composite-defaults composite))
              do (caten/match::bind key value))
        (match-arguments (composite-signature composite) (stand-ins types))
        (cdr (assoc size caten/match::*bindings* :test #'string-equal :key #'symbol-name))))))
