;;;; Errors at the prompt: what went wrong, a numbered list of ways to go on, and the question which one.

(defpackage :caten/restart
  (:use :cl)
  (:import-from :caten #:interrupted)
  (:import-from :caten/primitive #:ask #:tell)
  (:import-from :caten/body #:at)
  (:import-from :caten/diagnostic #:*place* #:with-place #:diagnostic-code #:diagnostic-message #:diagnostic-remedy #:caten-error-diagnostics)
  (:import-from :caten/evaluate #:condition-diagnostics #:read-diagnostics #:with-guard #:print-value #:skip-blanks #:evaluate-value)
  (:import-from :caten/syntax #:with-caten-syntax)
  (:export #:with-restarts #:restartable #:report #:*evaluator*))

(in-package :caten/restart)

(defvar *level* 0 "How many errors wait for an answer.")

(defvar *evaluator* nil "The function of a text and its source that evaluates what is typed instead of a number.")

(defun report (diagnostics place)
  "Shows diagnostics at the terminal: (report (condition-diagnostics c) '(0 0 5))."
  (ignore-errors (finish-output))
  (dolist (diagnostic diagnostics)
    (tell (with-place diagnostic place))))

;;; Restarts of the forms as they were typed

(defun plain-form (form)
  "The form without what marks places: (plain-form '(restartable (0 3 9) (relu x))) is (relu x)."
  (cond ((atom form) form)
        ((and (member (first form) '(at restartable)) (= (length form) 3)) (plain-form (third form)))
        (t (loop for rest = form then (cdr rest)
                 while (consp rest)
                 collect (plain-form (car rest)) into items
                 finally (return (if rest (append items rest) items))))))

(defun brief (form)
  "The form on one short line."
  (let* ((*print-length* 6) (*print-level* 3) (*print-pretty* nil)
         (text (substitute #\Space #\Newline (let ((caten/tensor:*print-values* nil)) (print-value (plain-form form))))))
    (if (> (length text) 60) (concatenate 'string (subseq text 0 59) "…") text)))

(defun call-restartable (function form)
  "The values of the function. While it runs there are the restarts retry (with a function that is to call it) and use-value."
  (let ((function function))
    (loop
      (restart-case (return (funcall function))
        (retry (&optional around)
          :report (lambda (stream) (format stream "evaluate ~a again" (brief form)))
          (when around
            (setf function (let ((inner function)) (lambda () (funcall around inner))))))
        (use-value (value)
          :report (lambda (stream) (format stream "use a value instead of ~a" (brief form)))
          :interactive ask-value
          (return value))))))

(defmacro restartable (place form)
  "As `at`, with restarts: (restartable (0 0 8) (relu x))
→ (call-restartable (lambda () (at (0 0 8) (relu x))) '(relu x))."
  `(call-restartable (lambda () (at ,place ,form)) ',form))

(defun ask-value ()
  "Reads a form at the terminal and returns a list of its value; back to the question if there is none."
  (destructuring-bind (&optional source . text) (ask "value> ")
    (unless source (throw 'again nil))
    (destructuring-bind (ok exit-code values diagnostics) (evaluate-value text source #'identity)
      (declare (ignore exit-code))
      (when (or (not ok) (null values))
        (report diagnostics nil)
        (throw 'again nil))
      (list (first values)))))

;;; "Did you mean" as a way to go on

(defun suggested-name (diagnostic)
  "The name in a remedy `did you mean …`, or nil."
  (let* ((remedy (or (diagnostic-remedy diagnostic) ""))
         (start (and (search "did you mean `" remedy) (1+ (position #\` remedy))))
         (end (and start (position #\` remedy :start start))))
    (and end (string-left-trim ":" (string-upcase (subseq remedy start end))))))

(defun with-function (name other)
  "A function that calls a thunk while `name` is another name of the function `other`."
  (lambda (thunk)
    (setf (fdefinition name) (fdefinition other))
    (unwind-protect (funcall thunk) (fmakunbound name))))

(defun with-variable (name other)
  "A function that calls a thunk while the variable `name` has the value of `other`."
  (lambda (thunk) (progv (list name) (list (symbol-value other)) (funcall thunk))))

(defun correction (condition)
  "(label . function) of the restart that puts the suggested name in place of the unknown one, or nil."
  (let* ((diagnostic (first (condition-diagnostics condition)))
         (name (suggested-name diagnostic))
         (other (and name (find-symbol name :caten-user)))
         (retry (find-restart 'retry condition))
         (again (find-restart 'use-other-form condition)))
    (flet ((label (wrong right) (format nil "use `~(~a~)` for `~(~a~)`" right wrong)))
      (typecase condition
        (undefined-function
         (let ((wrong (cell-error-name condition)))
           (cond ((not (and other (symbolp wrong) (fboundp other))) nil)
                 ((and retry (not (macro-function other)) (not (special-operator-p other)))
                  (cons (label wrong other) (lambda () (invoke-restart retry (with-function wrong other)))))
                 (again (cons (label wrong other) (lambda () (invoke-restart again wrong other)))))))
        (unbound-variable
         (let ((wrong (cell-error-name condition)))
           (when (and other retry (boundp other))
             (cons (label wrong other) (lambda () (invoke-restart retry (with-variable wrong other)))))))
        (t (let* ((message (diagnostic-message diagnostic))
                  (colon (and (search "keyword argument :" message) (position #\: message)))
                  (wrong (and colon name (find-symbol (string-upcase (subseq message (1+ colon))) :keyword))))
             (when (and wrong again)
               (cons (format nil "use `:~(~a~)` for `~(~s~)`" name wrong)
                     (lambda () (invoke-restart again wrong (intern name :keyword)))))))))))

;;; The question

(defun ways-on (condition)
  "((label . function) …) in the order of their numbers, the way back to the prompt last."
  (let* ((ways '()) (seen '())
         (restarts (compute-restarts condition))
         (outermost (find 'to-prompt restarts :key #'restart-name :from-end t)))
    (dolist (restart restarts)
      (let ((restart restart) (name (restart-name restart)))
        (unless (or (string= name "USE-POISON") (eq name 'use-other-form)
                    (and (member name '(retry use-value)) (member name seen)))
          (push name seen)
          (push (cons (one-line-report restart) (lambda () (invoke-restart-interactively restart))) ways))
        (when (eq name 'to-prompt)
          (unless (eq restart outermost)
            (push (cons "back to the prompt" (lambda () (invoke-restart outermost))) ways))
          (return))))
    (let ((ways (nreverse ways)) (correction (ignore-errors (correction condition))))
      (if correction (cons correction ways) ways))))

(defun one-line-report (restart)
  "What the restart does, in words."
  (or (ignore-errors (substitute #\Space #\Newline (princ-to-string restart))) (string-downcase (restart-name restart))))

(defun show-ways (ways)
  "Prints the numbered list."
  (loop for (label) in ways
        for number from 1
        do (format t "  ~d: ~a~%" number label))
  (finish-output))

(defun offer (condition place)
  "Shows the error and the ways to go on, and takes one. Forms that are typed instead are evaluated."
  (report (condition-diagnostics condition) (if (consp *place*) *place* place))
  (let* ((ways (ways-on condition))
         (prompt (format nil "~@[~d ~]1-~d> " (and (plusp *level*) (1+ *level*)) (length ways)))
         (*level* (1+ *level*)))
    (show-ways ways)
    (loop
      (destructuring-bind (&optional source . text) (ask prompt)
        (let ((word (string-trim '(#\Space #\Tab #\Newline) (or text ""))))
          (cond ((or (null source) (member word '("q" ":q" "abort") :test #'string-equal)) (invoke-restart 'to-prompt))
                ((string= word "") (show-ways ways))
                ((every #'digit-char-p word)
                 (let ((number (parse-integer word)))
                   (if (<= 1 number (length ways))
                       (catch 'again (funcall (cdr (nth (1- number) ways))))
                       (show-ways ways))))
                (t (funcall *evaluator* text source))))))))

(defun call-with-restarts (function place)
  "Calls the function. Errors that nothing handles are offered to the user; returns false if the way back to the prompt was taken,
or if there is nothing to choose: after Ctrl-C, or without stack or memory."
  (let ((failure nil))
    (restart-case
        (block attempt
          (handler-bind (((or interrupted ext:stack-overflow storage-condition)
                           (lambda (condition)
                             (setf failure condition)
                             (return-from attempt nil))))
            (let* ((hook (lambda (condition old) (declare (ignore old)) (offer condition place)))
                   (ext:*invoke-debugger-hook* hook) (*debugger-hook* hook))
              (funcall function)
              (return-from call-with-restarts t))))
      (to-prompt ()
        :report (lambda (stream) (format stream "back to ~:[the error before~;the prompt~]" (zerop *level*)))
        (return-from call-with-restarts nil)))
    (when failure
      (when (typep failure 'interrupted) (terpri))  ; behind the ^C that the terminal shows
      (report (condition-diagnostics failure) place))
    nil))

(defmacro with-restarts ((place) &body body)
  "Evaluates the body as typed at the prompt; true if it came to its end: (with-restarts ('(0 0 5)) (error \"no\"))
→ (call-with-restarts (lambda () (error \"no\")) '(0 0 5))."
  `(call-with-restarts (lambda () ,@body) ,place))
