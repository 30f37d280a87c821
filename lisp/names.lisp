;;;; How functions, macros and composites are called: the symbol that a text names, and its signature on one line.

(defpackage :caten/names
  (:use :cl)
  (:import-from :caten/composite #:find-composite #:composite-text #:composite-signature)
  (:import-from :caten/signature #:signature-keys)
  (:export #:designated #:parameters #:signature-line #:keyword-names))

(in-package :caten/names)

(defun designated (name)
  "The symbol of caten-user, or of a package named before a colon, that a text names; nil if there is none."
  (let* ((name (string-upcase (string-left-trim "'" (string-trim " " name))))
         (colon (position #\: name)))
    (if (and colon (plusp colon))
        (let ((package (find-package (subseq name 0 colon))))
          (and package (find-symbol (string-left-trim ":" (subseq name colon)) package)))
        (find-symbol name :caten-user))))

(defun parameters (symbol)
  "The lambda list of a function or macro, without &whole and &environment, or nil."
  (let* ((list (and (fboundp symbol) (ignore-errors (ext:function-lambda-list symbol))))
         (list (if (eq (first list) '&whole) (cddr list) list))
         (place (member '&environment list)))
    (if place (append (ldiff list place) (cddr place)) list)))

(defun bare (object)
  "The object with symbols that print without packages."
  (cond ((consp object) (cons (bare (car object)) (bare (cdr object))))
        ((and (symbolp object) object (not (keywordp object))) (make-symbol (symbol-name object)))
        (t object)))

(defun signature-line (name)
  "How what has this name is called, on one line, or \"\": (signature-line \"cast\") is \"(cast x dtype)\"."
  (let* ((symbol (if (symbolp name) name (designated name)))
         (composite (and symbol (find-composite symbol))))
    (cond (composite (composite-text composite))
          ((and symbol (parameters symbol))
           (let ((*print-gensym* nil) (*print-length* 12) (*print-pretty* nil))
             (string-downcase (prin1-to-string (bare (cons symbol (parameters symbol)))))))
          (t ""))))

(defun keyword-names (name)
  "The keyword arguments of a composite or function, with their colons: (keyword-names \"tensor\") is (\":dtype\")."
  (let* ((symbol (if (symbolp name) name (designated name))) (composite (and symbol (find-composite symbol))))
    (mapcar (lambda (key) (format nil ":~(~a~)" key))
            (cond (composite (mapcar #'first (signature-keys (composite-signature composite))))
                  (symbol (loop for item in (rest (member '&key (parameters symbol)))
                                until (member item lambda-list-keywords)
                                for key = (if (consp item) (first item) item)
                                collect (if (consp key) (first key) key)))))))
