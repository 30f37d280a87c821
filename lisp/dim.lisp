;;;; Sizes: integers, and symbolic expressions such as (* 2 M) that C++ keeps in canonical form.

(defpackage :caten/dim
  (:use :cl)
  (:import-from :caten/primitive
   #:dim-add #:dim-sub #:dim-mul #:dim-div #:dim-mod #:dim-max #:dim-min #:dim-equal #:dim-less-equal #:dim-resolve
   #:dim-describe #:dim-equate #:dim-solve)
  (:import-from :caten/diagnostic #:checked #:fail)
  (:export #:symbolic-p #:dim-p #:size-symbol #:*dims* #:dim+ #:dim- #:dim* #:dim-floor #:dim-ceiling #:dim-modulo #:dim-largest
           #:dim-smallest #:dim= #:dim<= #:describe-dim #:describe-shape #:flatten-dims #:element-count #:equate #:resolve
           #:solve))

(in-package :caten/dim)

(defvar *dims* nil "The sizes, equations and guards of the program that is being traced, or nil outside of one.")

(defun size-symbol (name)
  "The symbol that stands for a named size in shapes: (size-symbol 'm) is caten/size::m."
  (intern (string name) :caten/size))

(defun size-name-p (object)
  "True of a symbol of package caten/size."
  (and (symbolp object) object (eq (symbol-package object) (load-time-value (find-package :caten/size)))))

(defun size-operator-p (object)
  "True of the head of a size expression, which C++ spells in lower case; names of sizes are in upper case."
  (and (size-name-p object)
       (member (symbol-name object) '("+" "-" "*" "div" "mod" "max" "min") :test #'string=)))

(defun symbolic-p (object)
  "True of a size that is no integer, and not of a list of sizes: (symbolic-p (size-symbol 'm))."
  (or (size-name-p object) (and (consp object) (size-operator-p (first object)))))

(defun dim-p (object)
  "True of a size: (dim-p 3)."
  (or (integerp object) (symbolic-p object)))

(macrolet ((define (name integer-function primitive documentation)
             `(defun ,name (a b)
                ,documentation
                (if (and (integerp a) (integerp b))
                    (,integer-function a b)
                    (checked (,primitive a b))))))
  (define dim+ + dim-add "The sum of two sizes: (dim+ 2 3) is 5.")
  (define dim- - dim-sub "The difference of two sizes: (dim- 5 3) is 2.")
  (define dim* * dim-mul "The product of two sizes: (dim* 2 3) is 6.")
  (define dim-largest max dim-max "The larger of two sizes: (dim-largest 2 3) is 3.")
  (define dim-smallest min dim-min "The smaller of two sizes: (dim-smallest 2 3) is 2."))

(defun dim-floor (a b)
  "The quotient rounded down; 0 for a divisor 0, as the op div: (dim-floor 7 2) is 3."
  (if (and (integerp a) (integerp b))
      (if (zerop b) 0 (values (floor a b)))
      (checked (dim-div a b))))

(defun dim-ceiling (a b)
  "The quotient rounded up: (dim-ceiling 7 2) is 4."
  (dim-floor (dim+ a (dim- b 1)) b))

(defun dim-modulo (a b)
  "The remainder with the sign of the divisor: (dim-modulo 7 2) is 1."
  (if (and (integerp a) (integerp b))
      (if (zerop b) 0 (mod a b))
      (checked (dim-mod a b))))

(defun dim= (a b)
  "True if the sizes are equal for every value of the named ones: (dim= 2 2)."
  (if (and (integerp a) (integerp b)) (= a b) (dim-equal *dims* a b)))

(defun dim<= (a b)
  "True or false if that holds for every value of the named sizes; else an error: (dim<= 2 3)."
  (cond ((and (integerp a) (integerp b)) (<= a b))
        ((dim-less-equal *dims* a b) t)
        ((dim-less-equal *dims* (dim+ b 1) a) nil)
        (t (fail 303 (format nil "whether ~a <= ~a depends on the call" (describe-dim a) (describe-dim b))
                 :expected "a comparison that the declared bounds decide"
                 :remedy "declare bounds in a where clause, or avoid the choice")
           nil)))

(defun resolve (dim)
  "The size with what was solved so far replaced."
  (if (integerp dim) dim (checked (dim-resolve *dims* dim))))

(defun equate (a b reason)
  "Makes a = b true or signals E0302: (equate 2 2 \"K of gemm\")."
  (if (and (integerp a) (integerp b) (= a b))
      :equal
      (checked (dim-equate *dims* a b reason))))

(defun solve (name left right)
  "The value of the size symbol `name` that makes left = right, or nil: 3 for (solve m (* 2 m) 6)."
  (dim-solve name left right))

(defun describe-dim (dim)
  "The size for people: \"2M + 1\"."
  (if (integerp dim) (format nil "~d" dim) (dim-describe dim)))

(defun describe-shape (shape)
  "The shape for people: (describe-shape '(2 3)) is \"[2 3]\"."
  (format nil "[~{~a~^ ~}]" (mapcar #'describe-dim shape)))

(defun flatten-dims (items)
  "Sizes given one by one or as lists of them: (flatten-dims '((2 3) 4)) is (2 3 4)."
  (loop for item in items
        if (and (listp item) (not (symbolic-p item))) append (flatten-dims item)
        else collect item))

(defun element-count (shape)
  "The product of the sizes: (element-count '(2 3)) is 6."
  (reduce #'dim* shape :initial-value 1))
