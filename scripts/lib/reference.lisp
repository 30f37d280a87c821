;;;; What scripts/reference knows from Lisp: each composite of the library and each other public name as a line of JSON, then the names of the
;;;; other public packages.

(defun json-string (text)
  "The text between double quotes, escaped."
  (with-output-to-string (out)
    (write-char #\" out)
    (cl:loop for character across text
             do (case character
                  ((#\" #\\) (format out "\\~c" character))
                  (t (if (cl:< (char-code character) 32)
                         (format out "\\u~4,'0x" (char-code character))
                         (write-char character out)))))
    (write-char #\" out)))

(defun json (object)
  "Strings, integers, nil and lists as JSON; a list that begins with a keyword is an object."
  (cond ((null object) "null")
        ((stringp object) (json-string object))
        ((integerp object) (format nil "~d" object))
        ((keywordp (first object))
         (format nil "{~{~a: ~a~^, ~}}"
                 (cl:loop for (key value) on object by #'cddr append (list (json-string (string-downcase key)) (json value)))))
        (t (format nil "[~{~a~^, ~}]" (mapcar #'json object)))))

(defun form-text (form)
  "The form as one writes it."
  (let ((*package* (find-package :caten)) (*print-case* :downcase) (*print-pretty* t) (*print-right-margin* 110)
        (*read-default-float-format* 'double-float))
    (prin1-to-string form)))

(defun words (form)
  "A lambda list as text, without packages."
  (typecase form
    (keyword (format nil ":~(~a~)" form))
    (symbol (string-downcase (symbol-name form)))
    (cons (if (cl:eq (first form) 'quote)
              (format nil "'~a" (words (second form)))
              (format nil "(~{~a~^ ~})" (mapcar #'words form))))
    (t (let ((*read-default-float-format* 'double-float)) (prin1-to-string form)))))

(defun results (form)
  "What the form returns, each value as printed."
  (let ((values (multiple-value-list (eval form))) (*package* (find-package :caten)) (*print-case* :downcase))
    (mapcar (lambda (value) (if (stringp value) value (prin1-to-string value))) values)))

(defun source-name (symbol)
  "A name as programs write it."
  (string-downcase (symbol-name symbol)))

(defun library-line (name)
  "A composite or a function that is documented as one; :place is that of a composite's signature. Nil for what is not caten's own."
  (multiple-value-bind (text documentation clauses) (caten/composite:library-entry name)
    (let* ((composite (caten/composite:find-composite name))
           (place (and composite (caten/composite:composite-place composite))))
      (when (or (not composite) (stringp place))
        (list :kind "composite" :name (source-name name) :place place :signature text :documentation documentation
              :ulp (let ((ulp (rest (assoc :ulp clauses)))) (and ulp (format nil "~a~@[ ~a~]" (form-text (first ulp)) (second ulp))))
              :examples (cl:loop for (kind . forms) in clauses
                                 when (cl:eq kind :example)
                                   append (cl:loop for form in forms collect (list (form-text form) (results form)))))))))

(defun name-line (symbol)
  "A public name that is no composite."
  (flet ((line (kind documentation &optional lambda-list)
           (list :kind kind :name (source-name symbol) :documentation documentation :lambda lambda-list)))
    (cond ((macro-function symbol) (line "macro" (documentation symbol 'function) (words (caten/names:parameters symbol))))
          ((fboundp symbol)
           (line "function" (documentation symbol 'function)
                 (let ((list (ext:function-lambda-list symbol))) (and list (words list)))))
          ((boundp symbol) (line "variable" (documentation symbol 'variable)))
          ((find-class symbol nil) (line "condition" (documentation symbol 'type)))
          (t (line "word" nil)))))

(let ((symbols '()) (library (caten/composite:library-names)))
  (do-external-symbols (symbol :caten) (push symbol symbols))
  (dolist (symbol (cl:sort symbols #'string<))
    (let ((line (if (member symbol library) (library-line symbol) (name-line symbol))))
      (when line (format t "~a~%" (json line))))))

(dolist (package '(:nn :optim))
  (let ((symbols '()))
    (do-external-symbols (symbol package) (push symbol symbols))
    (dolist (symbol (cl:sort symbols #'string<))
      (format t "~a~%" (json (list* :package (string-downcase package) (name-line symbol)))))))
