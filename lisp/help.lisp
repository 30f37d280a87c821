;;;; What the prompt knows about names: help texts, signatures, completions, descriptions of values, and timing.

(defpackage :caten/help
  (:use :cl)
  (:import-from :caten #:doc #:help #:tensorp)
  (:import-from :caten/primitive #:error-page #:clock-seconds)
  (:import-from :caten/composite #:find-composite #:composite-text #:composite-documentation #:composite-clauses #:composite-place)
  (:import-from :caten/names #:designated #:signature-line #:keyword-names)
  (:import-from :caten/promotion #:*dtype-table*)
  (:import-from :caten/tensor #:tensor-dtype #:tensor-shape #:describe-type)
  (:import-from :caten/program #:compute-tensors)
  (:import-from :caten/diagnostic #:suggest)
  (:import-from :caten/evaluate #:visible-names #:print-value)
  (:export #:help-text #:completions))

(in-package :caten/help)

(defparameter *overview* "  (+ 1 2)                    evaluate a form; an input may have several lines
  (! (matmul a b))           compute a tensor; printing one computes it too
  ?softmax  ?E0202           what a name or the code of an error means; also (doc softmax)
  ?soft                      names that contain a word
  (describe x)               dtype, shape and statistics of a tensor
  (time (matmul a b))        how long computing takes
  ,ir ,graph ,schedule ,kernel FORM    what a composite or a tensor becomes
  * ** ***   + ++ +++        the last values and forms
  Tab completes names, keyword arguments and, in strings, file names. Ctrl-C stops what is running, Ctrl-D leaves.
  After an error choose a number; other forms may be evaluated first." "What `?` alone prints.")

;;; Names

(defun visible-name-p (symbol)
  "True of a symbol that means something."
  (or (fboundp symbol) (boundp symbol)))

(defun names-containing (text)
  "Visible names that contain the text."
  (remove-if-not (lambda (name) (search (string-downcase text) name)) (visible-names #'visible-name-p)))

;;; Help

(defun code-p (text)
  "True of the code of an error: (code-p \"E0202\")."
  (and (= (length text) 5) (char-equal (char text 0) #\E) (every #'digit-char-p (subseq text 1))))

(defun write-composite-help (composite stream)
  "Signature, documentation, examples and place of a composite."
  (format stream "~a~%~@[  ~a~%~]" (composite-text composite) (composite-documentation composite))
  (loop for (kind . forms) in (composite-clauses composite)
        when (eq kind :example)
          do (format stream "  example: ~a~%" (print-value (first forms))))
  (when (stringp (composite-place composite))
    (format stream "  defined in ~a~%" (composite-place composite))))

(defun write-symbol-help (symbol stream)
  "What a function, macro, variable or type of this name is."
  (let ((composite (find-composite symbol)))
    (cond (composite (write-composite-help composite stream))
          ((fboundp symbol)
           (format stream "~a  (~a)~%" (signature-line symbol)
                   (cond ((special-operator-p symbol) "special operator")
                         ((macro-function symbol) "macro")
                         (t "function")))
           (format stream "~@[  ~a~%~]" (documentation symbol 'function))))
    (when (and (boundp symbol) (not (eq (symbol-value symbol) symbol)))
      (format stream "~(~a~) = ~a~%~@[  ~a~%~]" symbol
              (let ((*print-length* 10) (*print-level* 3)) (print-value (symbol-value symbol)))
              (documentation symbol 'variable)))
    (let ((type (documentation symbol 'type)))
      (when type (format stream "~(~a~)  (type)~%  ~a~%" symbol type)))))

(defun help-text (text)
  "What `?text` prints: (help-text \"softmax\"), (help-text \"E0202\"), (help-text \"\")."
  (let* ((text (string-trim " ()'" text)) (symbol (designated text)))
    (with-output-to-string (stream)
      (cond ((string= text "") (format stream "~a~%" *overview*))
            ((code-p text) (write-string (error-page (string-upcase text)) stream))
            ((and symbol (visible-name-p symbol)) (write-symbol-help symbol stream))
            (t (let ((names (names-containing text)))
                 (if names
                     (format stream "names that contain `~a`:~{ ~a~}~@[ … (~d more)~]~%" text
                             (subseq names 0 (min 40 (length names))) (and (> (length names) 40) (- (length names) 40)))
                     (format stream "nothing is named `~a`~@[; ~a~]~%" text (suggest text (visible-names #'visible-name-p))))))))))

(defun help (&optional (name ""))
  "Prints what a name, or the code of an error, means: (help 'softmax), (help \"E0202\"), (help)."
  (write-string (help-text (string name)))
  (values))

(defmacro doc (&optional (name ""))
  "Prints what a name means, as ?name does: (doc softmax) → (help 'softmax)."
  `(help ',(if (and (consp name) (eq (first name) 'quote)) (second name) name)))

;;; Values

(defun statistics (tensor)
  "((\"minimum\" . 0.5) …) of the elements of a real tensor that has some."
  (when (and (plusp (reduce #'* (tensor-shape tensor)))
             (not (member (tensor-dtype tensor) '(:c64 :c128 :f8e4m3 :f8e5m2))))
    (flet ((of (name tensor) (caten:item (funcall (find-symbol name :caten) tensor))))
      (let ((x (if (eq (tensor-dtype tensor) :bool) (caten:cast tensor :i64) tensor)))
        (list (cons "minimum" (of "AMIN" x)) (cons "maximum" (of "AMAX" x))
              (cons "mean" (of "MEAN" (caten:cast x :f64))))))))

(defun caten:describe (object &optional (stream *standard-output*))
  "Prints what an object is: dtype, shape, bytes and statistics of a tensor, help for a name: (describe (ones 2 3))."
  (cond ((tensorp object)
         (compute-tensors (list object))
         (let ((count (reduce #'* (tensor-shape object))))
           (format stream "tensor ~a: ~d element~:p~%" (describe-type object) count)
           (loop for (name . value) in (statistics object)
                 do (format stream "  ~8a ~a~%" name (print-value value)))))
        ((and (symbolp object) object (visible-name-p object)) (write-symbol-help object stream))
        (t (cl:describe object stream)))
  (values))

(defun seconds-text (seconds)
  "A duration in a fitting unit: (seconds-text 0.0123) is \"12.3 ms\"."
  (cond ((< seconds 1d-3) (format nil "~,1f µs" (* 1d6 seconds)))
        ((< seconds 1) (format nil "~,1f ms" (* 1d3 seconds)))
        (t (format nil "~,2f s" seconds))))

(defun call-timed (function)
  "The values of the function, tensors among them computed, after printing how long that took."
  (let* ((start (clock-seconds))
         (values (multiple-value-list (funcall function))))
    (compute-tensors (remove-if-not #'tensorp values))
    (format *trace-output* "took ~a~%"
            (seconds-text (- (clock-seconds) start)))
    (finish-output *trace-output*)
    (values-list values)))

(defmacro caten:time (form)
  "Prints how long evaluating the form and computing its tensors takes: (time (matmul a b)) → (call-timed (lambda () (matmul a b)))."
  `(call-timed (lambda () ,form)))

;;; Completion

(defun starting-with (word names)
  "The names that start with the word, sorted."
  (let ((length (length word)))
    (sort (remove-duplicates
           (remove-if-not (lambda (name) (and (>= (length name) length) (string-equal word name :end2 length))) names)
           :test #'string=)
          #'string<)))

(defun dtype-names ()
  "All dtypes, with their colons."
  (mapcar (lambda (row) (format nil ":~(~a~)" (first row))) *dtype-table*))

(defun completions (word head operator previous)
  "What the word may become, as multiple values: `head` is the first word of the form it stands in, `operator` is \"t\" if it stands
there itself, `previous` the word before: (completions \"soft\" \"soft\" \"t\" \"\")."
  (values-list
   (cond ((string= operator "t") (starting-with word (visible-names #'fboundp)))
         ((string-equal previous ":dtype") (starting-with word (dtype-names)))
         ((and (plusp (length word)) (char= (char word 0) #\:))
          (starting-with word (append (keyword-names head) (dtype-names))))
         ((string= word "") (starting-with "" (keyword-names head)))
         ((char= (char word 0) #\?)
          (mapcar (lambda (name) (format nil "?~a" name)) (starting-with (subseq word 1) (visible-names #'visible-name-p))))
         (t (starting-with word (visible-names #'visible-name-p))))))
