;;;; The language of composite bodies: Common Lisp in which `if and or not loop` mean the ops where they meet tensors, `setf` of a
;;;; new name makes a local, `return` returns results, and every call knows where it stands.

(defpackage :caten/body
  (:use :cl)
  (:import-from :caten #:tensorp #:where #:scan #:logical-and #:logical-or #:logical-not)
  (:import-from :caten/ops #:loop-form-p)
  (:import-from :caten/tensor #:poison-p #:poison)
  (:import-from :caten/diagnostic #:*place* #:fail #:suggest)
  (:import-from :caten/syntax #:form-place #:*source*)
  (:export #:walk #:body-form #:assigned-variables #:choose #:both #:either #:negation #:at #:literal-place #:mark-places #:*marker*))

(in-package :caten/body)

;;; What the replaced heads become

(defmacro choose (condition then &optional (else nil else-p))
  "The op `if` on a tensor, Common Lisp's otherwise: (choose c a b) → (if (tensorp c) (where c a b) (if c a b))."
  (let ((value (gensym "CONDITION")) (yes (gensym "THEN")) (no (gensym "ELSE")))
    `(flet ((,yes () ,then) (,no () ,else))
       (declare (ignorable #',yes #',no))
       (let ((,value ,condition))
         (cond ((or (tensorp ,value) (poison-p ,value))
                ,(if else-p `(where ,value (,yes) (,no)) `(missing-else)))
               (,value (,yes))
               (t (,no)))))))

(defun missing-else ()
  "Signals E0105 for (if c a) on a tensor."
  (fail 105 "`if` on a tensor needs both values" :expected "(if c a b)" :remedy "add the value for elements where c is false"))

(defmacro both (&rest forms)
  "The op `and` from the first tensor on, Common Lisp's before: (both p q)."
  (cond ((null forms) t)
        ((null (rest forms)) (first forms))
        (t (let ((value (gensym)) (more (gensym)))
             `(flet ((,more () (both ,@(rest forms))))
                (let ((,value ,(first forms)))
                  (cond ((or (tensorp ,value) (poison-p ,value)) (logical-and ,value (,more)))
                        (,value (,more))
                        (t nil))))))))

(defmacro either (&rest forms)
  "The composite `or` from the first tensor on, Common Lisp's before: (either p q)."
  (cond ((null forms) nil)
        ((null (rest forms)) (first forms))
        (t (let ((value (gensym)) (more (gensym)))
             `(flet ((,more () (either ,@(rest forms))))
                (let ((,value ,(first forms)))
                  (cond ((or (tensorp ,value) (poison-p ,value)) (logical-or ,value (,more)))
                        (,value ,value)
                        (t (,more)))))))))

(defun negation (value)
  "The composite `not` on a tensor, Common Lisp's otherwise: (negation p)."
  (if (or (tensorp value) (poison-p value)) (logical-not value) (not value)))

(defmacro at (place form)
  "The form's value; what is made meanwhile comes from `place`: (at (0 3 9) (relu x))."
  `(let ((*place* ',place)) ,form))

;;; Places of forms in files that are compiled become text, since the file is not at hand at run time

(defvar *line-starts* '() "(file . vector of byte offsets at which lines begin), of the file read last.")

(defun line-starts (file)
  "The byte offsets at which the lines of a file begin."
  (unless (equal (car *line-starts*) file)
    (let ((starts (make-array 64 :adjustable t :fill-pointer 0)))
      (vector-push-extend 0 starts)
      (with-open-file (stream file :element-type '(unsigned-byte 8))
        (loop for byte = (read-byte stream nil nil)
              for position from 1
              while byte
              when (= byte 10) do (vector-push-extend position starts)))
      (setf *line-starts* (cons file starts))))
  (cdr *line-starts*))

(defun literal-place (place)
  "The place as it is kept in code: as it is, or \"file:line:column\" for a file that is compiled."
  (if (and place (stringp (first place)))
      (or (ignore-errors
           (let* ((starts (line-starts *compile-file-truename*))
                  (offset (second place))
                  (line (position-if (lambda (start) (<= start offset)) starts :from-end t)))
             (format nil "~a:~d:~d" (first place) (1+ line) (1+ (- offset (aref starts line))))))
          (first place))
      place))

;;; The walker

(defun walk-all (forms)
  "Each form walked."
  (mapcar #'walk forms))

(defun walk-bindings (bindings)
  "The values of let bindings walked."
  (mapcar (lambda (binding) (if (consp binding) (cons (first binding) (walk-all (rest binding))) binding)) bindings))

(defun walk-lambda-list (list)
  "The default values in a lambda list walked."
  (mapcar (lambda (item) (if (and (consp item) (rest item)) (list* (first item) (walk (second item)) (cddr item)) item)) list))

(defvar *local-functions* '() "Names that flet and labels define around the form.")

(defun walk-functions (definitions)
  "The definitions of flet or labels walked."
  (mapcar (lambda (definition)
            (list* (first definition) (walk-lambda-list (second definition)) (walk-body (cddr definition))))
          definitions))

(defun walk-body (forms)
  "Forms after declarations and a docstring walked."
  (loop for form in forms
        collect (if (or (stringp form) (and (consp form) (eq (first form) 'declare))) form (walk form))))

(defun walk-setf (form)
  "setf of variables as setq; of other places as Common Lisp expands it."
  (let ((pairs (rest form)))
    (if (loop for (place) on pairs by #'cddr always (symbolp place))
        `(setq ,@(loop for (place value) on pairs by #'cddr collect place collect (walk value)))
        (walk (macroexpand-1 form)))))

(defun walk-special (form)
  "A special form with its evaluated parts walked."
  (destructuring-bind (head . rest) form
    (case head
      ((quote go declare load-time-value macrolet symbol-macrolet) form)
      (function (if (and (consp (first rest)) (eq (caar rest) 'lambda))
                    `(function (lambda ,(walk-lambda-list (cadar rest)) ,@(walk-body (cddar rest))))
                    form))
      ((let let*) `(,head ,(walk-bindings (first rest)) ,@(walk-body (rest rest))))
      ((flet labels)
       (let ((*local-functions* (append (mapcar #'first (first rest)) *local-functions*)))
         `(,head ,(walk-functions (first rest)) ,@(walk-body (rest rest)))))
      (setq `(setq ,@(loop for (place value) on rest by #'cddr collect place collect (walk value))))
      ((block return-from eval-when the) `(,head ,(first rest) ,@(walk-all (rest rest))))
      (tagbody `(tagbody ,@(mapcar (lambda (item) (if (consp item) (walk item) item)) rest)))
      (locally `(locally ,@(walk-body rest)))
      ((progn if catch throw multiple-value-call multiple-value-prog1 progv unwind-protect)
       `(,head ,@(walk-all rest)))
      (t form))))

(defun undefined (name)
  "Signals E0111 for a call of what is not defined when the body runs."
  (fail 111 (format nil "there is no function or composite `~(~a~)`" name)
        :remedy (or (suggest (symbol-name name) (function-names)) "define it, or check its spelling"))
  (poison))

(defun no-function (head)
  "Signals E0101 for a form in the place of a call that begins with no name."
  (fail 101 (format nil "`~(~s~)` is no function" head)
        :expected "(function argument…)" :remedy "put a quote before a list of data: '(1 2)")
  (poison))

(defun function-names ()
  "Names of the functions a program sees, sorted, for suggestions."
  (let ((names '()))
    (do-symbols (symbol :caten-user) (when (fboundp symbol) (push (symbol-name symbol) names)))
    (sort (remove-duplicates names :test #'string=) #'string<)))

(defun walk-call (form)
  "A function call with its arguments walked, at its place if the function is none of Common Lisp; a check that it is defined if it
is not yet."
  (destructuring-bind (head . arguments) form
    (let ((call (cons head (walk-all arguments)))
          (place (form-place form)))
      (when (and (symbolp head) (not (fboundp head)) (not (member head *local-functions*)))
        (setf call `(if (fboundp ',head) ,call (undefined ',head))))
      (if (and place (symbolp head) (not (eq (symbol-package head) (load-time-value (find-package :cl)))))
          `(at ,(literal-place place) ,call)
          call))))

(defun call-of-data (form)
  "What stands for a form whose head is no name: an error at its place."
  (let ((call `(no-function ',(first form))) (place (form-place form)))
    (if place `(at ,(literal-place place) ,call) call)))

(defun walk (form)
  "The form with the heads of the body language replaced: (walk '(if c a b)) is (choose c a b)."
  (if (atom form)
      form
      (let ((head (first form)))
        (cond ((consp head)
               (if (eq (first head) 'lambda)
                   `((lambda ,(walk-lambda-list (second head)) ,@(walk-body (cddr head))) ,@(walk-all (rest form)))
                   (call-of-data form)))
              ((not (symbolp head)) (call-of-data form))
              ((eq head 'if)
               (let ((choice `(choose ,@(walk-all (rest form)))) (place (form-place form)))
                 (if (and place (null (cdddr form))) `(at ,(literal-place place) ,choice) choice)))
              ;; Without a second value there is no op: these ask whether something is there, such as an optional input.
              ((member head '(when unless)) `(,head ,@(walk-all (rest form))))
              ((eq head 'and) `(both ,@(walk-all (rest form))))
              ((eq head 'or) `(either ,@(walk-all (rest form))))
              ((eq head 'not) `(negation ,@(walk-all (rest form))))
              ((eq head 'return) (if (cddr form) `(return (values ,@(walk-all (rest form)))) `(return ,@(walk-all (rest form)))))
              ((member head '(setf setq)) (walk-setf form))
              ((or (loop-form-p form) (eq head 'scan))
               (if (and (member head '(loop scan)) (loop-form-p form)) (walk-loop form) form))
              ((member head '(choose both either at)) form)
              ;; ECL's expansion of this macro takes no more values than there are variables.
              ((eq head 'multiple-value-bind)
               `(multiple-value-bind ,(second form) ,(walk (third form)) ,@(walk-body (cdddr form))))
              ;; ECL counts some macros among the special operators.
              ((macro-function head) (walk-macro form))
              ((special-operator-p head) (walk-special form))
              (t (walk-call form))))))

(defun walk-loop (form)
  "The loop op, at its place: its parts are walked, `next` and keywords stay."
  (destructuring-bind (head count carries counter &rest body) form
    (declare (ignore head))
    (let ((loop-form `(scan ,(walk count) ,(walk-bindings carries) ,counter
                        ,@(mapcar (lambda (item)
                                    (if (and (consp item) (eq (first item) 'caten:next))
                                        (cons 'caten:next (walk-all (rest item)))
                                        (walk item)))
                                  body)))
          (place (form-place form)))
      (if place `(at ,(literal-place place) ,loop-form) loop-form))))

(defun walk-macro (form)
  "A macro's expansion walked, at the place of the form."
  (multiple-value-bind (expansion expanded) (macroexpand-1 form)
    (let ((place (form-place form)))
      (cond ((not expanded) (walk-call form))
            ((and place (consp expansion) (not (form-place expansion))
                  (symbolp (first expansion)) (not (macro-function (first expansion)))
                  (not (special-operator-p (first expansion))))
             `(at ,(literal-place place) ,(walk-call expansion)))
            (t (walk expansion))))))

(defun assigned-variables (forms bound)
  "Names that setf or setq assigns in the forms and that are not among `bound`: (assigned-variables '((setf z 1)) '()) is (z)."
  (let ((names '()))
    (labels ((visit (form)
               (when (consp form)
                 (when (and (member (first form) '(setf setq)) (ignore-errors (list-length form)))
                   (loop for (place) on (rest form) by #'cddr
                         when (and (symbolp place) place (not (constantp place)) (not (member place bound))
                                   (not (si:specialp place)))
                           do (pushnew place names)))
                 (unless (eq (first form) 'quote)
                   (loop for rest = form then (cdr rest)
                         while (consp rest)
                         do (visit (car rest)))))))
      (mapc #'visit forms))
    (nreverse names)))

(defun body-form (forms bound)
  "One form that evaluates the forms of a body in which `bound` are the variables: locals for what is assigned, a block for
`return`. (body-form '((setf z (+ a b)) (return z)) '(a b)) → (block nil (let (z) (setq z (+ a b)) (return z)))."
  (let ((locals (assigned-variables forms bound)))
    `(block nil
       (let ,locals
         (declare (ignorable ,@locals))
         ,@(walk-body forms)))))

(defvar *marker* 'at "The macro that mark-places puts around calls; inside definitions it is always `at`.")

;;; Forms outside of composites keep Common Lisp's meaning; only their calls learn where they stand

(defun mark-all (forms)
  "Each form marked."
  (mapcar #'mark-places forms))

(defun mark-places (form)
  "The form with the places of its calls, as far as plain syntax shows what is evaluated; macros are left as they are:
(mark-places '(print (relu x))) is (print (at (0 7 15) (relu x)))."
  (if (or (atom form) (not (symbolp (first form))) (not (ignore-errors (list-length form))))
      (if (or (atom form) (eq (first form) 'lambda) (and (consp (first form)) (eq (caar form) 'lambda))) form (call-of-data form))
      (destructuring-bind (head . rest) form
        (case head
          ((progn if when unless and or) `(,head ,@(mark-all rest)))
          ((let let*)
           (if (and (listp (first rest)) (every (lambda (b) (or (symbolp b) (and (consp b) (= (length b) 2)))) (first rest)))
               `(,head ,(mapcar (lambda (b) (if (consp b) (list (first b) (mark-places (second b))) b)) (first rest))
                       ,@(mark-body (rest rest)))
               form))
          ((setq setf)
           (if (evenp (length rest))
               `(,head ,@(loop for (place value) on rest by #'cddr collect place collect (mark-places value)))
               form))
          ((defvar defparameter) (if (rest rest) `(,head ,(first rest) ,(mark-places (second rest)) ,@(cddr rest)) form))
          ((defun dotimes dolist lambda)
           (let ((fixed (if (eq head 'defun) 2 1)))
             (if (> (length rest) fixed)
                 (let ((*marker* 'at)) `(,head ,@(subseq rest 0 fixed) ,@(mark-body (nthcdr fixed rest))))
                 form)))
          (t (cond ((or (special-operator-p head) (macro-function head)) form)
                   ((and (form-place form) (not (eq (symbol-package head) (load-time-value (find-package :cl)))))
                    `(,*marker* ,(literal-place (form-place form)) (,head ,@(mark-all rest))))
                   (t `(,head ,@(mark-all rest)))))))))

(defun mark-body (forms)
  "Forms after declarations and a docstring marked."
  (loop for form in forms
        collect (if (and (consp form) (eq (first form) 'declare)) form (mark-places form))))
