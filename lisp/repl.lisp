;;;; The prompt: inputs are evaluated and printed, the last values and forms kept in `* ** ***` and `+ ++ +++`.

(defpackage :caten/repl
  (:use :cl)
  (:import-from :caten/body #:mark-places #:*marker*)
  (:import-from :caten/evaluate #:read-diagnostics #:with-guard #:print-value #:skip-blanks)
  (:import-from :caten/syntax #:*caten-readtable* #:*source*)
  (:import-from :caten/restart #:with-restarts #:restartable #:report #:*evaluator* #:use-other-form)
  (:export #:evaluate-input #:evaluate-forms))

(in-package :caten/repl)

(defvar caten:* nil "The first value of the last form; ** and *** are those before it.")
(defvar caten:+ nil "The last form; ++ and +++ are those before it.")
(defvar caten:- nil "The form that is being evaluated.")
(defvar caten:/ nil "The list of the values of the last form; // and /// are those before it.")

(defvar *package-of-prompt* (find-package :caten-user) "The package in which inputs are read; in-package changes it.")

(defun remember (form values)
  "Moves the last values and forms one name further."
  (setf *** ** ** caten:* caten:* (first values)
        /// // // caten:/ caten:/ values
        +++ ++ ++ caten:+ caten:+ form))

(defun evaluate-and-print (form place)
  "Evaluates a form of an input, prints its values and remembers them."
  (setf caten:- form)
  (let* ((caten/diagnostic:*place* place)
         (values (multiple-value-list (eval (let* ((*marker* 'restartable) (marked (mark-places form)))
                                              (if (and (consp marked) (eq (first marked) 'restartable))
                                                  marked
                                                  `(restartable ,place ,marked)))))))
    (fresh-line)
    (dolist (value values)
      (format t "~a~%" (let ((*print-length* 100) (*print-level* 20)) (print-value value))))
    (finish-output)
    (remember form values)))

(defun call-with-corrections (function form)
  "Calls the function on the form, and again on one in which a symbol is replaced if the restart use-other-form says so."
  (loop
    (restart-case (return (funcall function form))
      (use-other-form (wrong right) (setf form (subst right wrong form))))))

(defun evaluate-forms (text source)
  "Evaluates the forms of the text in the package of the prompt; true if all came to their ends."
  (with-input-from-string (stream text)
    (loop
      (let* ((*source* source)
             (begin (file-position stream))
             (form nil)
             (failure (with-guard (c (read-diagnostics c (list source begin (1+ begin))))
                        (unless (skip-blanks stream) (return t))
                        (setf begin (file-position stream)
                              form (read stream))
                        nil))
             (place (list source begin (file-position stream))))
        (when failure
          (report failure nil)
          (return nil))
        (unless (with-restarts (place) (call-with-corrections (lambda (form) (evaluate-and-print form place)) form))
          (return nil))))))

(setf *evaluator* #'evaluate-forms)

(defun evaluate-input (text source)
  "Evaluates an input of the prompt. Returns (ok exit-code values diagnostics) as evaluate-text; the value is the name of the
package if it is not caten-user."
  (let ((*readtable* *caten-readtable*) (*package* *package-of-prompt*) (*read-default-float-format* 'double-float) (*source* source))
    (let* ((ok nil)
           (result (catch 'caten:quit
                     (setf ok (evaluate-forms text source))
                     nil)))
      (setf *package-of-prompt* *package*)
      (ignore-errors (finish-output))
      (if (and (consp result) (eq (first result) :quit))
          (list t (second result) '() '())
          (list ok nil
                (if (eq *package* (find-package :caten-user)) '() (list (string-downcase (package-name *package*))))
                '())))))
