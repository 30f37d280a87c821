;;;; Every public name means something and says what.

(deftest public-names-are-defined-and-documented
  (let ((undefined '()) (undocumented '()))
    (do-external-symbols (symbol :caten)
      (let ((function (and (fboundp symbol) (not (eq (symbol-package symbol) (find-package :cl)))))
            (variable (boundp symbol))
            (type (find-class symbol nil)))
        (unless (or function variable type (member symbol '(next -> ~)))
          (push symbol undefined))
        (when (and (or function variable type)
                   (not (documentation symbol 'function)) (not (documentation symbol 'variable)) (not (documentation symbol 'type)))
          (push symbol undocumented))))
    (check (equal '() (sort undefined #'string<)))
    (check (equal '() (sort undocumented #'string<)))))

(deftest functions-that-code-calls-are-defined
  ;; ECL compiles calls of undefined functions without a word.
  (let ((undefined '()))
    (dolist (package (list-all-packages))
      (when (and (> (length (package-name package)) 5) (string= "CATEN/" (package-name package) :end2 6))
        (do-external-symbols (symbol package)
          (unless (or (fboundp symbol) (boundp symbol) (find-class symbol nil) (string= (symbol-name symbol) "USE-POISON"))
            (push symbol undefined)))))
    (check (equal '() undefined))))
