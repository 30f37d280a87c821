;;;; Diagnostics in Lisp: the vector that C++ reads and writes, and the conditions that carry it.

(defpackage :caten/diagnostic
  (:use :cl)
  (:import-from :caten
   #:caten-error #:caten-error-diagnostics #:interrupted #:shape-error #:dtype-error #:name-error #:file-error* #:runtime-error #:limit-error)
  (:import-from :caten/primitive #:did-you-mean)
  (:export #:make-diagnostic #:diagnostic-p #:diagnostic-code #:diagnostic-message #:diagnostic-source #:diagnostic-begin
           #:diagnostic-end #:diagnostic-expected #:diagnostic-found #:diagnostic-remedy #:diagnostic-notes #:diagnostic-severity
           #:with-place #:add-note #:fail #:checked #:on-interrupt #:signal-diagnostic #:suggest #:*place* #:*signal-place* #:*path*
           #:place-text #:*collector* #:use-poison))

(in-package :caten/diagnostic)

;;; Places. While a form of a composite's body is evaluated, *place* is where it stands: (source begin end) in a text that the
;;; session has read, or a string "composites/norm.lisp:12:5" in compiled code. *path* names the composites being expanded.

(defvar *place* nil "Where the form under evaluation stands: (source begin end), a string, or nil.")
(defvar *signal-place* nil "The *place* when the condition was signalled that a guard caught last.")
(defvar *path* '() "The composites under expansion, innermost first: each (name . place of the call).")

(defun place-text (place)
  "The place as a note shows it, if it is one of compiled code: (place-text \"a.lisp:1:2\") is \"a.lisp:1:2\"."
  (and (stringp place) place))

;;; The vector. Its order is that of `Slot` in cxx/lisp/objects.cpp.

(defstruct (diagnostic (:type vector) (:constructor %make-diagnostic) (:predicate nil) (:copier nil))
  (tag :diagnostic) (code 701) (message "") source begin end expected found remedy (notes '()) (severity :error))

(defun diagnostic-p (object)
  "True of a diagnostic vector: (diagnostic-p (make-diagnostic 701 \"no\")) is T."
  (and (simple-vector-p object) (= (length object) 11) (eq (svref object 0) :diagnostic)))

(defun make-diagnostic (code message &key expected found remedy notes (severity :error) (place nil))
  "A diagnostic: (make-diagnostic 202 \"sizes differ\" :expected \"[2]\" :found \"[3]\")."
  (with-place
   (%make-diagnostic :code code :message message :expected expected :found found :remedy remedy :notes notes :severity severity)
   place))

(defun with-place (diagnostic place)
  "The diagnostic, at `place` if it has no place yet and `place` is one in a text."
  (when (and (consp place) (null (diagnostic-source diagnostic)))
    (destructuring-bind (source begin end) place
      (setf (diagnostic-source diagnostic) source (diagnostic-begin diagnostic) begin (diagnostic-end diagnostic) end)))
  diagnostic)

(defun add-note (diagnostic control &rest arguments)
  "The diagnostic with one more note: (add-note d \"in ~(~a~)\" 'relu)."
  (setf (diagnostic-notes diagnostic) (append (diagnostic-notes diagnostic) (list (apply #'format nil control arguments))))
  diagnostic)

(defun suggest (word candidates)
  "\"did you mean `relu`?\" or nil: (suggest \"rleu\" '(\"relu\" \"gelu\"))."
  (did-you-mean (string-downcase word) (mapcar #'string-downcase candidates)))

;;; Conditions, one for each kind of cause, by the hundreds of the codes.

(define-condition caten-error (error)
  ((diagnostics :initarg :diagnostics :initform '() :reader condition-diagnostics))
  (:report (lambda (condition stream)
             (let ((d (or (first (condition-diagnostics condition)) (make-diagnostic 701 "an error without a diagnostic"))))
               (format stream "~a~@[; expected ~a~]~@[; found ~a~]" (diagnostic-message d) (diagnostic-expected d)
                       (diagnostic-found d)))))
  (:documentation "An error that carries diagnostics: (handler-case (+ (ones 2) (ones 3)) (caten-error (e) …))."))
(macrolet ((define (name documentation)
             `(define-condition ,name (caten-error) () (:documentation ,documentation))))
  (define name-error "A name, form or number of arguments that is wrong (E01xx).")
  (define shape-error "Shapes or sizes that do not fit (E02xx, E03xx).")
  (define dtype-error "A dtype that does not fit (E0201, E0203, E0204, E0210, E0213, E0214).")
  (define limit-error "More than a limit allows, memory included (E04xx).")
  (define file-error* "A file that cannot be read or written (E05xx).")
  (define runtime-error "A runtime or a computation that fails (E06xx, E08xx)."))

(defun caten-error-diagnostics (condition)
  "The diagnostics that a caten-error carries, as vectors: (caten-error-diagnostics e)."
  (condition-diagnostics condition))

(defun condition-type-of (code)
  "The condition that carries diagnostics with this code: 202 is a shape-error."
  (case (if (member code '(201 203 204 210 213 214)) :dtype (floor code 100))
    (:dtype 'dtype-error)
    (1 'name-error)
    ((2 3) 'shape-error)
    (4 'limit-error)
    (5 'file-error*)
    ((6 8) 'runtime-error)
    (t 'caten-error)))

(defun locate (diagnostic)
  "Gives the diagnostic the current place and a note for each composite under expansion."
  (let ((here *place*) (path *path*))
    (when (place-text here) (add-note diagnostic "in the form at ~a" here))
    (with-place diagnostic here)
    (loop with previous = nil
          for (name . place) in path
          for depth from 0 below 8
          do (unless (eq name previous)
               (add-note diagnostic "in composite `~(~a~)`~@[, called at ~a~]" name (place-text place)))
             (setf previous name)
             (with-place diagnostic place)))
  diagnostic)

(defvar *collector* nil
  "While a composite is traced: a function that keeps a diagnostic; the failing op then yields a poison tensor.")

(defun signal-diagnostic (diagnostic)
  "Signals the condition for the diagnostic. Under *collector*, the restart use-poison makes it return :poison."
  (locate diagnostic)
  (restart-case
      (progn
        (when *collector*
          (funcall *collector* diagnostic)
          (invoke-restart 'use-poison))
        (error (condition-type-of (diagnostic-code diagnostic)) :diagnostics (list diagnostic)))
    (use-poison ()
      :report "Go on with a value that has no type, to find further errors."
      (values :poison))))

(defun fail (code message &rest rest &key expected found remedy notes place)
  "Signals a caten-error: (fail 705 \"no such attribute\" :found \":axes\" :remedy \"did you mean `:axis`?\")."
  (declare (ignore expected found remedy notes place))
  (signal-diagnostic (apply #'make-diagnostic code message rest)))

(define-condition interrupted (serious-condition) ()
  (:report "the computation was interrupted")
  (:documentation "Signalled in the thread that runs Lisp when Ctrl-C is pressed, whether Lisp hears it or a computation."))

(defun on-interrupt ()
  "Runs in the Lisp thread on Ctrl-C, perhaps after a computation has heard the request or the form has ended: then it does nothing."
  (when (caten/primitive:resume) (signal 'interrupted)))

(defun checked (value)
  "The value of a primitive, or its diagnostic signalled: (checked (infer …))."
  (cond ((not (diagnostic-p value)) value)
        ((= (diagnostic-code value) 805) (caten/primitive:resume) (error 'interrupted))
        (t (signal-diagnostic value))))
