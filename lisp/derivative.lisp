;;;; Derivatives of functions of tensors, as lazy tensors: whatever a function computes of stand-ins for its arguments is a graph, and
;;;; so are its gradients, tangents and what they are made into.

(defpackage :caten/derivative
  (:use :cl)
  (:import-from :caten
   #:grad #:value-and-grad #:vjp #:jvp #:hessian-vector #:check-gradient #:stop-gradient #:checkpoint #:tensorp #:tensor #:tensor->list #:item)
  (:import-from :caten/tensor
   #:tensor-dtype #:tensor-shape #:describe-type #:make-stand-in #:make-imported #:make-region #:poison #:any-poison-p #:*open-loops*)
  (:import-from :caten/promotion #:constant #:convert #:dtype-class)
  (:import-from :caten/composite #:find-composite #:composite-name #:composite-signature #:*backwards*)
  (:import-from :caten/signature #:signature-inputs #:parameter-name)
  (:import-from :caten/dim #:*dims* #:describe-shape)
  (:import-from :caten/program #:split-keywords #:compute-tensors)
  (:import-from :caten/primitive #:differentiate)
  (:import-from :caten/diagnostic #:fail #:suggest #:diagnostic-p #:signal-diagnostic)
  (:export #:smooth-p #:leaves-of #:tree-like))

(in-package :caten/derivative)

;;; Arguments: tensors, or lists of them, as deep as may be

(defun smooth-p (object)
  "True of a tensor that can be differentiated by, and of a float, which becomes one."
  (or (floatp object)
      (and (tensorp object) (member (dtype-class (tensor-dtype object)) '(:float :complex)) t)))

(defun leaves-of (tree)
  "The tensors and floats of a tree that can be differentiated by, in order: (leaves-of (list x 3 (list y))) is (x y)."
  (cond ((smooth-p tree) (list tree))
        ((consp tree) (loop for item in tree append (leaves-of item)))
        (t '())))

(defun tree-like (tree leaves)
  "The tree with these in place of its leaves, and nil for all else; second value: the leaves that are left."
  (cond ((smooth-p tree) (values (first leaves) (rest leaves)))
        ((consp tree)
         (values (loop for item in tree
                       collect (multiple-value-bind (made left) (tree-like item leaves) (setf leaves left) made))
                 leaves))
        (t (values nil leaves))))

(defun replaced (tree stand-ins)
  "The tree with its leaves replaced, all else as it is; second value: the stand-ins that are left."
  (cond ((smooth-p tree) (values (first stand-ins) (rest stand-ins)))
        ((consp tree)
         (values (loop for item in tree
                       collect (multiple-value-bind (made left) (replaced item stand-ins) (setf stand-ins left) made))
                 stand-ins))
        (t (values tree stand-ins))))

(defun own-keywords (arguments keys)
  "The arguments without the keywords that are ours, and those as a property list."
  (multiple-value-bind (positional keywords) (split-keywords arguments)
    (unless (evenp (length keywords))
      (fail 705 (format nil "~(~s~) is given without a value" (first (last keywords))) :remedy "give each keyword a value"))
    (loop for (key value) on keywords by #'cddr
          if (member key keys) append (list key value) into own
            else append (list key value) into others
          finally (return (values positional others own)))))

(defun callable (function)
  "The function that a function or a name stands for."
  (cond ((functionp function) function)
        ((and (symbolp function) function (fboundp function) (not (macro-function function))) (fdefinition function))
        (t (fail 705 "a derivative is taken of what is no function" :found (format nil "~(~s~)" function)
                 :expected "a function of tensors: a composite, its name, or a lambda" :remedy "pass #'f, 'f, or (lambda (x) …)"))))

(defun parameter-names (function count)
  "How messages and :wrt call the positional arguments: as the composite does, or by their numbers."
  (let ((composite (find-composite function)))
    (loop for k below count
          for parameters = (and composite (signature-inputs (composite-signature composite))) then (rest parameters)
          collect (if parameters (string-downcase (parameter-name (first parameters))) (format nil "argument ~d" k)))))

(defun place-of-argument (designator names keywords)
  "The place among positional arguments, or the keyword, that an element of :wrt names."
  (cond ((and (integerp designator) (< -1 designator (length names))) designator)
        ((and (keywordp designator) (loop for (key) on keywords by #'cddr thereis (eq key designator))) designator)
        ((and (or (symbolp designator) (stringp designator)) (position (string designator) names :test #'string-equal)))
        (t (fail 705 (format nil "there is no argument ~(~a~) to differentiate by" designator)
                 :expected (format nil "~{~a~^, ~}" (append (loop for name in names for k from 0 collect (format nil "~d (~a)" k name))
                                                            (loop for (key) on keywords by #'cddr collect (format nil "~(~s~)" key))))
                 :found (format nil "~(~s~)" designator)
                 :remedy (or (suggest (string-downcase (princ-to-string designator)) names) "name one of them")))))

(defun chosen-places (function positional keywords own)
  "Places of the arguments to differentiate by: those of :wrt, or all that are tensors of floats."
  (let ((names (parameter-names function (length positional))) (wrt (getf own :wrt :all)))
    (flet ((value-at (place) (if (integerp place) (nth place positional) (getf keywords place))))
      (if (eq wrt :all)
          (or (remove-if-not (lambda (place) (some #'tensorp (leaves-of (value-at place))))
                             (append (loop for k below (length positional) collect k)
                                     (loop for (key) on keywords by #'cddr collect key)))
              (loop for k below (length positional) when (floatp (nth k positional)) collect k)
              (fail 705 "no argument is a tensor of floats" :expected "a tensor to differentiate by"
                    :found (format nil "~:[no arguments~;~:*~{~a~^, ~}~]" (mapcar #'in-words positional))
                    :remedy "pass a tensor: (tensor 1.5)"))
          (loop for designator in (if (listp wrt) wrt (list wrt))
                for place = (place-of-argument designator names keywords)
                when (member place places)
                  do (fail 705 (format nil "~a is named twice in :wrt" (name-of place names)) :found (format nil "~(~s~)" wrt)
                                                                                             :remedy "name each argument once")
                do (unless (leaves-of (value-at place))
                     (fail 203 (format nil "~a has no gradient" (name-of place names))
                           :expected "floats or complex numbers" :found (in-words (value-at place))
                           :remedy "differentiate by tensors of floats; integers and bools have no derivatives"))
                collect place into places
                finally (return places))))))

(defun in-words (object)
  "Type of a tensor, or the object, shortened."
  (if (tensorp object) (describe-type object) (let ((*print-length* 6) (*print-level* 3)) (format nil "~(~s~)" object))))

(defun name-of (place names)
  "How messages call the argument at a place."
  (if (integerp place) (nth place names) (format nil "~(~s~)" place)))

;;; A function at stand-ins for some of its arguments

(defstruct (trial (:constructor make-trial (places trees leaves stand-ins names results)) (:predicate nil) (:copier nil))
  places      ; of the arguments that are differentiated by
  trees       ; those arguments
  leaves      ; their tensors
  stand-ins   ; what the function was called with instead
  names       ; of the arguments that the leaves belong to
  results)    ; tensors

(defun try-at (function positional keywords own &key backwards)
  "Calls the function with stand-ins."
  (let* ((*backwards* (or backwards *backwards*))
         (places (chosen-places function positional keywords own))
         (names (parameter-names function (length positional)))
         (positional (copy-list positional)) (keywords (copy-list keywords))
         (trees '()) (leaves '()) (stand-ins '()) (owners '()))
    (dolist (place places)
      (let* ((tree (if (integerp place) (nth place positional) (getf keywords place)))
             (mine (mapcar (lambda (leaf) (if (tensorp leaf) leaf (tensor leaf))) (leaves-of tree)))
             (standing (mapcar #'make-stand-in mine)))
        (push tree trees)
        (setf leaves (append leaves mine) stand-ins (append stand-ins standing)
              owners (append owners (make-list (length mine) :initial-element (name-of place names))))
        (if (integerp place)
            (setf (nth place positional) (replaced tree standing))
            (setf (getf keywords place) (replaced tree standing)))))
    (let ((results (multiple-value-list (apply (callable function) (append positional keywords)))))
      (dolist (result results)
        (unless (tensorp result)
          (fail 705 "a derivative is taken of a function that does not return tensors" :expected "tensors" :found (in-words result)
                :remedy "return tensors, several with (values …)")))
      (make-trial places (nreverse trees) leaves stand-ins owners results))))

(defun fitting (given like what)
  "A cotangent or tangent of the type of a value; E0201, E0202."
  (cond ((numberp given) (constant given (tensor-dtype like) (tensor-shape like)))
        ((not (tensorp given))
         (fail 705 (format nil "a ~a is neither a tensor nor a number" what) :expected (describe-type like) :found (in-words given)
               :remedy "give one for each value, as a list"))
        ((not (equal (tensor-shape given) (tensor-shape like)))
         (fail 202 (format nil "a ~a of another shape than its value" what) :expected (describe-type like) :found (describe-type given)
               :remedy "give it the value's shape"))
        ((not (eq (tensor-dtype given) (tensor-dtype like)))
         (fail 201 (format nil "a ~a of another dtype than its value" what) :expected (describe-type like) :found (describe-type given)
               :remedy (format nil "cast it: (cast v ~(~s~))" (tensor-dtype like))))
        (t given)))

(defun derivatives (trial forward outputs seeds zeros)
  "The values of outputs and their derivatives, forwards or backwards, at the arguments themselves."
  (if (any-poison-p (append outputs seeds (trial-leaves trial)))
      (values (list (poison)) (list (poison)))
      (let ((answer (differentiate forward (mapcar #'cons (trial-stand-ins trial) (trial-names trial)) outputs seeds *dims*
                                   (length *open-loops*) zeros)))
        (if (diagnostic-p answer)
            (progn (signal-diagnostic answer) (values (list (poison)) (list (poison))))
            (destructuring-bind (rows values found) answer
              (let* ((actual (mapcar #'cons (trial-stand-ins trial) (trial-leaves trial)))
                     (made (make-imported (mapcar (lambda (row) (if (tensorp row) (or (cdr (assoc row actual :test #'eq)) row) row))
                                                  rows))))
                (flet ((at (position) (aref made position)))
                  (values (mapcar #'at values) (mapcar #'at found)))))))))

(defun in-trees (trial leaves)
  "The arguments that were differentiated by, with these in place of their leaves."
  (loop for tree in (trial-trees trial)
        collect (multiple-value-bind (made left) (tree-like tree leaves) (setf leaves left) made)))

(defun reverse-derivatives (trial cotangents zeros)
  "Values and cotangents: `cotangents` are tensors, numbers, or nil, one for each result."
  (let* ((results (trial-results trial))
         (pairs (loop for result in results
                      for given in cotangents
                      when given collect (cons result (fitting given result "cotangent")))))
    (multiple-value-bind (values found) (derivatives trial nil (mapcar #'car pairs) (mapcar #'cdr pairs) zeros)
      (values values (in-trees trial found)))))

(defun scalar-result (trial what)
  "The only result of the function, a real number; E0202, E0203, E0705."
  (let ((result (or (find-if #'smooth-p (trial-results trial)) (first (trial-results trial)))))
    (cond ((rest (remove-if-not #'smooth-p (trial-results trial)))
           (fail 705 (format nil "`~a` takes a function with one result of floats" what)
                 :found (format nil "~d" (count-if #'smooth-p (trial-results trial)))
                 :remedy "wrap it: (lambda (x) (first (multiple-value-list (f x)))), or use vjp with a cotangent for each result"))
          ((caten/tensor:poison-p result) result)
          ((not (every (lambda (size) (eql size 1)) (tensor-shape result)))
           (fail 202 (format nil "`~a` of a function whose result is no scalar" what) :expected "one element"
                 :found (describe-type result)
                 :remedy "sum or average it, or use vjp with a cotangent of its shape"))
          ((not (eq (dtype-class (tensor-dtype result)) :float))
           (fail 203 (format nil "`~a` of a function whose result is no real number" what) :expected "a float"
                 :found (describe-type result) :remedy "take a real part, or use vjp with a cotangent"))
          (t result))))

;;; What users call

(defun gradients-of (what function arguments)
  "The value and the list of gradients, as trees."
  (multiple-value-bind (positional keywords own) (own-keywords arguments '(:wrt :zeros))
    (let* ((trial (try-at function positional keywords own :backwards t)) (result (scalar-result trial what)))
      (multiple-value-bind (values found)
          (reverse-derivatives trial
                               (loop for each in (trial-results trial) collect (and (eq each result) (if (caten/tensor:poison-p each) each 1)))
                               (getf own :zeros))
        (values (first values) found)))))

(defun grad (function &rest arguments)
  "Gradients of a function with one scalar result, at these arguments: (grad (lambda (w) (sum (* w w))) w) is 2w. One value for each
tensor argument of floats, of its dtype and shape, or for those of :wrt, by number, name (of a composite's input) or keyword:
(grad 'f w x :wrt 'w), (grad 'f w x :wrt '(1 0)). An argument may be a list of tensors: so is its gradient then. Other keywords are
the function's. It is an error if the result has no derivative by an argument; with :zeros t that gradient is zero. The results are
lazy tensors: gradients of gradients are taken alike, and in a composite's body they become part of it. E0202 no scalar, E0203 no
float, E0705 no such argument or no path. Source: reverse accumulation, docs/autodiff.md."
  (values-list (nth-value 1 (gradients-of "grad" function arguments))))

(defun value-and-grad (function &rest arguments)
  "The function's value, then what `grad` returns; the value is shared: (value-and-grad (lambda (w) (sum (* w w))) w)."
  (multiple-value-bind (value found) (gradients-of "value-and-grad" function arguments)
    (values-list (cons value found))))

(defun vjp (function &rest arguments)
  "Cotangents of the arguments for those of the results: (vjp 'matmul a b :cotangent g) are g·bᵀ and aᵀ·g. Of several results of floats a
list, nil for those that do not count. A number stands for a tensor filled with it. Arguments, :wrt and :zeros are those of `grad`. The cotangent
of a complex x stands for dx ↦ Re(g·dx). E0201 and E0202 for a cotangent of another type than its result."
  (multiple-value-bind (positional keywords own) (own-keywords arguments '(:wrt :zeros :cotangent))
    (let* ((trial (try-at function positional keywords own :backwards t))
           (given (getf own :cotangent))
           (given (if (listp given) given (list given)))
           (cotangents (loop for result in (trial-results trial) collect (and (smooth-p result) (pop given)))))
      (when (or given (notany #'identity cotangents))
        (fail 705 "`vjp` needs a cotangent for each result of floats"
              :expected (format nil "~d" (count-if #'smooth-p (trial-results trial)))
              :found (format nil "~d" (+ (length given) (count-if #'identity cotangents)))
              :remedy "give :cotangent a tensor, or a list with nil for results that do not count"))
      (values-list (nth-value 1 (reverse-derivatives trial cotangents (getf own :zeros)))))))

(defun jvp (function &rest arguments)
  "Tangents of the results for those of the arguments: (jvp 'sin x :tangent v) is cos(x)·v. Of several arguments a list, in the order of
:wrt; a number stands for a tensor filled with it. nil for a result of integers or bools. Arguments, :wrt and :zeros are those of
`grad`. E0201 and E0202 for a tangent of another type than its argument."
  (multiple-value-bind (positional keywords own) (own-keywords arguments '(:wrt :zeros :tangent))
    (let* ((trial (try-at function positional keywords own))
           (given (getf own :tangent))
           (tangents (flat (if (and (listp given) given) given (list given))))
           (outputs (remove-if-not #'smooth-p (trial-results trial))))
      (unless (= (length tangents) (length (trial-leaves trial)))
        (fail 705 "`jvp` needs a tangent for each tensor it differentiates by" :expected (format nil "~d" (length (trial-leaves trial)))
              :found (format nil "~d" (length tangents)) :remedy "give :tangent a tensor or a list, and choose with :wrt"))
      (let ((found (nth-value 1 (derivatives trial t outputs
                                             (loop for tangent in tangents
                                                   for leaf in (trial-leaves trial)
                                                   collect (fitting tangent leaf "tangent"))
                                             (getf own :zeros)))))
        (values-list (loop for result in (trial-results trial)
                           collect (and (smooth-p result) (pop found))))))))

(defun flat (tree)
  "The items of nested lists."
  (if (listp tree) (loop for item in tree append (flat item)) (list tree)))

(defun hessian-vector (function &rest arguments)
  "The Hessian of a function with one scalar result times a vector, without the Hessian: (hessian-vector f w :vector v). It is the
tangent of the gradient: one value for each of :wrt, :vector one tensor or a list as :tangent of `jvp`. Zero where the gradient does not vary."
  (multiple-value-bind (positional keywords own) (own-keywords arguments '(:wrt :zeros :vector))
    (let* ((places (chosen-places function positional keywords own)) (trees '()))
      (flet ((gradient (&rest same)
               (let ((found (nth-value 1 (gradients-of "hessian-vector" function
                                                       (append same (list :wrt places :zeros (getf own :zeros)))))))
                 (setf trees found)
                 (values-list (leaves-of found)))))
        (let ((tangents (multiple-value-list
                         (apply #'jvp #'gradient (append positional keywords
                                                         (list :wrt places :tangent (getf own :vector) :zeros t))))))
          (values-list (loop for tree in trees
                             collect (multiple-value-bind (made left) (tree-like tree tangents) (setf tangents left) made))))))))

(defun stop-gradient (x)
  "x, which derivatives take for a constant: (grad (lambda (x) (sum (* x (stop-gradient x)))) x) is x."
  (if (tensorp x) (make-region "stop-gradient" '() 0 x (list x)) x))

(defun checkpoint (function &rest arguments)
  "The function's results, whose steps are not kept for derivatives but computed again on the way back: less memory for more time:
(checkpoint (lambda (x) (layer x w)) x). Copies of the arguments hold the second computation apart from the first."
  (let ((tensors (remove-if-not #'tensorp (flat arguments))))
    (values-list (loop for result in (multiple-value-list (apply (callable function) arguments))
                       for index from 0
                       collect (if (tensorp result) (make-region "checkpoint" '() index result tensors) result)))))

;;; Comparison with finite differences

(defvar *state* 1 "State of the generator of cotangents.")

(defun uniform ()
  "A double-float from -1 to 1, the same in every run."
  (setf *state* (mod (+ (* *state* 6364136223846793005) 1442695040888963407) (expt 2 64)))
  (1- (/ (ash *state* -11) (float (expt 2 52) 1d0))))

(defun random-like (like)
  "A tensor of the type of a value, filled from -1 to 1."
  (labels ((fill-with (shape)
             (if shape
                 (loop repeat (first shape) collect (fill-with (rest shape)))
                 (if (eq (dtype-class (tensor-dtype like)) :complex) (complex (uniform) (uniform)) (uniform)))))
    (if (member 0 (tensor-shape like))
        (constant 0 (tensor-dtype like) (tensor-shape like))
        (tensor (fill-with (tensor-shape like)) :dtype (tensor-dtype like)))))

(defun widened (object)
  "The tensors of a tree in f64 or c128; all else as it is."
  (cond ((floatp object) (tensor object :dtype :f64))
        ((and (tensorp object) (smooth-p object))
         (convert object (if (eq (dtype-class (tensor-dtype object)) :complex) :c128 :f64)))
        ((consp object) (mapcar #'widened object))
        (t object)))

(defun paired (cotangents values)
  "Σ Re(g·y), a scalar of f64."
  (let ((sum nil))
    (loop for g in cotangents
          for y in values
          do (when g
               (let ((term (caten:reduce :add (caten:mul g y))))
                 (when (eq (dtype-class (tensor-dtype term)) :complex)
                   (setf term (caten:reshape (caten:slice (caten:bitcast term :f64) (0 1)))))
                 (setf sum (if sum (caten:add sum term) term)))))
    sum))

(defparameter *elements* 64 "How many elements of an argument are moved; of larger ones as many are drawn.")

(defun moved-value (function positional keywords place tree leaf element reach cotangents)
  "The pairing of the results with the cotangents where one element of an argument is moved by a step, as a number."
  (let* ((count (reduce #'* (tensor-shape leaf)))
         (change (caten:reshape (tensor (loop for k below count collect (if (= k element) reach 0)) :dtype (tensor-dtype leaf))
                                (tensor-shape leaf)))
         (tree (replaced tree (mapcar (lambda (each) (if (eq each leaf) (caten:add each change) each)) (leaves-of tree))))
         (positional (copy-list positional)) (keywords (copy-list keywords)))
    (if (integerp place) (setf (nth place positional) tree) (setf (getf keywords place) tree))
    (item (paired cotangents (values-at function positional keywords)))))

(defun difference (reach at)
  "The derivative of a function at 0 by four values of it, with an error of the fourth power of the step."
  (/ (- (* 8 (- (funcall at reach) (funcall at (- reach)))) (- (funcall at (* 2 reach)) (funcall at (* -2 reach)))) (* 12 (abs reach))))

(defun check-gradient (function &rest arguments)
  "The largest relative error of the function's derivatives against finite differences, in f64: (check-gradient 'softmax x). Cotangents
are drawn; each element of each argument (64 of larger ones) is moved by :step (2e-4). Also compares jvp with vjp: <g, J v> = <Jᵀ g, v>.
Errors are relative to the largest difference of the argument. E0703 if one is above :tolerance (1e-6), with the element. :wrt and
:zeros are those of `grad`; a composite with a :gradient is checked by it."
  (multiple-value-bind (positional keywords own) (own-keywords arguments '(:wrt :zeros :step :tolerance))
    (let* ((*state* 1)
           (reach (float (getf own :step 2d-4) 1d0)) (tolerance (getf own :tolerance 1d-6))
           (positional (mapcar #'widened positional)) (keywords (mapcar #'widened keywords))
           (trial (try-at function positional keywords own :backwards t))
           (cotangents (mapcar (lambda (result) (and (smooth-p result) (random-like result)))
                                   (needs-floats (trial-results trial))))
           (found (nth-value 1 (reverse-derivatives trial cotangents (getf own :zeros))))
           (worst 0d0))
      (when (some (lambda (result) (some #'nan-p (numbers result))) (remove-if-not #'smooth-p (values-at function positional keywords)))
        (fail 705 "a result is not a number where its gradient is checked" :remedy "choose arguments inside the domain of the function"))
      (setf worst (transposition-error function positional keywords own trial cotangents found tolerance))
      (loop for place in (trial-places trial)
            for tree in (trial-trees trial)
            for gradients in found
            do (loop for leaf in (leaves-of tree)
                     for gradient in (leaves-of gradients)
                     do (setf worst (max worst (leaf-error function positional keywords place tree leaf gradient reach cotangents tolerance)))))
      worst)))

(defun values-at (function positional keywords)
  "The function's results, as a list."
  (multiple-value-list (apply (callable function) (append positional keywords))))

(defun nan-p (number)
  "True of NaN, and of a complex number with one."
  (not (= number number)))

(defun needs-floats (results)
  "The results; E0705 if none has a derivative."
  (unless (some #'smooth-p results)
    (fail 705 "no result of the function has a derivative" :expected "a tensor of floats or complex numbers"
          :found (format nil "~{~a~^, ~}" (mapcar #'in-words results)) :remedy "integers and bools have no derivatives"))
  results)

(defun transposition-error (function positional keywords own trial cotangents found tolerance)
  "The relative difference of <g, J v> and <Jᵀ g, v> for a drawn v."
  (let* ((tangents (mapcar #'random-like (trial-leaves trial)))
         (pushed (multiple-value-list (apply #'jvp function (append positional keywords (list :wrt (trial-places trial) :tangent tangents
                                                                                               :zeros (getf own :zeros))))))
         (forwards (item (paired cotangents pushed)))
         (backwards (item (paired (leaves-of found) tangents)))
         (scale (magnitude cotangents pushed))
         (deviation (/ (abs (- forwards backwards)) (max scale 1d-9))))
    (unless (<= deviation tolerance)
      (fail 703 "jvp and vjp of the function contradict each other" :expected (format nil "<g, J v> ~,9g" backwards)
            :found (format nil "~,9g" forwards) :remedy "see that a :gradient is linear in its cotangent"))
    deviation))

(defun magnitude (cotangents values)
  "Σ |g·y|."
  (loop for g in cotangents
        for y in values
        when (and g y) sum (reduce #'+ (mapcar #'abs (numbers (caten:mul g y))))))

(defun numbers (tensor)
  "The elements of a tensor as a list."
  (flat (let ((list (tensor->list tensor))) (if (listp list) list (list list)))))

(defun leaf-error (function positional keywords place tree leaf gradient reach cotangents tolerance)
  "The largest relative error of the gradient of one tensor."
  (let* ((count (reduce #'* (tensor-shape leaf)))
         (complex (eq (dtype-class (tensor-dtype leaf)) :complex))
         (elements (if (<= count *elements*)
                       (loop for k below count collect k)
                       (loop repeat *elements* collect (mod (floor (* count (abs (uniform)))) count))))
         (values (coerce (numbers gradient) 'vector)))
    (flet ((slope (element unit)
             (difference reach (lambda (h) (moved-value function positional keywords place tree leaf element (* unit h) cotangents)))))
      (let* ((expected (loop for element in elements
                             collect (if complex
                                         (complex (slope element 1) (- (slope element #c(0 1))))
                                         (slope element 1))))
             (scale (max 1d-3 (reduce #'max (mapcar #'abs expected) :initial-value 0d0)))
             (worst 0d0))
        (loop for element in elements
              for right in expected
              for deviation = (/ (abs (- (aref values element) right)) scale)
              do (unless (<= deviation tolerance)
                   (fail 703 (format nil "a gradient that finite differences contradict, at element ~d of ~a" element
                                     (if (integerp place) (format nil "argument ~d" place) (format nil "~(~s~)" place)))
                         :expected (format nil "~,9g" right) :found (format nil "~,9g" (aref values element))
                         :remedy "correct the composite's :gradient, or move away from where the function has no derivative"))
                 (setf worst (max worst deviation)))
        worst))))
