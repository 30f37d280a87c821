;;;; What Common Lisp reports about a program, in caten's words: which call, what it takes, what it was given.

(defpackage :caten/wording
  (:use :cl)
  (:import-from :caten/primitive #:source-text)
  (:import-from :caten/diagnostic #:make-diagnostic #:suggest #:*place* #:*signal-place*)
  (:import-from :caten/names #:designated #:signature-line #:keyword-names)
  (:export #:reworded #:without-addresses #:foreign-name))

(in-package :caten/wording)

(defun without-addresses (text)
  "The text without the addresses of objects, which are never the same: (without-addresses \"#<f 0x7f00>\") is \"#<f>\"."
  (loop
    (let* ((start (search " 0x" text))
           (end (and start (position-if-not (lambda (c) (digit-char-p c 16)) text :start (+ start 3)))))
      (if (and end (> end (+ start 3)))
          (setf text (concatenate 'string (subseq text 0 start) (subseq text end)))
          (return text)))))

(defun word-after (marker text)
  "The symbol behind the marker in a report, in lower case and without its package; nil if there is none."
  (let* ((start (and (search marker text) (+ (search marker text) (length marker))))
         (end (and start (position-if (lambda (c) (find c " ,.()")) text :start start)))
         (word (and start (subseq text start end)))
         (colon (and word (position #\: word :from-end t))))
    (and word (string-downcase (if (and colon (plusp colon)) (subseq word (1+ colon)) word)))))

(defun called-name ()
  "The head of the form under evaluation as the text has it, or nil."
  (let* ((place (if (consp *place*) *place* *signal-place*))
         (text (and (consp place) (apply #'source-text place))))
    (and text (plusp (length text)) (char= (char text 0) #\() (word-after "(" text))))

(defun name-of-macro (name)
  "The name that a program uses for a macro of the body language."
  (or (cdr (assoc name '(("choose" . "if") ("both" . "and") ("either" . "or")) :test #'equal)) name))

(defun known-signature (name)
  "The signature of what has this name, or nil."
  (let ((line (if name (signature-line name) "")))
    (and (string/= line "") line)))

(defun foreign-name (name)
  "A remedy for a name that another language has, or nil: (foreign-name '==) is \"`=` compares\"."
  (let* ((text (string-downcase (symbol-name (if (consp name) (second name) name))))
         (dot (position #\. text :from-end t))
         (known (assoc text '(("==" . "`=` compares") ("!=" . "`/=` compares") ("**" . "`expt` or `pow` raises to a power")
                              ("%" . "`mod` is the remainder") ("^" . "`expt` or `pow` raises to a power; `xor` is exclusive or")
                              ("@" . "`matmul` multiplies matrices") ("[]" . "(take x 0 axis) takes elements, (slice x (0 2)) parts"))
                       :test #'string=)))
    (cond (known (cdr known))
          ((and dot (< dot (1- (length text))) (designated (subseq text (1+ dot))) (fboundp (designated (subseq text (1+ dot)))))
           (format nil "did you mean `~a`?" (subseq text (1+ dot)))))))

(defun subject-of (condition)
  "The name of the function that a report is about, or nil."
  (let* ((subject (and (typep condition 'simple-condition) (first (simple-condition-format-arguments condition))))
         (name (if (functionp subject) (ignore-errors (si::compiled-function-name subject)) subject)))
    (and name (symbolp name) (symbol-package name) (string-downcase (symbol-name name)))))

(defun wrong-arguments (name)
  "E0105 for a call with too many or too few arguments."
  (make-diagnostic 105 (if name (format nil "`~a` is given a wrong number of arguments" name) "a call with a wrong number of arguments")
                   :expected (known-signature name)
                   :remedy (if name (format nil "(doc ~a) tells what each is for" name) "look up what the function takes")))

(defun unknown-keyword (keyword)
  "E0705 for a keyword argument that a function does not have."
  (let* ((name (called-name)) (keys (and name (keyword-names name))))
    (make-diagnostic 705 (format nil "~:[the call~;~:*`~a`~] has no keyword argument ~a" name keyword)
                     :expected (known-signature name)
                     :remedy (or (suggest keyword keys) (if keys (format nil "it has ~{~a~^ ~}" keys) "it takes no keyword arguments")))))

(defun printed (object)
  "The object on one short line."
  (let* ((*print-length* 5) (*print-level* 3) (*print-circle* t) (*print-case* :downcase) (caten/tensor:*print-values* nil)
         (*package* (find-package :caten-user))
         (text (substitute #\Space #\Newline (prin1-to-string object))))
    (if (> (length text) 60) (concatenate 'string (subseq text 0 59) "…") text)))

(defun wrong-type (condition report)
  "A type error of a Common Lisp function, or of one of caten that takes a tensor."
  (let* ((datum (type-error-datum condition))
         (type (type-error-expected-type condition))
         (function (word-after "In function " report))
         (name (if (and function (string/= function "structure-ref")) function (called-name))))
    (if (and type (symbolp type) (string= (symbol-name type) "TENSOR"))
        (make-diagnostic 705 (format nil "~:[a call~;~:*`~a`~] takes a tensor" name)
                         :expected (or (known-signature name) "a tensor") :found (printed datum)
                         :remedy "(tensor x) makes one of a number or of nested lists")
        (make-diagnostic 701 (format nil "~:[a call~;~:*`~a`~] is given ~a" name (printed datum))
                         :expected (let ((*package* (find-package :cl))) (format nil "a value of type ~(~s~)" type))
                         :found (format nil "~a, of type ~(~a~)" (printed datum)
                                        (let ((kind (type-of datum))) (if (consp kind) (first kind) kind)))))))

(defun reworded (condition report)
  "A diagnostic for a condition that Common Lisp signals, given its report on one line; nil if there is nothing better to say."
  (flet ((says (text) (search text report)))
    (cond ((and (typep condition 'type-error) (type-error-expected-type condition)) (wrong-type condition report))
          ((or (says "Wrong number of arguments passed to") (says "arguments passed to function") (says "Too few arguments"))
           (wrong-arguments (or (name-of-macro (word-after "destructuring-bind form: (" report)) (subject-of condition) (called-name))))
          ((says "arguments supplied to a macro")
           (wrong-arguments (name-of-macro (word-after "destructuring-bind form: (" report))))
          ((eql (says "Unknown keyword ") 0) (unknown-keyword (string-downcase (subseq report 16))))
          ((says "Odd number of keys")
           (make-diagnostic 705 (format nil "~:[a call~;~:*`~a`~] is given a keyword argument without a value" (called-name))
                            :expected (known-signature (called-name)) :remedy "write pairs: :name value"))
          ((says "FUNCTION: Not a valid argument")
           (make-diagnostic 701 "a form begins with what is no function" :expected "(name arguments…)"
                                                                        :remedy "quote a list that is data: '(1 2 3)"))
          ((says "in locked package")
           (let ((name (or (word-after "redefine function " report) (word-after "redefine " report) (called-name))))
             (make-diagnostic 701 (format nil "~:[the name~;~:*`~a`~] belongs to Common Lisp" name) :remedy "choose another name")))
          ((and (eql (says "In form (EXT:LAMBDA-BLOCK") 0) (says " LAMBDA: "))
           (make-diagnostic 701 (subseq report (+ (says " LAMBDA: ") 9)) :expected "(defun name (parameters…) body…)"
                                                                         :remedy "look at the name and the list of parameters")))))
