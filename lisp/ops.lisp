;;;; The 27 principal ops as functions over tensors, and the arithmetic names that are generic over numbers, sizes and tensors.

(defpackage :caten/ops
  (:use :cl)
  (:import-from :caten
   #:tensorp #:const #:index #:exp2 #:log2 #:add #:mul #:div #:lt #:xor #:cast #:bitcast #:reshape #:permute #:expand #:slice
   #:slice-along #:take #:put #:copy #:scan #:where #:logical-and #:logical-or #:logical-not #:logical-xor #:next #:widen #:normalize-axis #:normalize-axes)
  (:import-from :caten/tensor
   #:tensor-dtype #:tensor-shape #:make-node #:poison #:poison-p #:any-poison-p #:*open-loops* #:make-bound)
  (:import-from :caten/promotion
   #:unify #:as-tensor #:constant #:convert #:resolve-dtype #:float-dtype #:dtype-class #:all-ones #:dtype-bits #:literal-dtype)
  (:import-from :caten/dim
   #:dim-p #:symbolic-p #:dim+ #:dim- #:dim* #:dim-floor #:dim-ceiling #:dim-modulo #:dim-largest #:dim-smallest #:dim= #:dim<=
   #:flatten-dims #:element-count #:describe-shape)
  (:import-from :caten/diagnostic #:fail)
  (:export #:define-ops-of-table #:run-loop #:plain-p #:slice-ranges #:loop-form-p #:float-operand))

(in-package :caten/ops)

;;; Axes

(defun normalize-axis (axis rank &optional (what "an axis"))
  "The axis counted from 0, or nil after E0205: (normalize-axis -1 3) is 2."
  (if (and (integerp axis) (< -1 (if (minusp axis) (+ axis rank) axis) rank))
      (if (minusp axis) (+ axis rank) axis)
      (fail 205 (format nil "~a outside the rank" what)
            :expected (if (zerop rank) "no axis: the value has rank 0" (format nil "an integer from ~d to ~d" (- rank) (1- rank)))
            :found (format nil "~(~s~)" axis)
            :remedy "count axes from 0, or from the end with -1")))

(defun normalize-axes (axes rank)
  "The axes counted from 0 and ascending; nil and t mean all: (normalize-axes '(-1 0) 3) is (0 2)."
  (if (member axes '(nil t))
      (loop for k below rank collect k)
      (let ((list (mapcar (lambda (axis) (normalize-axis axis rank)) (if (listp axes) axes (list axes)))))
        (cond ((any-poison-p list) '())
              ((/= (length list) (length (remove-duplicates list)))
               (fail 205 "an axis that is named twice" :found (format nil "~(~s~)" axes))
               '())
              (t (sort (copy-list list) #'<))))))

;;; Element-wise ops

(defun elementwise (op operands)
  "The op on operands made equal in dtype and shape."
  (make-node op (unify operands)))

(defun float-operand (x)
  "The operand of a function over floats: integers and bool become f32."
  (let ((tensor (as-tensor x)))
    (if (poison-p tensor) tensor (convert tensor (float-dtype (tensor-dtype tensor))))))

(defun add (a b) "Sum of two tensors; integers wrap: (add x 1)." (elementwise :add (list a b)))
(defun mul (a b) "Product of two tensors; integers wrap: (mul x 2)." (elementwise :mul (list a b)))
(defun div (a b) "Quotient of two tensors; rounds down for integers: (div x 2)." (elementwise :div (list a b)))
(defun lt (a b) "a < b, element by element: (lt x 0)." (elementwise :lt (list a b)))
(defun caten:eq (a b)
  "a = b, element by element for tensors; Common Lisp's eq otherwise: (eq x 0)."
  (if (or (tensorp a) (tensorp b)) (elementwise :eq (list a b)) (cl:eq a b)))
(defun xor (a b) "Exclusive or of bools, or of the bits of integers: (xor p q)." (elementwise :xor (list a b)))
(defun exp2 (x) "2 to the power x: (exp2 x)." (make-node :exp2 (list (float-operand x))))
(defun log2 (x) "Binary logarithm: (log2 x)." (make-node :log2 (list (float-operand x))))

(defun logical-and (a b) "And of bools, or of the bits of integers: (logical-and p q)." (elementwise :and (list a b)))
(defun logical-xor (a b) "Exclusive or: (logical-xor p q)." (xor a b))

(defun logical-not (x)
  "Not of bools, or the complement of the bits of integers: (logical-not p)."
  (let ((tensor (as-tensor x)))
    (cond ((poison-p tensor) tensor)
          ((member (dtype-class (tensor-dtype tensor)) '(:bool :signed :unsigned))
           (make-node :xor (list tensor (all-ones (tensor-dtype tensor) (tensor-shape tensor)))))
          (t (fail 203 "`not` takes bools or integers" :found (format nil "~(~a~)" (tensor-dtype tensor))
                   :remedy "compare first: (= x 0)")
             (poison)))))

(defun logical-or (a b)
  "Or of bools, or of the bits of integers: (logical-or p q) is (xor (xor p q) (and p q))."
  (let ((operands (unify (list a b))))
    (make-node :xor (list (make-node :xor operands) (make-node :and operands)))))

(defun where (condition a b)
  "Element by element a where the condition holds, else b: (where (> x 0) x 0)."
  (if (any-poison-p (list condition a b))
      (poison)
      (let ((condition (let ((c (as-tensor condition))) (if (poison-p c) c (convert c :bool)))))
        (destructuring-bind (a b) (unify (list a b))
          (if (any-poison-p (list condition a b))
              (poison)
              (multiple-value-bind (shape fits)
                  (caten/promotion:broadcast-shapes (mapcar #'tensor-shape (list condition a b)))
                (cond (fits
                       (make-node :if (mapcar (lambda (x) (caten/promotion:broadcast-to x shape)) (list condition a b))))
                      (t (fail 202 "the shapes of condition and values do not fit"
                               :expected "equal sizes, or 1, from the last axis backwards"
                               :found (format nil "~{~a~^, ~}"
                                              (mapcar (lambda (x) (describe-shape (tensor-shape x))) (list condition a b))))
                         (poison)))))))))

;;; Leaves and conversions

(defun const (value dtype &rest dims)
  "A tensor filled with a literal: (const 0 :f32 2 3)."
  (constant value (resolve-dtype dtype) (flatten-dims dims)))

(defun index (axis &rest dims)
  "The coordinate along an axis, i64: (index 1 2 3) is ((0 1 2) (0 1 2))."
  (let* ((shape (flatten-dims dims)) (axis (normalize-axis axis (length shape))))
    (if (poison-p axis) (poison) (make-node :index '() (list axis) nil shape))))

(defun cast (x dtype)
  "The value with another dtype: (cast x :f16)."
  (let ((x (as-tensor x)))
    (if (poison-p x) x (convert x (resolve-dtype dtype)))))

(defun bitcast (x dtype)
  "The same bits with another dtype: (bitcast x :u32)."
  (make-node :bitcast (list (as-tensor x)) '() (resolve-dtype dtype)))

(defun copy (x &optional device)
  "Materialises the value, on another device if one is named: (copy x)."
  (make-node :copy (list (as-tensor x)) (and device (list device))))

(defun widen (x)
  "f16 and bf16 as f32, other dtypes as they are: the first step of composites that compute in f32: (widen x)."
  (let ((x (as-tensor x)))
    (if (and (not (poison-p x)) (member (tensor-dtype x) '(:f16 :bf16))) (convert x :f32) x)))

;;; Views

(defun infer-missing (tensor dims)
  "The dims with -1 replaced by the size that keeps the number of elements."
  (if (= 1 (cl:count -1 dims))
      (let ((known (element-count (remove -1 dims))) (all (element-count (tensor-shape tensor))))
        (substitute (dim-floor all known) -1 dims))
      (if (< 1 (cl:count -1 dims))
          (fail 207 "only one size of a reshape may be -1" :expected "sizes, and -1 at most once" :found (describe-shape dims)
                                                          :remedy "write the other sizes")
          dims)))

(defun reshape (x &rest dims)
  "The same elements in row-major order; one size may be -1: (reshape x 2 -1)."
  (let ((x (as-tensor x)))
    (if (poison-p x)
        x
        (let ((dims (infer-missing x (flatten-dims dims))))
          (if (poison-p dims) (poison) (make-node :reshape (list x) '() nil dims))))))

(defun permute (x &rest axes)
  "Axis k of the result is axis axes[k] of x: (permute x 1 0)."
  (let ((x (as-tensor x)))
    (if (poison-p x)
        x
        (let ((axes (mapcar (lambda (axis) (normalize-axis axis (length (tensor-shape x)))) (flatten-dims axes))))
          (if (any-poison-p axes) (poison) (make-node :permute (list x) axes))))))

(defun expand (x &rest dims)
  "Repeats axes of size 1, and adds leading axes; -1 keeps a size: (expand x 4 -1)."
  (let ((x (as-tensor x)))
    (if (poison-p x)
        x
        (let* ((dims (flatten-dims dims)) (old (tensor-shape x)) (missing (- (length dims) (length old)))
               (x (if (plusp missing) (make-node :reshape (list x) '() nil (append (make-list missing :initial-element 1) old)) x)))
          (make-node :expand (list x) '() nil
                     (loop for dim in dims
                           for k from (- missing)
                           collect (if (and (eql dim -1) (>= k 0)) (nth k old) dim)))))))

(defun slice-range (range size)
  "start, stop and step of one axis of this size: numbers below zero count from the end, as in PyTorch."
  (if (member range '(nil t :all))
      (list 0 size 1)
      (destructuring-bind (&optional start stop (step 1)) (if (listp range) range (list range (if (eql range -1) size (dim+ range 1))))
        (flet ((place (value) (if (and (integerp value) (minusp value)) (dim+ size value) value)))
          (if (and (integerp step) (minusp step))
              (list (if start (place start) (dim- size 1)) (if stop (place stop) -1) step)
              (list (if start (place start) 0) (if stop (place stop) size) (or step 1)))))))

(defun slice-ranges (x ranges)
  "x with one range for each leading axis; the function behind the macro slice."
  (let ((x (as-tensor x)))
    (cond ((poison-p x) x)
          ((> (length ranges) (length (tensor-shape x)))
           (fail 212 "more ranges than axes" :expected (format nil "at most ~d" (length (tensor-shape x)))
                 :found (format nil "~d" (length ranges)))
           (poison))
          (t (make-node :slice (list x)
                        (loop for size in (tensor-shape x)
                              for rest = ranges then (rest rest)
                              collect (slice-range (first rest) size)))))))

(defmacro slice (x &rest ranges)
  "One range (start stop [step]) per axis, :all for a whole axis; what is missing is whole; negative numbers count from the end:
(slice x (0 2) :all) → (slice-ranges x (list (list 0 2) :all))."
  `(slice-ranges ,x (list ,@(mapcar (lambda (range) (if (consp range) `(list ,@range) range)) ranges))))

(defun slice-along (x axis start stop &optional (step 1))
  "A range of one axis: (slice-along x -1 0 2)."
  (let* ((x (as-tensor x)) (axis (if (poison-p x) :poison (normalize-axis axis (length (tensor-shape x))))))
    (if (poison-p axis)
        (poison)
        (slice-ranges x (append (make-list axis :initial-element :all) (list (list start stop step)))))))

;;; Access

(defun access (x indices)
  "The value, the indices as i64 tensors of one shape, or poison."
  (let ((x (as-tensor x)) (indices (mapcar #'as-tensor indices)))
    (if (any-poison-p (cons x indices))
        (values (poison) (list (poison)))
        (values x (if (rest indices) (unify indices) indices)))))

(defun take (x axis-or-indices &optional indices-or-axis)
  "Gathers at computed coordinates: (take x axis indices), or (take x (list i0 i1 …) [axis]) for several axes at once."
  (multiple-value-bind (indices axis)
      (if (listp axis-or-indices)
          (values axis-or-indices (or indices-or-axis 0))
          (values (list indices-or-axis) axis-or-indices))
    (multiple-value-bind (x indices) (access x indices)
      (let ((axis (if (poison-p x) :poison (normalize-axis axis (length (tensor-shape x))))))
        (if (poison-p axis) (poison) (make-node :take (cons x indices) (list axis)))))))

(defun put (x axis-or-indices indices-or-value value-or-mode &optional mode-or-axis)
  "Scatters: (put x axis indices v :set), or (put x (list i0 i1 …) v :add [axis]); the mode is :set, :add, :mul or :max."
  (multiple-value-bind (indices value mode axis)
      (if (listp axis-or-indices)
          (values axis-or-indices indices-or-value value-or-mode (or mode-or-axis 0))
          (values (list indices-or-value) value-or-mode (or mode-or-axis :set) axis-or-indices))
    (multiple-value-bind (x indices) (access x indices)
      (let ((axis (if (poison-p x) :poison (normalize-axis axis (length (tensor-shape x)))))
            (value (as-tensor value)))
        (if (any-poison-p (list axis value))
            (poison)
            (let* ((shape (append (subseq (tensor-shape x) 0 axis) (tensor-shape (first indices))
                                  (nthcdr (+ axis (length indices)) (tensor-shape x))))
                   (value (caten/promotion:broadcast-to (convert value (tensor-dtype x)) shape)))
              (make-node :put (list* x value indices) (list axis mode))))))))

(defun caten:reduce (combine x &rest arguments)
  "Folds over axes, which disappear: (reduce :add x 0 -1); without axes over all. With a function first, Common Lisp's reduce."
  (if (and (symbolp combine) (or (tensorp x) (poison-p x)))
      (if (poison-p x)
          x
          (make-node :reduce (list x)
                     (cons combine (normalize-axes (flatten-dims arguments) (length (tensor-shape x))))))
      (apply #'cl:reduce combine x arguments)))

;;; Loops

(defvar *loop-limit* 3 "How often a loop is traced to find the dtype and shape of carries that start as literals.")

(defun loop-form-p (form)
  "True if the form has the shape of the loop op: (loop n ((c 0)) (i) (next c))."
  (and (consp form) (>= (length form) 5)
       (destructuring-bind (count carries counter &rest body) (rest form)
         (declare (ignore count))
         (and (listp carries)
              (every (lambda (carry) (and (consp carry) (symbolp (first carry)) (= (length carry) 2))) carries)
              (consp counter) (null (rest counter)) (symbolp (first counter))
              (some (lambda (item) (and (consp item) (eq (first item) 'next))) body)))))

(defmacro scan (count carries (counter) &body body)
  "The loop op: (scan n ((carry init)…) (i) body… (next v…) [:until c] [:collect v…] [:limit n]) folds n times. Values: the final
carries, then what :collect stacked, then the number of iterations. In a composite's body it is written with `loop`.
→ (run-loop n (list init…) '(carry…) 'i (lambda (i carry…) body… (values (list v…) (list c) (list v…))))."
  (let* ((position (or (position-if (lambda (item) (and (consp item) (eq (first item) 'next))) body)
                       (fail 107 "a loop without the next values of its carries" :expected "(next v…)" :remedy "add them")))
         (forms (subseq body 0 position))
         (next (rest (nth position body)))
         (until '()) (collect '()) (limit nil) (mode nil))
    (dolist (item (nthcdr (1+ position) body))
      (if (member item '(:until :collect :limit))
          (setf mode item)
          (ecase mode
            (:until (push item until))
            (:collect (push item collect))
            (:limit (setf limit item)))))
    `(run-loop ,count (list ,@(mapcar #'second carries)) ',(mapcar #'first carries) ',counter
               (lambda (,counter ,@(mapcar #'first carries))
                 (declare (ignorable ,counter ,@(mapcar #'first carries)))
                 ,@forms
                 (values (list ,@next) (list ,@(reverse until)) (list ,@(reverse collect))))
               ,limit)))

(defun trace-loop (inits names counter body)
  "Traces the body once. Returns the loop's instance, its counter, nexts, until and collects as lists of tensors."
  (let* ((level (length *open-loops*))
         (instance (list :loop level))
         (*open-loops* (cons instance *open-loops*))
         (i (make-bound instance level 0 :i64 '() (string-downcase counter)))
         (carries (loop for init in inits
                        for name in names
                        for k from 1
                        collect (make-bound instance level k (tensor-dtype init) (tensor-shape init) (string-downcase name)))))
    (multiple-value-bind (next until collect) (apply body i carries)
      (values *open-loops* (mapcar #'as-tensor next) (mapcar #'as-tensor until) (mapcar #'as-tensor collect)))))

(defun refine-inits (inits literals next)
  "The inits with each literal one given the dtype and shape of its next value; nil if nothing changes."
  (let ((changed nil))
    (let ((refined (loop for init in inits
                         for literal in literals
                         for value in next
                         collect (if (and literal
                                          (or (not (eq (tensor-dtype init) (tensor-dtype value)))
                                              (not (equal (tensor-shape init) (tensor-shape value)))))
                                     (progn (setf changed t)
                                            (constant (first literal) (tensor-dtype value) (tensor-shape value)))
                                     init))))
      (and changed refined))))

(defun run-loop (count inits names counter body &optional limit)
  "Makes a loop: `body` maps the counter and the carries to the lists of next values, of at most one condition, and of values to
collect. A literal init takes the dtype and shape of its next value."
  (let ((literals (mapcar (lambda (init) (and (typep init '(or number (member t nil))) (list init))) inits))
        (inits (mapcar #'as-tensor inits)))
    (if (any-poison-p (cons count inits))
        (poison)
        (loop repeat *loop-limit*
              do (multiple-value-bind (open next until collect) (trace-loop inits names counter body)
                   (let ((refined (and (not (any-poison-p next)) (= (length next) (length inits))
                                       (refine-inits inits literals next))))
                     (if refined
                         (setf inits refined)
                         (return (finish-loop open count limit inits next until collect names counter)))))
              finally (fail 211 "the carries of a loop find no fixed dtype and shape" :remedy "give each init its final type")
                      (return (poison))))))

(defun finish-loop (open count limit inits next until collect names counter)
  "The loop's results as values, from its traced parts."
  (let ((*open-loops* open) (runtime (tensorp count)))
    (cond ((any-poison-p (append next until collect)) (poison))
          ((/= (length next) (length inits))
           (fail 211 "a loop with another number of next values than carries"
                 :expected (format nil "~d" (length inits)) :found (format nil "~d" (length next)))
           (poison))
          ((and runtime (null limit))
           (fail 107 "a loop whose count is a tensor needs a limit" :remedy "add :limit and the largest count")
           (poison))
          (t (let ((results (make-node :loop (append (and runtime (list (convert count :i64))) inits next until collect)
                                       (list (1- (length open)) (if runtime limit count) runtime (length inits)
                                             (and until t) (length collect) counter names))))
               (if (poison-p results) results (values-list results)))))))

;;; Generic arithmetic

(defun plain-p (objects)
  "True if all are Lisp numbers, sizes or other objects that are no tensors."
  (notany (lambda (object) (or (tensorp object) (eq object :poison))) objects))

(defun sizes-p (objects)
  "True if all are sizes and one of them is symbolic."
  (and (some #'symbolic-p objects) (every #'dim-p objects)))

(defun fold (function items)
  "The items combined from the left."
  (cl:reduce function items))

(defun negate (x)
  "-x of a tensor."
  (if (and (tensorp x) (eq (dtype-class (tensor-dtype x)) :unsigned))
      (mul x (all-ones (tensor-dtype x) '()))
      (mul x -1)))

(defun caten:+ (&rest operands)
  "Sum of numbers, sizes or tensors: (+ x 1)."
  (cond ((sizes-p operands) (fold #'dim+ operands))
        ((plain-p operands) (apply #'cl:+ operands))
        ((rest operands) (fold #'add operands))
        (t (first operands))))

(defun caten:* (&rest operands)
  "Product of numbers, sizes or tensors: (* x 2)."
  (cond ((sizes-p operands) (fold #'dim* operands))
        ((plain-p operands) (apply #'cl:* operands))
        ((rest operands) (fold #'mul operands))
        (t (first operands))))

(defun caten:- (first &rest rest)
  "Difference of numbers, sizes or tensors, or the negative of one: (- x 1)."
  (let ((operands (cons first rest)))
    (cond ((sizes-p operands) (if rest (fold #'dim- operands) (dim- 0 first)))
          ((plain-p operands) (apply #'cl:- operands))
          (rest (fold (lambda (a b)
                        (if (and (realp b) (not (and (tensorp a) (eq (dtype-class (tensor-dtype a)) :unsigned))))
                            (add a (cl:- b))
                            (let ((pair (unify (list a b))))
                              (if (any-poison-p pair) (poison) (add (first pair) (negate (second pair)))))))
                      operands))
          (t (negate first)))))

(defun caten:/ (first &rest rest)
  "Quotient of numbers or tensors (rounds down for integer tensors), or the reciprocal of one: (/ x 2)."
  (let ((operands (cons first rest)))
    (cond ((sizes-p operands)
           (fold (lambda (a b)
                   (unless (eql 0 (dim-modulo a b))
                     (fail 303 "a size that may not divide without remainder" :expected "a multiple"
                           :remedy "use (floor a b) or (ceiling a b)"))
                   (dim-floor a b))
                 operands))
          ((plain-p operands) (apply #'cl:/ operands))
          (rest (fold #'div operands))
          (t (let ((x (float-operand first))) (if (poison-p x) x (div 1 x)))))))

(defun caten:1+ (x) "x + 1: (1+ x)." (caten:+ x 1))
(defun caten:1- (x) "x - 1: (1- x)." (caten:- x 1))

(defun larger (a b) "The larger of two tensors." (elementwise :max (list a b)))

(defun smaller (a b)
  "The smaller of two tensors: through ~x for integers, -x for floats."
  (let ((pair (unify (list a b))))
    (cond ((any-poison-p pair) (poison))
          ((member (dtype-class (tensor-dtype (first pair))) '(:signed :unsigned))
           (logical-not (make-node :max (mapcar #'logical-not pair))))
          (t (negate (make-node :max (mapcar #'negate pair)))))))

(defun caten:max (first &rest rest)
  "The largest of numbers, sizes or tensors; NaN if one is NaN: (max x 0)."
  (let ((operands (cons first rest)))
    (cond ((sizes-p operands) (fold #'dim-largest operands))
          ((plain-p operands) (apply #'cl:max operands))
          (t (fold #'larger operands)))))

(defun caten:min (first &rest rest)
  "The smallest of numbers, sizes or tensors; NaN if one is NaN: (min x 6)."
  (let ((operands (cons first rest)))
    (cond ((sizes-p operands) (fold #'dim-smallest operands))
          ((plain-p operands) (apply #'cl:min operands))
          (t (fold #'smaller operands)))))

(defun caten:mod (a b)
  "Remainder with the sign of the divisor, of numbers, sizes or tensors: (mod x 3)."
  (cond ((sizes-p (list a b)) (dim-modulo a b))
        ((plain-p (list a b)) (cl:mod a b))
        (t (elementwise :mod (list a b)))))

(defun caten:sin (x) "Sine: (sin x)." (if (numberp x) (funcall (get 'caten:sin :plain) x) (make-node :sin (list (float-operand x)))))

(defun caten:sqrt (x)
  "Square root, correctly rounded: (sqrt x)."
  (if (numberp x) (funcall (get 'caten:sqrt :plain) x) (make-node :sqrt (list (float-operand x)))))

;;; Comparisons

(defun compare (operands plain sizes tensors)
  "Chained comparison of neighbours: plain numbers, sizes or tensors."
  (cond ((sizes-p operands) (loop for (a b) on operands while b always (funcall sizes a b)))
        ((plain-p operands) (apply plain operands))
        (t (let ((parts (loop for (a . more) on operands while more collect (funcall tensors a (first more)))))
             (if parts (fold #'logical-and parts) t)))))

(defun not-above (a b)
  "a <= b of tensors: a < b or a = b, false with NaN."
  (let ((pair (unify (list a b))))
    (logical-or (make-node :lt pair) (make-node :eq pair))))

(defun caten:= (&rest operands)
  "Equality of numbers, sizes or tensors: (= x 0)."
  (compare operands #'cl:= #'dim= #'equal-tensors))

(defun equal-tensors (a b) "a = b of tensors." (elementwise :eq (list a b)))

(defun caten:/= (a b)
  "Inequality of numbers, sizes or tensors; true with NaN: (/= x 0)."
  (cond ((sizes-p (list a b)) (not (dim= a b)))
        ((plain-p (list a b)) (cl:/= a b))
        (t (logical-not (elementwise :eq (list a b))))))

(defun caten:< (&rest operands)
  "a < b of numbers, sizes or tensors: (< x 0)."
  (compare operands #'cl:< (lambda (a b) (not (dim<= b a))) #'lt))
(defun caten:> (&rest operands)
  "a > b of numbers, sizes or tensors: (> x 0)."
  (compare operands #'cl:> (lambda (a b) (not (dim<= a b))) (lambda (a b) (lt b a))))
(defun caten:<= (&rest operands)
  "a <= b of numbers, sizes or tensors: (<= x 0)."
  (compare operands #'cl:<= #'dim<= #'not-above))
(defun caten:>= (&rest operands)
  "a >= b of numbers, sizes or tensors: (>= x 0)."
  (compare operands #'cl:>= (lambda (a b) (dim<= b a)) (lambda (a b) (not-above b a))))

;;; Composites whose names Common Lisp has fall back on its function where no operand is a tensor; these take sizes too.

(defun plain-rounding (plain sizes)
  "The function for numbers, or for two sizes where one is symbolic."
  (lambda (&rest arguments)
    (cond ((and (= (length arguments) 2) (sizes-p arguments)) (apply sizes arguments))
          ((sizes-p arguments) (first arguments))
          (t (apply plain arguments)))))

(setf (get 'caten:floor :plain) (plain-rounding #'cl:floor #'dim-floor)
      (get 'caten:ceiling :plain) (plain-rounding #'cl:ceiling #'dim-ceiling)
      (fdefinition 'caten:floor) (get 'caten:floor :plain)
      (fdefinition 'caten:ceiling) (get 'caten:ceiling :plain))

(si::set-documentation 'caten:floor 'function "Rounds down a number, a size or a tensor, or the quotient of two: (floor 7 2).")
(si::set-documentation 'caten:ceiling 'function "Rounds up a number, a size or a tensor, or the quotient of two: (ceiling 7 2).")

;;; The op table

(defun define-ops-of-table ()
  "An element-wise op of cxx/ir/ops.def that has no function above gets one by its row."
  (loop for (op arity floats-only form summary) in (caten/primitive:elementwise-ops)
        do (let ((name (intern (symbol-name op) :caten)))
             (unless (fboundp name)
               (export name :caten)
               (setf (fdefinition name) (op-function op arity (if floats-only #'float-operand #'identity)))
               (si::set-documentation name 'function (format nil "~@(~a~): ~a." summary form))))))

(defun op-function (op arity operand)
  "The function that applies an element-wise op to `arity` tensors."
  (lambda (&rest operands)
    (cond ((= (length operands) arity) (elementwise op (mapcar operand operands)))
          (t (fail 105 (format nil "`~(~a~)` takes ~d operand~:p" op arity)
                   :expected (format nil "~d operand~:p" arity)
                   :found (format nil "~d" (length operands))
                   :remedy "add or remove operands")
             (poison)))))
