;;;; Loading implementations of composites that somebody wrote (docs/ops.md): each is compared with its composite first.

(defpackage :caten/ops-file
  (:use :cl)
  (:import-from :caten #:load-ops #:tensorp)
  (:import-from :caten/primitive #:read-ops #:check-ops #:use-ops)
  (:import-from :caten/tensor #:make-leaf)
  (:import-from :caten/diagnostic #:checked #:fail)
  (:import-from :caten/syntax #:with-caten-syntax)
  (:export #:test-call))

(in-package :caten/ops-file)

(defun test-call (code inputs)
  "The tensor that a form gives where the names are inputs, and these: (test-call \"(relu A)\" '((\"A\" :f32 4)))."
  (let* ((leaves (loop for (name dtype . shape) in inputs collect (make-leaf :input dtype shape :name name)))
         (form (with-caten-syntax () (read-from-string code)))
         (names (loop for (name) in inputs collect (intern (string-upcase name) :caten-user)))
         (result (eval `(let ,(loop for name in names for leaf in leaves collect (list name (list 'quote leaf)))
                          (declare (ignorable ,@names))
                          ,form))))
    (unless (tensorp result)
      (fail 608 "the test of an implementation gives no tensor" :expected "a form that calls the composite" :found code))
    (values result leaves)))

(defun load-ops (path)
  "Uses the implementation of a composite that an ops file has, after comparing it with the composite: (load-ops \"gemm.toml\")."
  (let ((read (checked (read-ops (namestring path)))))
    (dolist (inputs (rest read))
      (multiple-value-bind (result leaves) (test-call (first read) inputs)
        (checked (check-ops leaves result))))
    (use-ops)
    path))
