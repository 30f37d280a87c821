;;;; Modules: functions of tensors that own named parameters. A module is called like a function; what it computes is an ordinary lazy graph.

(in-package :nn)

;;; What a module owns

(defstruct (owned (:constructor make-owned (tensor kind)) (:copier nil) (:predicate nil))
  tensor    ; the value, which training replaces
  kind)     ; :parameter, or :buffer for what is kept with them and not trained

(si::set-documentation 'owned 'structure "A tensor that a module owns: a parameter or a buffer.")

(defclass module (clos:funcallable-standard-object)
  ((kind :initarg :kind :reader module-kind)
   (entries :initarg :entries :accessor module-entries)   ; ((name . module, owned, or list of modules) …) in order
   (body :initarg :body :reader module-body))             ; what it computes, of the module and the arguments of a call
  (:metaclass clos:funcallable-standard-class)
  (:documentation "A function of tensors that owns parameters, buffers and other modules, each by a name: (nn:linear 3 2)."))

(defun module-p (object)
  "True of a module: (nn:module-p (nn:linear 3 2))."
  (typep object 'module))

(defmethod print-object ((module module) stream)
  (format stream "#<~(~a~) of ~d parameters>" (module-kind module) (parameter-count module)))

(defun parameter (tensor)
  "A trained tensor, in the list of what a module owns: (defmodule scale (n) ((gain (nn:parameter (ones n)))) ((x) (* gain x)))."
  (make-owned tensor :parameter))

(defun buffer (tensor)
  "A tensor that is kept with the parameters and not trained, as running statistics are: (nn:buffer (zeros 3))."
  (make-owned tensor :buffer))

(defun key-of (name)
  "The part of a state-dict's key that a name of Lisp stands for: (key-of 'weight-ih-l0) is \"weight_ih_l0\"."
  (substitute #\_ #\- (if (stringp name) name (string-downcase (princ-to-string name)))))

(defun owned-p (object)
  "True of what belongs to a module by a name: a tensor that it owns, a module, or a list of modules."
  (or (typep object '(or owned module))
      (and (consp object) (every #'module-p object))))

(defvar *constructing* nil "True while a module is made as a part of another one.")

(defvar *recomputed* '() "Modules of whose calls derivatives keep the arguments alone.")

(defun make-module (kind entries function)
  "A module with these entries ((name . object) …): what is neither tensor of its own nor module is left out. `function` gets the
module and the arguments of a call."
  (let ((module (make-instance 'module :kind kind :entries (remove-if-not #'owned-p entries :key #'cdr) :body function)))
    (clos:set-funcallable-instance-function
     module (lambda (&rest arguments)
              (if (member module *recomputed*)
                  (apply #'checkpoint function module arguments)
                  (apply function module arguments))))
    module))

(defun constructed (make)
  "What `make` makes, with its parameters computed: the outermost module computes those of all its parts at once."
  (if *constructing*
      (funcall make)
      (let ((module (let ((*constructing* t)) (funcall make))))
        (compute-tensors (mapcar #'cdr (state-dict module)))
        module)))

(defun entry (module name)
  "What a module owns by this name: a tensor, a module, a list of modules, or nil."
  (let ((found (cdr (assoc name (module-entries module) :test #'string=))))
    (if (typep found 'owned) (owned-tensor found) found)))

(defun (setf entry) (value module name)
  "Gives a tensor that the module owns another value."
  (setf (owned-tensor (cdr (assoc name (module-entries module) :test #'string=))) value))

;;; Definitions

(defmacro defmodule (name lambda-list &body body)
  "A function that makes modules: (defmodule NAME (arguments…) \"documentation\" ((entry form)…) ((inputs…) body…)). Each form may use the
arguments and the entries before it; an entry that is a module, a list of modules, (nn:parameter t) or (nn:buffer t) belongs to the
module, under its name with _ for -. In the body an entry that is a tensor or a list is a variable, and (entry x) calls a module.
(nn:defmodule mlp (n) ((fc1 (nn:linear n 8)) (fc2 (nn:linear 8 1))) ((x) (fc2 (relu (fc1 x))))) defines (mlp 4), whose state-dict has
fc1.weight, fc1.bias, fc2.weight and fc2.bias.
→ (defun mlp (n) (constructed (lambda () (let* ((fc1 …) (fc2 …)) (make-module 'mlp (list (cons \"fc1\" fc1) …) (lambda (module x) …))))))."
  (let ((documentation (if (stringp (first body)) (pop body) (format nil "Makes a module of kind ~(~a~)." name))))
    (check-definition name body)
    (destructuring-bind (entries (inputs . forms)) body
      (let* ((module (gensym "MODULE")) (names (mapcar #'first entries)) (first-values (loop for name in names collect (gensym (string name)))))
        (flet ((access (name value) `(current ,module ,(key-of name) ,value)))
          `(defun ,name ,lambda-list
             ,documentation
             (constructed
              (lambda ()
                (let* (,@entries ,@(mapcar #'list first-values names))
                  (make-module ',name (list ,@(loop for each in names collect `(cons ,(key-of each) ,each)))
                               (lambda (,module ,@inputs)
                                 (declare (ignorable ,module))
                                 (flet ,(loop for each in names
                                              for value in first-values
                                              collect `(,each (&rest arguments) (apply (callable ,(access each value) ,(key-of each)) arguments)))
                                   (declare (ignorable ,@(loop for each in names collect `(function ,each))))
                                   (symbol-macrolet ,(loop for each in names for value in first-values collect (list each (access each value)))
                                     ,@forms)))))))))))))

(defun check-definition (name body)
  "E0101 unless the body of a defmodule has its two parts, and each entry its form."
  (unless (and (= (length body) 2) (listp (first body)) (consp (second body)) (listp (first (second body)))
               (every (lambda (item) (and (consp item) (symbolp (first item)) (= (length item) 2))) (first body)))
    (fail 101 (format nil "the module ~(~a~) is not well formed" name)
          :expected "(defmodule name (arguments…) ((entry form)…) ((inputs…) body…))"
          :found (let ((*print-length* 4) (*print-level* 3)) (format nil "~(~s~)" body))
          :remedy "write the list of entries, then the inputs with the body")))

(defun current (module key value)
  "The value of an entry now: of a tensor that the module owns its tensor, of all else `value`."
  (if (assoc key (module-entries module) :test #'string=) (entry module key) value))

(defun (setf current) (new module key value)
  "Gives a tensor that the module owns another value."
  (declare (ignore value))
  (setf (entry module key) new))

(defun callable (object key)
  "The object, if it is a function; E0705 if not."
  (if (functionp object)
      object
      (fail 705 (format nil "the entry `~a` of a module is called and is no module" key)
            :expected "a module or a function" :found (if (tensorp object) (describe-type object) (format nil "~(~s~)" object))
            :remedy "use it as a variable, or make it a module")))

;;; Going through a module

(defun parts-of (entry)
  "What an entry holds: ((suffix . object) …), with numbers for the items of a list."
  (destructuring-bind (name . object) entry
    (if (consp object)
        (loop for item in object for k from 0 collect (cons (format nil "~a.~d" name k) item))
        (list (cons name object)))))

(defun walk (module function &optional (prefix ""))
  "Calls the function with the key, the owning module and the entry's object of everything that a module and its parts own, in order."
  (dolist (entry (module-entries module))
    (loop for (name . object) in (parts-of entry)
          for key = (concatenate 'string prefix name)
          do (funcall function key object)
             (when (module-p object) (walk object function (concatenate 'string key "."))))))

(defun owned-of (module &optional kind)
  "((key . owned) …) of a module and its parts, of this kind or all; a tensor that is shared counts where it is met first."
  (let ((found '()))
    (walk module (lambda (key object)
                   (when (and (typep object 'owned) (or (null kind) (eq kind (owned-kind object)))
                              (not (find object found :key #'cdr)))
                     (push (cons key object) found))))
    (nreverse found)))

(defun named-parameters (module)
  "((key . tensor) …) of what is trained, in the order of definition, keys as PyTorch has them: (nn:named-parameters (nn:linear 3 2))."
  (loop for (key . owned) in (owned-of module :parameter) collect (cons key (owned-tensor owned))))

(defun named-buffers (module)
  "((key . tensor) …) of what is kept and not trained: (nn:named-buffers (nn:batch-norm 3))."
  (loop for (key . owned) in (owned-of module :buffer) collect (cons key (owned-tensor owned))))

(defun named-modules (module)
  "((key . module) …) of the module itself, whose key is \"\", and all its parts."
  (let ((found (list (cons "" module))))
    (walk module (lambda (key object) (when (module-p object) (push (cons key object) found))))
    (nreverse found)))

(defun parameters (module)
  "The tensors that are trained, as a list: (grad (lambda (ps) (nn:call-with-parameters m ps #'loss)) (nn:parameters m))."
  (mapcar #'cdr (named-parameters module)))

(defun parameter-count (module)
  "How many numbers are trained: (nn:parameter-count (nn:linear 3 2)) is 8."
  (loop for tensor in (parameters module) sum (reduce #'cl:* (tensor-shape tensor))))

(defun call-with-parameters (module tensors function &rest arguments)
  "Calls the function with these tensors in place of the module's parameters (in their order), which are as before afterwards. So a gradient
by parameters is that of a function: (grad (lambda (ps) (nn:call-with-parameters m ps (lambda () (mean (funcall m x))))) (nn:parameters m))."
  (let* ((places (mapcar #'cdr (owned-of module :parameter))) (before (mapcar #'owned-tensor places)))
    (unless (= (length places) (length tensors))
      (fail 705 "a module is called with another number of parameters than it has" :expected (format nil "~d" (length places))
            :found (format nil "~d" (length tensors)) :remedy "give a tensor for each of (nn:parameters module)"))
    (unwind-protect
         (progn (mapc #'(lambda (place tensor) (setf (owned-tensor place) tensor)) places tensors)
                (apply function arguments))
      (mapc #'(lambda (place tensor) (setf (owned-tensor place) tensor)) places before))))

;;; Training

(defvar *training* nil "What tells one training step from another, an integer or a scalar tensor of integers; nil where nothing is trained.")

(defun training-p ()
  "True inside of with-training: dropout leaves out, and batch-norm uses and keeps the statistics of the batch."
  (and *training* t))

(defmacro with-training ((&optional (step 0)) &body body)
  "Evaluates the body as part of a training step: (nn:with-training (7) (funcall model x)). `step`, an integer or a scalar tensor of integers, decides
which elements dropout leaves out.
→ (let ((*training* step)) body…)."
  `(let ((*training* ,step)) ,@body))
