;;;; Reading and evaluating programs form by form, with every failure turned into diagnostics. C++ calls evaluate-text.

(defpackage :caten/evaluate
  (:use :cl)
  (:import-from :caten #:caten-error #:caten-error-diagnostics #:interrupted #:quit #:exit)
  (:import-from :caten/primitive #:add-source)
  (:import-from :caten/diagnostic
   #:checked #:make-diagnostic #:diagnostic-source #:with-place #:suggest #:add-note #:fail)
  (:import-from :caten/body #:mark-places)
  (:import-from :caten/wording #:reworded #:without-addresses #:foreign-name)
  (:import-from :caten/composite #:find-composite #:composite-text)
  (:import-from :caten/syntax #:with-caten-syntax #:*caten-readtable* #:form-place)
  (:export #:evaluate-text #:call-named #:finish-boot #:with-guard #:print-value #:evaluate-value #:condition-diagnostics #:read-diagnostics
           #:skip-blanks #:visible-names))

(in-package :caten/evaluate)

;;; Leaving the program

(defun quit (&optional (code 0))
  "Ends the program with this exit code: (quit 1)."
  (throw 'quit (list :quit (if (typep code '(integer 0 255)) code 1))))

(defun exit (&optional (code 0))
  "The same as quit: (exit 1)."
  (quit code))

;;; Conditions → diagnostics

(defun visible-names (predicate)
  "Names of the symbols of caten-user that satisfy the predicate, sorted, for suggestions."
  (let ((names '()))
    (do-symbols (symbol :caten-user)
      (when (funcall predicate symbol) (push (string-downcase (symbol-name symbol)) names)))
    (sort (remove-duplicates names :test #'string=) #'string<)))

(defun one-line (text)
  "The text with runs of blanks as one space and without a final full stop."
  (let ((words '()) (start nil))
    (loop for i from 0 to (length text)
          for blank = (or (= i (length text)) (member (char text i) '(#\Space #\Tab #\Newline #\Return)))
          do (cond ((and blank start) (push (subseq text start i) words) (setf start nil))
                   ((and (not blank) (not start)) (setf start i))))
    (string-right-trim "." (format nil "~{~a~^ ~}" (nreverse words)))))

(defun describe-condition (condition)
  "The condition's report on one line; never fails."
  (or (ignore-errors
       (let ((text (one-line (let ((caten/tensor:*print-values* nil) (*print-length* 8) (*print-level* 4) (*print-circle* t)) (princ-to-string condition)))))
         (setf text (without-addresses text))
         (cond ((and (> (length text) 2) (string= "#<" text :end2 2))  ; a condition without a report
                (substitute #\Space #\- (condition-name condition)))
               ((> (length text) 400) (concatenate 'string (subseq text 0 400) "…"))
               (t text))))
      (ignore-errors (one-line (format nil "~a" (simple-condition-format-control condition))))  ; too few arguments for it
      "an error that cannot be printed"))

(defun condition-name (condition)
  "The name of the condition's type in lower case."
  (string-downcase (symbol-name (type-of condition))))

(defun about-tensor-p (condition)
  "True of a type error about a tensor."
  (ignore-errors (caten:tensorp (type-error-datum condition))))

(deftype tensor-where-none-fits ()
  "Type errors about tensors: (typep c 'tensor-where-none-fits)."
  '(and type-error (satisfies about-tensor-p)))

(defun condition-diagnostics (condition)
  "The diagnostics of a condition: those it carries, or one made from its kind and report."
  (typecase condition
    (caten-error (or (caten-error-diagnostics condition)
                     (list (make-diagnostic 701 (format nil "a ~a without a diagnostic" (condition-name condition))
                                            :remedy "signal errors of your own with (error \"what is wrong\")"))))
    (interrupted (list (make-diagnostic 805 "the computation was interrupted" :remedy "all definitions and values are kept")))
    (undefined-function
     (let ((name (cell-error-name condition)))
       (list (make-diagnostic 111 (format nil "there is no function or composite `~(~a~)`" name)
                              :remedy (or (foreign-name name)
                                          (suggest (princ-to-string name) (visible-names #'fboundp))
                                          "define it, or check its spelling")))))
    (unbound-variable
     (let ((name (cell-error-name condition)))
       (list (make-diagnostic 103 (format nil "`~(~a~)` has no value" name)
                              :remedy (or (suggest (princ-to-string name) (visible-names #'boundp))
                                          "define it with defparameter or let")))))
    (ext:stack-overflow
     (list (make-diagnostic 401 "the Lisp stack is exhausted" :remedy "look for a recursion without end, or nest less deeply")))
    (tensor-where-none-fits
     (list (make-diagnostic 701 "a function of Common Lisp that takes no tensors"
                            :expected (let ((*package* (find-package :cl))) (format nil "~(~a~)" (type-error-expected-type condition)))
                            :found (caten/tensor:describe-type (type-error-datum condition))
                            :remedy "for sizes (shape x), for elements (take x axis k) or (tensor->list x)")))
    (storage-condition
     (list (make-diagnostic 404 "Lisp is out of memory" :remedy "look for data that grows without end")))
    (t (list (or (ignore-errors (reworded condition (describe-condition condition)))
                 (make-diagnostic 701 (describe-condition condition) :found (format nil "a condition of type ~a" (condition-name condition))))))))

(defun read-diagnostics (condition place)
  "Diagnostics for a condition signalled while a form that begins at `place` was read."
  (mapcar (lambda (d) (with-place d place))
          (typecase condition
            (caten-error (caten-error-diagnostics condition))
            (end-of-file
             (list (make-diagnostic 1 "the text ends inside a form" :expected "`)`" :found "the end of the text"
                                                                      :remedy "close the form that begins here")))
            (interrupted (condition-diagnostics condition))
            (ext:stack-overflow
             (list (make-diagnostic 401 "the text is nested too deeply" :remedy "name inner values instead of nesting them")))
            (t (if (search "Unmatched right parenthesis" (describe-condition condition))
                   (list (make-diagnostic 2 "unexpected `)`" :expected "a form or the end of the text"
                                                             :remedy "remove it, or add the missing `(` before it"))
                   (list (make-diagnostic 702 (without-stream (describe-condition condition))
                                      :remedy "correct the text, or write an unusual symbol between bars: |name|")))))))

(defun without-stream (message)
  "A reader error's message without the stream and position that ECL puts before it."
  (let* ((position (search ", position " message))
         (colon (and position (position #\: message :start position))))
    (if colon (string-left-trim " " (subseq message (1+ colon))) message)))

;;; The guard

(defmacro with-guard ((condition handler) &body body)
  "Evaluates the body; on a serious condition nothing handled, returns the value of `handler` with `condition` bound:
(with-guard (c (list :failed c)) (error \"no\")). The stack is unwound before the handler runs."
  (let ((block (gensym)) (tag (gensym)) (place (gensym)))
    `(block ,block
       (let ((,place nil))
         (tagbody
            (flet ((leave (c) (setf ,place c caten/diagnostic:*signal-place* caten/diagnostic:*place*) (go ,tag)))
              (let ((ext:*invoke-debugger-hook* (lambda (c hook) (declare (ignore hook)) (leave c)))
                    (*debugger-hook* (lambda (c hook) (declare (ignore hook)) (leave c))))
                (return-from ,block
                  (handler-bind ((serious-condition #'leave))
                    ,@body))))
            ,tag)
         (let ((,condition ,place)) ,handler)))))

;;; Printing

(defun print-value (value)
  "The value as a program shows it: (print-value '(a 1.5)) is \"(a 1.5)\"."
  (let ((*print-case* :downcase) (*print-pretty* nil) (*print-circle* t) (*read-default-float-format* 'double-float)
        (*package* (find-package :caten-user)))
    (if (and (functionp value) (find-composite value))
        (format nil "#<composite ~a>" (composite-text (find-composite value)))
        (readable-floats (prin1-to-string value)))))

(defun readable-floats (text)
  "The text with ECL's words for infinities and NaN as +inf, -inf and nan."
  (loop for (word . name) in '(("#<double-float positive infinity>" . "+inf") ("#<double-float negative infinity>" . "-inf")
                               ("#<single-float positive infinity>" . "+inf") ("#<single-float negative infinity>" . "-inf")
                               ("#<double-float quiet NaN>" . "nan") ("#<single-float quiet NaN>" . "nan"))
        do (loop for place = (search word text)
                 while place
                 do (setf text (concatenate 'string (subseq text 0 place) name (subseq text (+ place (length word)))))))
  text)

;;; Evaluating a text

(defun skip-blanks (stream)
  "Moves to the next form; true if there is one. Comments are blanks."
  (loop
    (let ((character (peek-char t stream nil nil)))
      (cond ((null character) (return nil))
            ((char= character #\;) (read-line stream nil nil))
            ((and (char= character #\#) (block-comment-p stream)) (skip-block-comment stream))
            (t (return t))))))

(defun block-comment-p (stream)
  "True if the stream stands before #|."
  (let ((position (file-position stream)))
    (read-char stream)
    (prog1 (eql (read-char stream nil nil) #\|)
      (file-position stream position))))

(defun skip-block-comment (stream)
  "Reads past a #| … |# comment, which may hold others."
  (read-char stream) (read-char stream)
  (let ((depth 1) (previous nil))
    (loop
      (let ((character (read-char stream)))
        (cond ((and (eql previous #\|) (char= character #\#))
               (setf previous nil)
               (when (zerop (decf depth)) (return)))
              ((and (eql previous #\#) (char= character #\|)) (incf depth) (setf previous nil))
              (t (setf previous character)))))))

(defun evaluate-forms (stream source show &optional note-place)
  "Evaluates the forms of the stream. Returns the values of the last form, printed unless `show` is :values, and diagnostics of the
first that failed."
  (let ((values '()))
    (loop
      (let* ((begin (file-position stream))
             (more (with-guard (c (return (values values (read-diagnostics c (list source begin (1+ begin))))))
                     (prog1 (skip-blanks stream) (setf begin (file-position stream))))))
        (unless more (return (values values '())))
        (let* ((form (with-guard (c (return (values values (read-diagnostics c (list source begin (1+ begin))))))
                       (read stream)))
               (place (list source begin (file-position stream)))
               (results (with-guard (c (return (values values (mapcar (lambda (d) (with-place (with-place d caten/diagnostic:*signal-place*) place))
                                                                      (condition-diagnostics c)))))
                          (let ((caten/diagnostic:*place* place))
                            (prog1
                                (let ((results (multiple-value-list (eval (mark-places form)))))
                                  (case show
                                    (:nothing '())
                                    (:values results)
                                    (t (mapcar #'print-value results))))
                              (finish-output))))))
          (setf values results)
          (when note-place (funcall note-place place))
          (when (eq show :each)
            (format t "~{~a~%~}" results)
            (finish-output)))))))

(defun evaluate-value (text source note-place)
  "As evaluate-text, with the values themselves; calls note-place with the place of each form that was evaluated."
  (let ((result
          (catch 'quit
            (multiple-value-bind (values diagnostics)
                (with-input-from-string (stream text)
                  (with-caten-syntax (:source source)
                    (evaluate-forms stream source :values note-place)))
              (list (null diagnostics) nil values diagnostics)))))
    (if (eq (first result) :quit) (list t (second result) '() '()) result)))

(defun file-pathname (path)
  "The pathname of an absolute path as the system writes it: no character of it means a pattern."
  (let* ((slash (position #\/ path :from-end t))
         (dot (position #\. path :from-end t :start (min (+ slash 2) (length path))))
         (folders (loop for start = 1 then (1+ end)
                        while (< start slash)
                        for end = (position #\/ path :start start)
                        collect (subseq path start end))))
    (make-pathname :directory (cons :absolute folders) :name (subseq path (1+ slash) dot) :type (and dot (subseq path (1+ dot))))))

(defun evaluate-text (text path source show)
  "Evaluates the forms of `text`, which is number `source` of the session and the file `path`, or no file if that is empty.
Returns (ok exit-code values diagnostics)."
  (let* ((*load-pathname* (if (string= path "") nil (file-pathname path)))
         (*load-truename* *load-pathname*)
         (result
          (catch 'quit
            (multiple-value-bind (values diagnostics)
                (with-input-from-string (stream text)
                  (with-caten-syntax (:source source)
                    (evaluate-forms stream source show)))
              (list (null diagnostics) nil values diagnostics)))))
    (ignore-errors (finish-output))
    (if (eq (first result) :quit)
        (list t (second result) '() '())
        result)))

(defun caten:load (path)
  "Evaluates the forms of a file and returns its path; errors name their places in it: (load \"plugin.lisp\")."
  (destructuring-bind (source . text) (checked (add-source (namestring path)))
    (let* ((*load-pathname* (file-pathname (namestring path)))
           (*load-truename* *load-pathname*)
           (diagnostics (with-input-from-string (stream text)
                          (with-caten-syntax (:source source)
                            (nth-value 1 (evaluate-forms stream source :nothing))))))
      (when diagnostics (error 'caten-error :diagnostics diagnostics))
      path)))

(defun call-named (name arguments)
  "Calls the function that `name` (\"package:symbol\") names. Returns as evaluate-text."
  (let ((result
          (catch 'quit
            (with-guard (c (list nil nil '() (condition-diagnostics c)))
              (let* ((colon (position #\: name))
                     (package (if colon (subseq name 0 colon) "CATEN-USER"))
                     (function (find-symbol (string-upcase (if colon (string-left-trim ":" (subseq name colon)) name))
                                            (string-upcase package))))
                (list t nil
                      (mapcar (lambda (value) (if (stringp value) value (print-value value)))
                              (multiple-value-list (apply function arguments)))
                      '()))))))
    (ignore-errors (finish-output))
    (if (eq (first result) :quit) (list t (second result) '() '()) result)))

(defun finish-boot ()
  "Settles what Lisp programs see of the process: every op, UTF-8 streams, our own quit, no garbage-collection messages."
  (setf si::*gc-verbose* nil
        *print-pretty* nil
        *compile-verbose* nil
        *load-verbose* nil
        ext:*default-external-format* :utf-8)
  (ignore-errors (setf (stream-external-format ext:+process-standard-output+) :utf-8
                       (stream-external-format *error-output*) :utf-8
                       (stream-external-format ext:+process-standard-input+) :utf-8))
  (caten/ops:define-ops-of-table)
  (ext:package-lock "EXT" nil)
  (setf (fdefinition 'ext:quit) (lambda (&optional (code 0) kill) (declare (ignore kill)) (quit code))
        (fdefinition 'ext:exit) (fdefinition 'ext:quit))
  (ext:package-lock "EXT" t)
  t)
