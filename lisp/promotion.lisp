;;;; Operands that differ: one table of common dtypes, and broadcasting of literal sizes 1.

(defpackage :caten/promotion
  (:use :cl)
  (:import-from :caten #:tensorp #:size-value)
  (:import-from :caten/tensor #:tensor-dtype #:tensor-shape #:make-node #:any-poison-p #:poison #:poison-p #:describe-type)
  (:import-from :caten/dim #:dim= #:describe-shape #:*dims* #:equate #:symbolic-p)
  (:import-from :caten/diagnostic #:fail)
  (:export #:promote-dtypes #:literal-dtype #:weak-dtype #:dtype-class #:common-dtype #:broadcast-shapes #:broadcast-to #:convert
           #:constant #:as-tensor #:unify #:*types* #:resolve-dtype #:float-dtype #:all-ones #:dtype-bits))

(in-package :caten/promotion)

(defvar *types* '() "The dtypes bound to type variables of the composite under expansion: ((t . :f32)).")

(defparameter *dtype-table*
  ;; dtype  class     bits
  '((:bool :bool 8)
    (:i8 :signed 8) (:i16 :signed 16) (:i32 :signed 32) (:i64 :signed 64)
    (:u8 :unsigned 8) (:u16 :unsigned 16) (:u32 :unsigned 32) (:u64 :unsigned 64)
    (:f16 :float 16) (:bf16 :float 16) (:f32 :float 32) (:f64 :float 64)
    (:c64 :complex 64) (:c128 :complex 128)
    (:f8e4m3 :storage 8) (:f8e5m2 :storage 8))
  "Every dtype with its class and size in bits.")

(defun dtype-class (dtype)
  "The class of a dtype: (dtype-class :f32) is :float."
  (second (assoc dtype *dtype-table*)))

(defun dtype-bits (dtype)
  "The size of a dtype in bits: (dtype-bits :bf16) is 16."
  (third (assoc dtype *dtype-table*)))

(defun usual-dtype (designator)
  "A remedy for a dtype as other languages write it, or nil: (usual-dtype :float32) is \"did you mean `:f32`?\"."
  (let* ((name (and (or (stringp designator) (symbolp designator)) (string-upcase (string designator))))
         (row (assoc name '(("FLOAT" . :f32) ("FLOAT16" . :f16) ("HALF" . :f16) ("BFLOAT16" . :bf16) ("FLOAT32" . :f32) ("FLOAT64" . :f64)
                            ("DOUBLE" . :f64) ("INT" . :i32) ("INT8" . :i8) ("INT16" . :i16) ("INT32" . :i32) ("INT64" . :i64)
                            ("LONG" . :i64) ("UINT8" . :u8) ("UINT16" . :u16) ("UINT32" . :u32) ("UINT64" . :u64) ("COMPLEX64" . :c64)
                            ("COMPLEX128" . :c128) ("BOOLEAN" . :bool))
                     :test #'equal))
         (dtype (or (cdr row) (and name (first (find name *dtype-table* :key (lambda (r) (symbol-name (first r))) :test #'string=))))))
    (and dtype (format nil "did you mean `~(~s~)`?" dtype))))

(defun resolve-dtype (designator)
  "A dtype given as keyword or as type variable of the composite's signature: (resolve-dtype :f32)."
  (cond ((and (keywordp designator) (dtype-class designator)) designator)
        ((and (symbolp designator) (cdr (assoc designator *types*))))
        (t (fail 204 (format nil "`~(~s~)` is no dtype" designator)
                 :expected (format nil "~{~(~s~)~^ ~}" (mapcar #'first *dtype-table*))
                 :remedy (or (usual-dtype designator) "write a keyword such as :f32, or a type variable of the signature"))
           :f32)))

(defun promote-dtypes (a b)
  "The common dtype of two, or nil: bool < integers < floats < complex; within a class the wider; f16 with bf16 gives f32; signed
with unsigned gives the signed type that holds both (i64 with u64). (promote-dtypes :i64 :f16) is :f16."
  (let ((class-a (dtype-class a)) (class-b (dtype-class b)))
    (flet ((wider (x y) (if (>= (dtype-bits x) (dtype-bits y)) x y))
           (both (x y) (or (and (eq class-a x) (eq class-b y)) (and (eq class-a y) (eq class-b x))))
           (of-class (&rest classes) (find-if (lambda (dtype) (member (dtype-class dtype) classes)) (list a b))))
      (cond ((eq a b) a)
            ((or (eq class-a :storage) (eq class-b :storage)) nil)
            ((eq class-a :bool) b)
            ((eq class-b :bool) a)
            ((and (eq class-a :float) (eq class-b :float)) (if (= (dtype-bits a) (dtype-bits b)) :f32 (wider a b)))
            ((eq class-a class-b) (wider a b))
            ((both :signed :unsigned)
             (let ((signed (of-class :signed)) (unsigned (of-class :unsigned)))
               (if (> (dtype-bits signed) (dtype-bits unsigned))
                   signed
                   (ecase (dtype-bits unsigned) (8 :i16) (16 :i32) ((32 64) :i64)))))
            ((and (of-class :complex) (of-class :float))
             (if (or (eq (of-class :float) :f64) (eq (of-class :complex) :c128)) :c128 :c64))
            ((of-class :complex))
            (t (of-class :float))))))

(defun literal-dtype (number)
  "The dtype of a literal alone: i64 for integers, f32 for other reals, c64 for complex numbers, bool for t and nil."
  (etypecase number
    ((member t nil) :bool)
    (integer :i64)
    (real :f32)
    (complex :c64)))

(defun weak-dtype (number dtype)
  "The dtype of a literal beside a value of `dtype`, which it changes only in kind: (weak-dtype 2 :f16) is :f16, (weak-dtype 0.5 :i32)
is :f32."
  (let ((class (dtype-class dtype)))
    (etypecase number
      ((member t nil) dtype)
      (integer (if (eq class :bool) :i64 dtype))
      (real (if (member class '(:float :complex)) dtype :f32))
      (complex (cond ((eq class :complex) dtype) ((eq dtype :f64) :c128) (t :c64))))))

(defun no-common-dtype (a b)
  "Signals E0201 for two dtypes that have no common one."
  (fail 201 (format nil "~(~a~) and ~(~a~) have no common dtype" a b)
        :expected "dtypes that promote to one another" :found (format nil "~(~a~) and ~(~a~)" a b)
        :remedy "cast one of the operands: (cast x :f32)"))

(defun common-dtype (operands)
  "The dtype that tensors and literals promote to, or nil after an error: (common-dtype (list x 2))."
  (let ((dtype nil))
    (dolist (operand operands)
      (when (tensorp operand)
        (setf dtype (if dtype
                        (or (promote-dtypes dtype (tensor-dtype operand))
                            (progn (no-common-dtype dtype (tensor-dtype operand)) (return-from common-dtype nil)))
                        (tensor-dtype operand)))))
    (dolist (operand operands dtype)
      (unless (tensorp operand)
        (setf dtype (cond ((null dtype) (literal-dtype operand))
                          ((eq (dtype-class dtype) :storage) dtype)
                          (t (weak-dtype operand dtype))))))))

(defun float-dtype (dtype)
  "The float dtype that a value of `dtype` is computed in by functions such as exp: itself, or f32 for integers and bool."
  (if (member (dtype-class dtype) '(:float :complex :storage)) dtype :f32))

;;; Conversions

(defun constant (value dtype &optional shape)
  "A tensor filled with a literal: (constant 2 :f32 '(3))."
  (make-node :const '() (list value) dtype shape))

(defun all-ones (dtype shape)
  "A tensor of an integer dtype with every bit set, or of true."
  (constant (ecase (dtype-class dtype)
              (:bool t)
              (:signed -1)
              (:unsigned (1- (ash 1 (dtype-bits dtype)))))
            dtype shape))

(defun convert (tensor dtype)
  "The tensor cast to `dtype`; itself if it has it."
  (cond ((poison-p tensor) (poison))
        ((eq (tensor-dtype tensor) dtype) tensor)
        (t (make-node :cast (list tensor) '() dtype))))

;;; Sizes as values

(defun size-value (size &optional (dtype :i64))
  "A size as a tensor without axes: (size-value N :f32). A symbolic one is the sum of that many ones."
  (let ((dtype (resolve-dtype dtype)))
    (convert (symbolic-value size) dtype)))

(defun symbolic-value (size)
  "The value of a symbolic size as i64: its expression over the sums of ones that its names stand for."
  (cond ((integerp size) (constant size :i64))
        ((symbolp size) (make-node :reduce (list (constant 1 :i64 (list size))) '(:add 0)))
        (t (let ((op (intern (string-upcase (first size)) :keyword)))
             (reduce (lambda (a b)
                       (if (eq op :min)
                           (symbolic-minimum a b)
                           (make-node (ecase op (:+ :add) (:* :mul) (:div :div) (:mod :mod) (:max :max)) (list a b))))
                     (mapcar #'symbolic-value (rest size)))))))

(defun symbolic-minimum (a b)
  "The smaller of two i64 values, as ~max(~a, ~b)."
  (flet ((complement-of (x) (make-node :xor (list x (constant -1 :i64)))))
    (complement-of (make-node :max (list (complement-of a) (complement-of b))))))

(defun not-a-tensor (object)
  "Signals E0705 for an operand that is neither a tensor nor a number."
  (fail 705 "an operand that is neither a tensor nor a number"
        :found (let ((*print-length* 5) (*print-level* 3)) (format nil "~(~s~)" object))
        :remedy (if (consp object) "make a tensor of the list: (tensor '(1 2 3))" "pass a tensor or a number"))
  (poison))

(defun as-tensor (object &optional dtype)
  "The object as a tensor: numbers and sizes become values without axes: (as-tensor 2)."
  (cond ((tensorp object) object)
        ((eq object :poison) (poison))
        ((typep object '(or number (member t nil)))
         (constant object (or dtype (literal-dtype object))))
        ((symbolic-p object) (size-value object))
        (t (not-a-tensor object))))

;;; Broadcasting

(defun broadcast-dims (a b)
  "The common size of two, or nil: equal ones, or the other of a literal 1. Two sizes of a traced program are made equal."
  (cond ((eql a 1) b)
        ((eql b 1) a)
        ((dim= a b) a)
        ((and *dims* (or (symbolic-p a) (symbolic-p b)))
         (and (member (equate a b "the operands of an op") '(:equal :derived :guarded)) a))
        (t nil)))

(defun broadcast-shapes (shapes)
  "The shape that all broadcast to, or nil: (broadcast-shapes '((2 1) (3))) is (2 3) and true."
  (let* ((rank (reduce #'max shapes :key #'length :initial-value 0))
         (padded (mapcar (lambda (shape) (append (make-list (- rank (length shape)) :initial-element 1) shape)) shapes))
         (result (make-list rank :initial-element 1)))
    (dolist (shape padded (values result t))
      (setf result (mapcar #'broadcast-dims result shape))
      (when (member nil result) (return (values nil nil))))))

(defun broadcast-to (tensor shape)
  "The tensor with this shape: leading axes are added, sizes 1 are repeated."
  (cond ((poison-p tensor) (poison))
        ((and (= (length shape) (length (tensor-shape tensor))) (every #'dim= shape (tensor-shape tensor))) tensor)
        (t (let* ((missing (- (length shape) (length (tensor-shape tensor))))
                  (padded (append (make-list missing :initial-element 1) (tensor-shape tensor)))
                  (reshaped (if (plusp missing) (make-node :reshape (list tensor) '() nil padded) tensor)))
             (if (every #'dim= padded shape)
                 reshaped
                 (make-node :expand (list reshaped) '() nil shape))))))

(defun unify (operands &key dtype)
  "The operands as tensors of one dtype and shape: casts by the promotion table, literals weak, sizes 1 broadcast. Poison if they
do not fit: (unify (list x 2))."
  (when (some #'symbolic-p operands)
    (setf operands (mapcar (lambda (operand) (if (symbolic-p operand) (size-value operand) operand)) operands)))
  (let ((bad (find-if-not (lambda (o) (or (tensorp o) (typep o '(or number (member t nil))) (eq o :poison))) operands)))
    (when bad
      (not-a-tensor bad)
      (return-from unify (mapcar (constantly (poison)) operands))))
  (when (any-poison-p operands)
    (return-from unify (mapcar (lambda (o) (declare (ignore o)) (poison)) operands)))
  (let ((common (or dtype (common-dtype operands)))
        (shapes (loop for operand in operands when (tensorp operand) collect (tensor-shape operand))))
    (multiple-value-bind (shape fits) (if (rest shapes) (broadcast-shapes shapes) (values (first shapes) t))
      (cond ((null common) (mapcar (lambda (o) (declare (ignore o)) (poison)) operands))
            ((not fits)
             (fail 202 "the shapes of the operands do not fit"
                   :expected "equal sizes, or 1, from the last axis backwards"
                   :found (format nil "~{~a~^ and ~}" (mapcar #'describe-shape shapes))
                   :remedy "reshape one of them, or unsqueeze an axis")
             (mapcar (lambda (o) (declare (ignore o)) (poison)) operands))
            (t (mapcar (lambda (operand)
                         (if (tensorp operand)
                             (broadcast-to (convert operand common) shape)
                             (constant operand common shape)))
                       operands))))))
