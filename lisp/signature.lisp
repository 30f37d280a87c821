;;;; Signatures: (A{T}[M K] B{T}[K N]) -> (C{T}[M N]) where …, parsed into plain data. Nothing here evaluates.

(defpackage :caten/signature
  (:use :cl)
  (:import-from :caten #:-> #:~ #:where)
  (:import-from :caten/promotion #:dtype-class)
  (:import-from :caten/diagnostic #:fail)
  (:import-from :caten/syntax #:form-place)
  (:export #:parse-signature #:parameter-name #:parameter-type #:parameter-class #:parameter-kind #:parameter-dims #:parameter-order
           #:parameter-mode #:signature-inputs #:signature-keys #:signature-outputs #:signature-clauses #:signature-text
           #:signature-terms #:signature-names #:signature-types #:term-names #:named #:size-parameter-p #:parameter-text))

(in-package :caten/signature)

(defstruct (parameter (:type list) (:copier nil) (:predicate nil))
  name    ; symbol
  type    ; type variable (a symbol), dtype (a keyword), or nil
  class   ; list of classes and dtypes the type must be among, or nil
  kind    ; :dense, :sparse, :complex, :grad, :size, or nil
  dims    ; list of sizes: integers, symbols, ~ or expressions; :any
  order   ; list of axes, or nil
  mode)   ; :required, :optional or :rest

(defstruct (signature (:type list) (:copier nil) (:predicate nil))
  inputs    ; parameters
  keys      ; ((name default) …), names as variables
  outputs   ; parameters
  clauses)  ; ((:= left right) (:< …) (:<= …) (:/= …) (:in type classes) …)

(defparameter *classes* '(:float :integer :signed :unsigned :real :complex :numeric :bool :any)
  "Names of sets of dtypes in signatures.")

(defun named (symbol name)
  "True of a symbol with this name in any package: (named '-> \"->\")."
  (and symbol (symbolp symbol) (string= (symbol-name symbol) name)))

(defun malformed (form control &rest arguments)
  "Signals E0703 at the form."
  (fail 703 (apply #'format nil control arguments)
        :expected "((A{T}[M K] B{T}[K N] &key (axis -1)) -> (C{T}[M N]) where …)"
        :place (form-place form)
        :remedy "see docs/composites.md for the grammar of signatures"))

(defun as-keyword (symbol)
  "The keyword of the same name."
  (intern (symbol-name symbol) :keyword))

;;; Braces and brackets

(defun read-type (parameter words form)
  "Fills type, class and kind from the words between braces."
  (dolist (word words parameter)
    (cond ((and (consp word) (null (parameter-class parameter)))
           (setf (parameter-class parameter) (mapcar #'as-keyword word)))
          ((not (symbolp word)) (malformed form "`~s` in braces is no type" word))
          (t (let ((key (as-keyword word)))
               (cond ((dtype-class key) (setf (parameter-type parameter) key))
                     ((member key '(:dense :sparse :grad :size :lisp)) (setf (parameter-kind parameter) key))
                     ((eq key :complex) (setf (parameter-kind parameter) :complex (parameter-class parameter) '(:complex)))
                     ((and (member key *classes*) (null (parameter-class parameter)))
                      (setf (parameter-class parameter) (list key)))
                     ((parameter-type parameter) (malformed form "two types between one pair of braces"))
                     (t (setf (parameter-type parameter) word))))))))

(defun size-p (term)
  "True of what may stand between brackets."
  (or (and (integerp term) (>= term 0)) (and (symbolp term) term (not (keywordp term))) (consp term)))

(defun read-dims (words form)
  "The words between brackets, if they are sizes."
  (dolist (word words)
    (unless (size-p word) (malformed form "`~s` in brackets is no size" word)))
  (when (> (count-if (lambda (word) (named word "~")) words) 1)
    (malformed form "`~~` stands twice in one shape"))
  words)

(defun order-words (tokens)
  "If the tokens begin with <0 1>, the axes and the tokens after them."
  (let ((first (first tokens)))
    (when (and (symbolp first) first (> (length (symbol-name first)) 1) (char= (char (symbol-name first) 0) #\<)
               (digit-char-p (char (symbol-name first) 1)))
      (let ((axes '()))
        (loop for rest on tokens
              for text = (string-trim "<>" (princ-to-string (first rest)))
              do (push (or (parse-integer text :junk-allowed t) 0) axes)
              when (and (symbolp (first rest)) (char= #\> (char (symbol-name (first rest)) (1- (length (symbol-name (first rest)))))))
                do (return (values (nreverse axes) (rest rest))))))))

;;; Parameters

(defun parse-parameters (tokens form)
  "Parameters, keyword arguments and where clauses from one side of the arrow."
  (let ((parameters '()) (keys '()) (clauses '()) (mode :required))
    (loop while tokens
          do (let ((token (pop tokens)))
               (cond ((or (named token "&OPTIONAL") (named token "&REST")) (setf mode (intern (subseq (symbol-name token) 1) :keyword)))
                     ((named token "&KEY") (setf mode :key))
                     ((and (consp token) (named (first token) "WHERE"))
                      (setf clauses (append clauses (parse-clauses (rest token) form))))
                     ((eq mode :key)
                      (cond ((and (symbolp token) token) (push (list token nil) keys))
                            ((and (consp token) (symbolp (first token)) (<= (length token) 2))
                             (push (list (first token) (second token)) keys))
                            (t (malformed form "`~s` after &key is no keyword argument" token))))
                     ((or (not (symbolp token)) (null token) (keywordp token))
                      (malformed form "`~s` where the name of a parameter was expected" token))
                     (t (let ((parameter (make-parameter :name token :dims :any :mode mode)))
                          (when (and (consp (first tokens)) (eq (caar tokens) :|{}|))
                            (read-type parameter (rest (pop tokens)) form))
                          (when (and (consp (first tokens)) (eq (caar tokens) :|[]|))
                            (setf (parameter-dims parameter) (read-dims (rest (pop tokens)) form)))
                          (multiple-value-bind (axes rest) (order-words tokens)
                            (when axes (setf (parameter-order parameter) axes tokens rest)))
                          (push parameter parameters))))))
    (values (nreverse parameters) (nreverse keys) clauses)))

;;; Where clauses

(defparameter *relations* '(("=" . :=) ("<" . :<) ("<=" . :<=) (">" . :>) (">=" . :>=) ("/=" . :/=) ("IN" . :in))
  "The relations of where clauses.")

(defun relation (token)
  "The relation that a token names, or nil."
  (and (symbolp token) token (cdr (assoc (symbol-name token) *relations* :test #'string=))))

(defun make-clause (relation left right form)
  "The clause with > turned around and the dtypes of `in` as keywords."
  (case relation
    (:> (list :< right left))
    (:>= (list :<= right left))
    (:in (let ((classes (mapcar #'as-keyword (if (consp right) right (list right)))))
           (dolist (class classes)
             (unless (or (member class *classes*) (dtype-class class)) (malformed form "`~(~a~)` is no dtype and no class of dtypes" class)))
           (list :in left classes)))
    (t (list relation left right))))

(defun parse-clauses (tokens form)
  "K = (* 2 M) N <= 8 T in float, or the same as lists: ((:= k (* 2 m)) …)."
  (let ((clauses '()))
    (loop while tokens
          do (let ((token (pop tokens)))
               (cond ((and (consp token) (relation (first token)) (= (length token) 3))
                      (push (make-clause (relation (first token)) (second token) (third token) form) clauses))
                     ((named token "AND"))
                     ((and tokens (relation (first tokens)) (rest tokens))
                      (push (make-clause (relation (pop tokens)) token (pop tokens) form) clauses))
                     (t (malformed form "`~s` in a where clause is no condition" token)))))
    (nreverse clauses)))

;;; The whole

(defun parse-signature (form)
  "The signature as data: (parse-signature '((a (:{} t) (:[] m n)) -> (b (:{} t) (:[] m n))))."
  (let ((arrow (and (listp form) (ignore-errors (list-length form)) (position-if (lambda (token) (named token "->")) form))))
    (unless (and arrow (= arrow 1) (listp (first form)) (cddr form) (listp (third form)))
      (malformed form "a signature is not of the form ((inputs…) -> (outputs…))"))
    (multiple-value-bind (inputs keys input-clauses) (parse-parameters (first form) form)
      (multiple-value-bind (outputs output-keys output-clauses) (parse-parameters (third form) form)
        (when output-keys (malformed form "keyword arguments stand among the inputs"))
        (unless outputs (malformed form "a signature without outputs"))
        (let* ((rest (nthcdr 3 form))
               (clauses (cond ((null rest) '())
                              ((named (first rest) "WHERE") (parse-clauses (rest rest) form))
                              ((and (consp (first rest)) (named (caar rest) "WHERE") (null (rest rest)))
                               (parse-clauses (cdar rest) form))
                              (t (malformed form "`~s` after the outputs; only a where clause may stand there" (first rest)))))
               (signature (make-signature :inputs inputs :keys keys :outputs outputs
                                          :clauses (append input-clauses output-clauses clauses)))
               (names (append (mapcar #'parameter-name inputs) (mapcar #'first keys))))
          (let ((twice (find-if (lambda (name) (> (count name names) 1)) names)))
            (when twice
              (fail 104 (format nil "`~(~a~)` stands twice among the inputs" twice) :place (form-place form)
                    :remedy "rename one of them")))
          (dolist (output outputs)
            (let ((type (parameter-type output)))
              (when (and type (not (keywordp type)) (not (member type names)) (not (find type inputs :key #'parameter-type)))
                (fail 214 (format nil "no input decides the type variable ~a of ~a" type (parameter-name output))
                      :place (form-place form)
                      :remedy "use a type variable of an input, a dtype, or the name of a keyword argument that is a dtype"))))
          signature)))))

(defun size-parameter-p (parameter)
  "True of an input that is a size or another Lisp object, not a tensor: N{size}."
  (member (parameter-kind parameter) '(:size :lisp)))

(defun term-names (term)
  "Names of sizes and attributes in a term: (term-names '(* 2 m)) is (m)."
  (cond ((and (symbolp term) term (not (keywordp term)) (not (eq term t))) (list term))
        ((and (consp term) (not (eq (first term) 'quote))) (remove-duplicates (mapcan #'term-names (copy-list (rest term)))))
        (t '())))

(defun signature-terms (signature)
  "All sizes of shapes and where clauses that are expressions or names, without duplicates."
  (let ((terms '()))
    (dolist (parameter (append (signature-inputs signature) (signature-outputs signature)))
      (when (listp (parameter-dims parameter))
        (dolist (dim (parameter-dims parameter)) (pushnew dim terms :test #'equal))))
    (dolist (clause (signature-clauses signature))
      (unless (eq (first clause) :in)
        (pushnew (second clause) terms :test #'equal)
        (pushnew (third clause) terms :test #'equal)))
    (nreverse terms)))

(defun signature-types (signature)
  "The type variables."
  (let ((types '()))
    (dolist (parameter (append (signature-inputs signature) (signature-outputs signature)) (nreverse types))
      (let ((type (parameter-type parameter)))
        (when (and type (not (keywordp type))) (pushnew type types))))))

(defun signature-names (signature)
  "What a body sees as variables: inputs, keyword arguments, type variables but T, sizes, and ~ for the leading sizes."
  (remove-duplicates
   (append (mapcar #'parameter-name (signature-inputs signature))
           (mapcar #'first (signature-keys signature))
           (remove-if #'constantp (signature-types signature))
           (mapcan (lambda (term) (copy-list (term-names term))) (signature-terms signature)))
   :from-end t))

;;; Printing

(defun word-text (word)
  "A size, name or class as written in a signature."
  (if (consp word)
      (format nil "(~{~a~^ ~})" (mapcar #'word-text word))
      (if (or (symbolp word) (stringp word)) (symbol-name word) (princ-to-string word))))

(defun parameter-text (parameter)
  "A parameter as it is written: \"A{T}[M K]\"."
  (let ((words (append (and (parameter-kind parameter) (list (string-downcase (parameter-kind parameter))))
                       (and (parameter-type parameter)
                            (list (if (keywordp (parameter-type parameter))
                                      (string-downcase (parameter-type parameter))
                                      (symbol-name (parameter-type parameter)))))
                       (and (parameter-class parameter) (not (eq (parameter-kind parameter) :complex))
                            (list (format nil "~{~(~a~)~^ ~}" (parameter-class parameter)))))))
    (format nil "~a~@[{~{~a~^ ~}}~]~@[[~{~a~^ ~}]~]"
            (symbol-name (parameter-name parameter)) words
            (cond ((eq (parameter-dims parameter) :any) nil)
                  ((null (parameter-dims parameter)) '(""))
                  (t (mapcar #'word-text (parameter-dims parameter)))))))

(defun signature-text (signature)
  "The signature on one line: \"(A{T}[M K] B{T}[K N]) -> (C{T}[M N])\"."
  (format nil "(~{~a~^ ~}~@[ &key~{ ~a~}~]) -> (~{~a~^ ~})~@[ where ~{~a~^, ~}~]"
          (let ((mode :required))
            (mapcan (lambda (parameter)
                      (prog1 (if (eq mode (parameter-mode parameter))
                                 (list (parameter-text parameter))
                                 (list (format nil "&~(~a~)" (parameter-mode parameter)) (parameter-text parameter)))
                        (setf mode (parameter-mode parameter))))
                    (signature-inputs signature)))
          (mapcar (lambda (key) (format nil "(~(~a~) ~(~s~))" (first key) (second key))) (signature-keys signature))
          (mapcar #'parameter-text (signature-outputs signature))
          (mapcar (lambda (clause)
                    (if (eq (first clause) :in)
                        (format nil "~a in ~{~(~a~)~^ ~}" (word-text (second clause)) (third clause))
                        (format nil "~a ~a ~a" (word-text (second clause)) (first clause) (word-text (third clause)))))
                  (signature-clauses signature))))
