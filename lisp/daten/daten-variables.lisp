;;;; The variables of a text that no entry of it names: which they are, and what the signatures of functions say about their types.

(in-package :daten)

(defun variable-p (object)
  "True of a symbol that may be a variable of a text."
  (and (symbolp object) object (eq (symbol-package object) (find-package :caten-user)) (not (constantp object)) (not (boundp object))))

(defun free-variables (forms)
  "The symbols that stand in these forms as variables and are not bound in them, in order: (free-variables '((f a (let ((b c)) b)))) is (a c)."
  (let ((found '()))
    (dolist (form forms (nreverse found))
      (dolist (name (variables-of form '())) (pushnew name found)))))

(defun variables-of (form bound)
  "The free variables of a form, those bound around it left out."
  (cond ((variable-p form) (if (member form bound) '() (list form)))
        ((atom form) '())
        (t (case (first form)
             ((quote declare go) '())
             (function (if (consp (second form)) (variables-of-body (cddr (second form)) (names-bound (cadr (second form)) bound)) '()))
             ((let let* flet labels) (variables-of-bindings form bound))
             (tagbody (variables-of-body (remove-if #'atom (rest form)) bound))
             (lambda (variables-of-body (cddr form) (names-bound (second form) bound)))
             ((block return-from eval-when the) (variables-of-body (cddr form) bound))
             (t (cond ((consp (first form)) (variables-of-body form bound))
                      ((macro-function (first form)) (variables-of (macroexpand-1 form) bound))
                      (t (variables-of-body (rest form) bound))))))))

(defun variables-of-body (forms bound)
  "Those of each of the forms."
  (loop for rest = forms then (cdr rest) while (consp rest) append (variables-of (car rest) bound)))

(defun names-bound (lambda-list bound)
  "What is bound with the names of a lambda list."
  (append (loop for item in lambda-list for name = (if (consp item) (first item) item)
                when (and (symbolp name) (not (member name lambda-list-keywords))) collect name)
          bound))

(defun variables-of-bindings (form bound)
  "The free variables of let, let*, flet and labels."
  (destructuring-bind (head bindings . body) form
    (let ((inside bound) (found '()))
      (dolist (binding bindings)
        (cond ((member head '(flet labels))
               (setf found (append found (variables-of-body (cddr binding) (names-bound (second binding) bound)))))
              ((consp binding)
               (setf found (append found (variables-of (second binding) (if (eq head 'let*) inside bound)))
                     inside (cons (first binding) inside)))
              (t (push binding inside))))
      (append found (variables-of-body body inside)))))

;;; Types

(defstruct (typing (:constructor make-typing (run types)) (:copier nil) (:predicate nil))
  run
  types            ; what type variables stand for, as -D says
  (known '())      ; ((name dtype size…) …) of variables; a size is an integer or the name of a size
  (sizes '()))     ; names that sizes have

(defun new-size (typing name)
  "A size with a name of its own: M, else M1, M2…"
  (loop for k from 0
        for candidate = (if (zerop k) (symbol-name name) (format nil "~a~d" name k))
        unless (member candidate (typing-sizes typing) :test #'string=)
          do (push candidate (typing-sizes typing)) (return candidate)))

(defun known-type (typing name)
  "What is known of a variable."
  (rest (assoc name (typing-known typing))))

(defun type-of-form (typing form)
  "(dtype size…) of what the form computes, as far as signatures tell; learns the types of variables that functions are called with."
  (if (atom form)
      (known-type typing form)
      (let ((entry (and (symbolp (first form)) (find (first form) (entries (typing-run typing) "modules") :key #'entry-name))))
        (cond (entry (type-of-call typing (entry-signature entry) (rest form)))
              ((eq (first form) 'quote) nil)
              (t (loop for rest = (rest form) then (cdr rest) while (consp rest) do (type-of-form typing (car rest))) nil)))))

(defun plain-dims (parameter)
  "The sizes of a parameter without leading ones; :any where it does not say."
  (if (listp (parameter-dims parameter)) (remove-if (lambda (dim) (named dim "~")) (parameter-dims parameter)) :any))

(defun type-of-call (typing signature arguments)
  "The type of a call's first result. Arguments whose types are known say what the sizes of the signature are, and these what the types of others are."
  (let ((types (mapcar (lambda (argument) (type-of-form typing argument)) arguments)) (sizes '()))
    (loop for parameter in (signature-inputs signature)
          for type in types
          do (when (and type (listp (plain-dims parameter)) (= (length (rest type)) (length (plain-dims parameter))))
               (loop for dim in (plain-dims parameter)
                     for size in (rest type)
                     do (when (and (symbolp dim) (not (assoc dim sizes))) (push (cons dim size) sizes)))))
    (flet ((size-of (dim)
             (cond ((integerp dim) dim)
                   ((and (symbolp dim) (cdr (assoc dim sizes))))
                   (t (let ((size (new-size typing (if (symbolp dim) dim 'k))))
                        (when (symbolp dim) (push (cons dim size) sizes))
                        size)))))
      (loop for parameter in (signature-inputs signature)
            for argument in arguments
            for type in types
            do (when (and (variable-p argument) (null type) (listp (plain-dims parameter)))
                 (push (list* argument (caten/match:placeholder-dtype parameter signature (typing-types typing)) (mapcar #'size-of (plain-dims parameter)))
                       (typing-known typing))))
      (let ((output (first (signature-outputs signature))))
        (and (listp (plain-dims output))
             (cons (caten/match:placeholder-dtype output signature (typing-types typing)) (mapcar #'size-of (plain-dims output))))))))

(defun inferred-types (run types)
  "((name dtype size…) …) of the variables of a text."
  (let ((typing (make-typing run types)))
    (dolist (entry (append (entries run "main") (entries run "loss")))
      (let ((type (type-of-form typing (entry-form entry))))
        (when (and type (entry-name entry)) (push (cons (entry-name entry) type) (typing-known typing)))))
    (typing-known typing)))
