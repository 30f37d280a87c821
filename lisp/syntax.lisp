;;;; How programs are read: Common Lisp's syntax plus {type}, [dims], commas as separators, and the place of every form.

(defpackage :caten/syntax
  (:use :cl)
  (:import-from :caten/diagnostic #:fail)
  (:export #:*caten-readtable* #:form-place #:*source* #:with-caten-syntax #:record-place))

(in-package :caten/syntax)

(defvar *source* nil "What is being read: the number of a text of the session, or the name of a file that is compiled.")

(defvar *places* (make-hash-table :test 'eq :weakness :key)
  "Conses that the reader made → (source begin end); begin and end count characters.")

(defvar *quasiquote-depth* 0 "How many backquotes enclose the form that is being read.")

(defvar *depth* 0 "How many forms enclose the one that is being read.")

(defparameter *depth-limit* 2000 "How deeply forms may nest.")

(defun form-place (form)
  "Where the reader found this very cons, or nil: (source begin end), or \"file:line:column\" of compiled code."
  (and (consp form) (values (gethash form *places*))))

(defun record-place (form begin stream)
  "Remembers that `form` was read from `begin` to the stream's position."
  (when (and (consp form) *source*)
    (setf (gethash form *places*) (list *source* begin (file-position stream))))
  form)

(defun position-before (stream)
  "The position of the character just read."
  (max 0 (1- (or (file-position stream) 1))))

(defun read-parenthesis (stream character)
  "Reads a list as Common Lisp does and records its place."
  (let ((begin (position-before stream)))
    (record-place (funcall (load-time-value (get-macro-character #\( nil)) stream character) begin stream)))

(defun read-braces (stream character)
  "{T} → (:{} T)."
  (declare (ignore character))
  (let ((begin (position-before stream)))
    (record-place (cons :{} (read-delimited-list #\} stream t)) begin stream)))

(defun read-brackets (stream character)
  "[M, N] → (:[] M N)."
  (declare (ignore character))
  (let ((begin (position-before stream)))
    (record-place (cons :[] (read-delimited-list #\] stream t)) begin stream)))

(defun read-backquote (stream character)
  "Backquote as in Common Lisp; inside, a comma before a non-blank unquotes."
  (let ((*quasiquote-depth* (1+ *quasiquote-depth*)))
    (funcall (load-time-value (get-macro-character #\` nil)) stream character)))

(defun blank-p (character)
  "True of what separates tokens, and of the end."
  (or (null character) (member character '(#\Space #\Tab #\Newline #\Return #\Page))))

(defun read-comma (stream character)
  "A separator, except before a non-blank inside a backquote, where it is Common Lisp's."
  (if (and (plusp *quasiquote-depth*) (not (blank-p (peek-char nil stream nil nil t))))
      (let ((*quasiquote-depth* (1- *quasiquote-depth*)))
        (funcall (load-time-value (get-macro-character #\, nil)) stream character))
      (values)))

(defun bounded (reader)
  "The macro character's function, which refuses to nest too deeply: ECL's own would exhaust the stack of C."
  (lambda (&rest arguments)
    (let ((*depth* (1+ *depth*)))
      (when (> *depth* *depth-limit*)
        (fail 401 "the text is nested too deeply" :expected (format nil "at most ~d levels" *depth-limit*)
                                                  :remedy "name inner values instead of nesting them"))
      (apply reader arguments))))

(defun bound-nesting (table)
  "Makes every macro character of the readtable that reads forms within forms a bounded one."
  (dolist (character '(#\( #\{ #\[ #\' #\` #\,))
    (set-macro-character character (bounded (get-macro-character character table)) nil table))
  (dolist (character '(#\( #\' #\. #\+ #\- #\= #\A #\S #\C #\P #\Y #\|))
    (let ((reader (get-dispatch-macro-character #\# character table)))
      (when reader (set-dispatch-macro-character #\# character (bounded reader) table))))
  table)

(defun make-caten-readtable ()
  "A readtable with the syntax of programs."
  (let ((table (copy-readtable nil)))
    (set-macro-character #\( #'read-parenthesis nil table)
    (set-macro-character #\{ #'read-braces nil table)
    (set-macro-character #\[ #'read-brackets nil table)
    (set-macro-character #\} (get-macro-character #\) nil) nil table)
    (set-macro-character #\] (get-macro-character #\) nil) nil table)
    (set-macro-character #\` #'read-backquote nil table)
    (set-macro-character #\, #'read-comma nil table)
    (bound-nesting table)))

(defvar *caten-readtable* (make-caten-readtable) "The syntax of programs, composites and plugins.")

(defmacro with-caten-syntax ((&key (package :caten-user) source) &body body)
  "Evaluates the body with the readtable, package and number format of programs:
(with-caten-syntax (:source 3) (read stream)) reads 0.1 as a double-float."
  `(let ((*readtable* *caten-readtable*)
         (*package* (find-package ,package))
         (*read-default-float-format* 'double-float)
         (*source* ,source))
     ,@body))
