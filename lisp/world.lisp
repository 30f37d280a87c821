;;;; Consensual programs that run at the prompt: step, look, ask why, edit the constraints, go on. C++ runs them (cxx/worlds/).

(defpackage :caten/world
  (:use :cl)
  (:shadowing-import-from :caten #:step)
  (:import-from :caten
   #:caten-error #:world #:look #:show #:why #:why-not #:add-constraint #:remove-constraint #:digest #:picture
   #:save-world #:load-world #:step-facts #:lci-of)
  (:import-from :caten/primitive
   #:make-world #:load-run #:save-run #:world-facts #:step-once #:step-report #:look-at #:grid-of #:ask-why #:edit-world
   #:begin-film #:end-film #:print-float)
  (:import-from :caten/consensus #:checked-program #:program-name)
  (:import-from :caten/files #:array-of #:leaf #:path-text)
  (:import-from :caten/syntax #:form-place)
  (:import-from :caten/diagnostic #:checked #:fail))

(in-package :caten/world)

(defstruct (running (:constructor %make-running (handle)) (:copier nil))
  "A world: what C++ holds of it."
  handle)

(defstruct (report (:constructor %make-report (text facts)) (:copier nil))
  "What a step did, as text and as a plist."
  text facts)

(defmethod print-object ((world running) stream)
  (destructuring-bind (name steps how digest) (world-facts (running-handle world) nil)
    (declare (ignore digest))
    (format stream "#<world ~a, step ~d, ~a>" name steps how)))

(defmethod print-object ((report report) stream)
  (write-string (string-right-trim '(#\Newline) (report-text report)) stream))

(defun made (value)
  "The value of a primitive, or its diagnostics signalled."
  (if (and (consp value) (eq (first value) :failed))
      (error 'caten-error :diagnostics (rest value))
      (checked value)))

(defun handle-of (object)
  "What C++ holds of the object, which must be a world."
  (if (running-p object)
      (running-handle object)
      (fail 705 "this is no world" :expected "what world or load-world returns" :found (princ-to-string object)
                                   :remedy "make one: (world (load-consensual-program \"world.lmpm\"))")))

;;; Arguments

(defun name-text (name)
  "A name of the program; letters of symbols have no size: (name-text 'Spin) is \"spin\"."
  (typecase name
    (string name)
    (null "")
    (symbol (string-downcase (symbol-name name)))
    (t (fail 705 "a name is a symbol or a string" :found (princ-to-string name)))))

(defun number-text (number)
  "As a person writes it: (number-text 1/4) is \"0.25\"."
  (if (integerp number) (format nil "~d" number) (print-float (coerce number 'double-float))))

(defun given-of (value)
  "What is given, as a text or an array: a number, a name, a text as behind --param, a tensor or nested lists."
  (typecase value
    (string value)
    (real (number-text value))
    ((and symbol (not null)) (name-text value))
    (t (array-of value))))

(defun pairs-of (key plist)
  "The plist as ((name . text-or-array) …)."
  (if (and (listp plist) (evenp (length plist)))
      (loop for (name value) on plist by #'cddr collect (cons (name-text name) (given-of value)))
      (fail 705 (format nil "~(~s~) takes names and what they are given, in turn" key)
            :expected (format nil "~(~s~) (list 'H 8 'W 8)" key) :found (princ-to-string plist))))

(defun interpreted-p (runtime)
  "Is the interpreter asked for?"
  (cond ((null runtime) nil)
        ((and (or (symbolp runtime) (stringp runtime)) (string-equal runtime "reference")) t)
        (t (fail 705 ":runtime of a world is :reference, or nothing" :found (princ-to-string runtime)
                 :remedy "the runtime of all programs is chosen when caten is started: --runtime NAME"))))

(defun whole-number (what value least most)
  "The integer between these bounds; nil stays nil."
  (if (or (null value) (and (integerp value) (<= least value most)))
      value
      (fail 705 (format nil "~a is no such number" what) :expected (format nil "an integer from ~d to ~d" least most)
                                                         :found (princ-to-string value))))

(defconstant +most+ (1- (expt 2 62)) "Of steps.")

;;; Worlds

(defun world (program &key param in (seed 0) runtime)
  "A world of a consensual program before its first step: (world ising :param '(H 8 W 8 beta 0.4) :in (list 'Spin board) :seed 1).
:param gives parameters, :in initial cells: numbers, tensors, or texts as behind --param and --in. Steps are compiled where the program
is one that is, else interpreted, as the printed world says; with :runtime :reference they are interpreted."
  (let ((program (checked-program program)))
    (%make-running (made (make-world (program-name program) (lci-of program) (pairs-of :param param) (pairs-of :in in)
                                     (whole-number ":seed" seed 0 (1- (expt 2 32))) (interpreted-p runtime))))))

(defun load-world (path &key to runtime)
  "The world of a journal, of save-world or of caten run --journal, at its last step or at the step :to: (load-world \"map.journal\")."
  (%make-running (made (load-run (path-text path) (whole-number ":to" to 0 +most+) (interpreted-p runtime)))))

(defun save-world (world path)
  "Keeps the world as a journal that begins with its state, and returns the path: (save-world w \"map.journal\"). load-world goes on from
it, and so does caten run --journal."
  (checked (save-run (handle-of world) (path-text path)))
  path)

;;; Steps

(defun last-report (handle)
  "What the last step did."
  (destructuring-bind (text . facts) (step-report handle)
    (%make-report text (apply #'append facts))))

(defun call-with-film (handle picture every value scale colours function)
  "Calls the function while its steps become a film, if a picture is named."
  (if (null picture)
      (funcall function)
      (let ((done nil))
        (checked (begin-film handle (path-text picture) (whole-number ":every" every 1 +most+) (and value (name-text value))
                             (whole-number ":scale" scale 1 256) (and colours (name-text colours))))
        (unwind-protect (multiple-value-prog1 (funcall function) (setf done t))
          (let ((ended (end-film handle done)))
            (when done (checked ended)))))))

(defun step (world &optional (n 1) &key report picture every value scale colours)
  "Does the next n steps, and returns what the last one did: (step w 10). :report t prints what each does. :picture \"run.gif\" films them, as
caten run does, with :every, :value, :scale and :colours."
  (let ((handle (handle-of world)) (n (or (whole-number "the number of steps" n 0 +most+) 0)))
    (call-with-film handle picture every value scale colours
                    (lambda ()
                      (loop for left from n above 0
                            do (checked (step-once handle (= left 1)))
                               (when report (format t "~a" (first (step-report handle)))))))
    (if (plusp n) (last-report handle) (values))))

(defun step-facts (report)
  "What a step did, as a plist: (getf (step-facts (step w)) :committed). Of a compiled step its number alone."
  (if (report-p report)
      (report-facts report)
      (fail 705 "this is no report of a step" :expected "what step returns" :found (princ-to-string report))))

;;; Looking

(defun look (world name)
  "The cells of a value, a tensor: (look w 'Spin). Ids that are not committed are as large as the vocabulary."
  (leaf (look-at (handle-of world) (name-text name))))

(defun show (world &optional name)
  "Prints the cells of a value, or of the first that a rule proposes for: (show w). One of two ids is # and the other a dot; ? is not
committed."
  (write-string (checked (grid-of (handle-of world) (name-text name))))
  (values))

(defun picture (world path &key value scale colours)
  "Draws the cells of a value as they are now, a .png file, and returns its path: (picture w \"map.png\" :scale 8)."
  (call-with-film (handle-of world) path nil value scale colours (lambda ()))
  path)

(defun digest (world)
  "The digest of the whole state, 32 digits, as caten run prints it: (digest w)."
  (fourth (world-facts (handle-of world) t)))

(defun tell (text)
  "Prints the text; no value."
  (write-string (checked text))
  (values))

(defun why (world cell)
  "Tells what the last step did for a cell: who proposed what, what won, and what each of the others lost to: (why w \"Spin[3,4]\")."
  (tell (ask-why (handle-of world) cell nil)))

(defun why-not (world cell value)
  "The same, and why the cell did not become this value, as if it alone were proposed: (why-not w \"Spin[3,4]\" 1)."
  (tell (ask-why (handle-of world) cell
                 (typecase value
                   (real (number-text value))
                   (string value)
                   (list (format nil "~{~a~^,~}" (mapcar #'number-text value)))
                   (t (fail 705 "a cell holds a number, or a list of them" :found (princ-to-string value)))))))

;;; Edits

(defun add-constraint (world constraint)
  "One constraint more, from the next step on, in a program with a value of kind Rule: (add-constraint w (constraint Lock :scope (Spin 0 *)
:kind forbid :pred (change) :priority 100)), or its text, \"constraint Lock: forbid change(Spin[0,*]) priority 100\"."
  (made (edit-world (handle-of world)
                    (if (stringp constraint)
                        constraint
                        (let ((place (form-place constraint))) (cons constraint (and (consp place) place))))
                    nil))
  world)

(defun remove-constraint (world name)
  "One constraint less, from the next step on: (remove-constraint w 'Lock)."
  (made (edit-world (handle-of world) nil (name-text name)))
  world)
