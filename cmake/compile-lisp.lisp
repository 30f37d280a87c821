;;; ecl --norc --shell compile-lisp.lisp -- OUTPUT.o SOURCE.lisp ROOT DEPENDENCY.lisp…
;;; Compiles one file for linking, after loading the sources it depends on. A warning is an error.

(setf *load-verbose* nil)
(require 'cmp)

(setf *read-default-float-format* 'double-float)
(setf ext:*default-external-format* :utf-8)
(proclaim '(optimize (speed 1) (safety 2) (debug 0)))
;; No debug information of the generated C: it would name the build folder.
(setf c::*cc-flags* (concatenate 'string c::*cc-flags* " -g0"))

(defun use-caten-syntax ()
  "From the moment it is loaded, files are read with the syntax of programs."
  (let ((table (find-symbol "*CATEN-READTABLE*" (or (find-package "CATEN/SYNTAX") "KEYWORD"))))
    (when (and table (boundp table)) (setf *readtable* (symbol-value table)))))

(defun main (output source root &rest dependencies)
  (dolist (file dependencies)
    (load file :verbose nil)
    (use-caten-syntax))
  (let ((name (find-symbol "*SOURCE*" (or (find-package "CATEN/SYNTAX") "KEYWORD"))))
    (when (and name (boundp name))
      (setf (symbol-value name) (enough-namestring source root))))
  (multiple-value-bind (product warnings failure)
      (let ((*compile-verbose* nil) (*compile-print* nil) (c::*suppress-compiler-messages* '(or c:compiler-note style-warning)))
        (compile-file source :output-file output :system-p t :external-format :utf-8
                             :source-truename (enough-namestring source root)))
    (declare (ignorable warnings))
    (when (or failure (null product))
      (format *error-output* "~&~a does not compile~%" source)
      (when (probe-file output) (delete-file output))
      (ext:quit 1)))
  (ext:quit 0))

(apply #'main (rest (member "--" (ext:command-args) :test #'string=)))
