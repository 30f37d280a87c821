;;;; In what precision values are computed (cxx/rewrite/passes/convert_precision.hpp says what that means).

(defpackage :caten/precision
  (:use :cl)
  (:import-from :caten #:precision #:with-precision)
  (:import-from :caten/primitive #:set-precision #:get-precision)
  (:import-from :caten/diagnostic #:checked #:fail)
  (:export #:call-with-precision))

(in-package :caten/precision)

(defun joined (names)
  "The names with commas between them: (joined '(default gelu)) is \"default,gelu\"."
  (format nil "~{~(~a~)~^,~}" (if (listp names) (or names '(default)) (list names))))

(defun split (text)
  "The names of a text with commas as keywords: (split \"default,gelu\") is (:default :gelu)."
  (loop for begin = 0 then (1+ comma)
        for comma = (position #\, text :start begin)
        collect (intern (string-upcase (subseq text begin comma)) :keyword)
        while comma))

(defun precision ()
  "In what precision f32 values are computed: nil as they are, or (dtype . names to keep in f32): (precision) is (:bf16 :default) under
--dtype bf16. It can be set: (setf (precision) :bf16), (setf (precision) '(:f16 default gelu)), (setf (precision) nil)."
  (let ((chosen (get-precision)))
    (and chosen (cons (intern (string-upcase (car chosen)) :keyword) (split (cdr chosen))))))

(defun (setf precision) (new)
  "Chooses it, from now on: (setf (precision) :bf16)."
  (destructuring-bind (dtype &rest keep) (if (listp new) (or new '(:f32)) (list new :default))
    (checked (set-precision (string-downcase dtype) (joined keep))))
  new)

(defun call-with-precision (precision function)
  "Calls the function while values are computed in this precision: (call-with-precision :bf16 (lambda () (! x)))."
  (let ((before (precision)))
    (setf (precision) precision)
    (unwind-protect (funcall function) (setf (precision) before))))

(defmacro with-precision ((dtype &key (keep-f32 '(default))) &body body)
  "What is computed in the body is computed in bf16 or f16, but for what is kept in f32; a lazy tensor must be asked for there:
(with-precision (:bf16 :keep-f32 (default gelu)) (! (matmul a b)))
→ (call-with-precision '(:bf16 default gelu) (lambda () (! (matmul a b))))."
  `(call-with-precision '(,dtype ,@(if (listp keep-f32) keep-f32 (list keep-f32))) (lambda () ,@body)))
