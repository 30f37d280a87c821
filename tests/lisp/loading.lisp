;;;; Files of Lisp: load names places in the file, and the file knows its path.

(deftest loading-a-file
  (let* ((folder (caten/testing::make-folder)) (path (concatenate 'string folder "/plugin.lisp")))
    (unwind-protect
         (progn
           (with-open-file (stream path :direction :output)
             (write-string "(defvar *loaded-from* (pathname-name *load-truename*))
(defcomposite doubled-by-plugin ((X{T}[N]) -> (Y{T}[N])) \"2 X.\" (* 2 X))
(car 5)" stream))
           (check-error 701 (load path))
           (check (equal "plugin" (symbol-value (find-symbol "*LOADED-FROM*" :caten-user))))
           (check (near (funcall (find-symbol "DOUBLED-BY-PLUGIN" :caten-user) (tensor '(1 2))) '(2 4)))
           (let ((diagnostic (handler-case (load path) (caten-error (e) (first (caten-error-diagnostics e))))))
             (check (search "`car`" (caten/diagnostic:diagnostic-message diagnostic)))
             (check (integerp (caten/diagnostic:diagnostic-source diagnostic)))))
      (ignore-errors (delete-file path))
      (si::rmdir (concatenate 'string folder "/"))))
  (check-error 501 (load "/nowhere/plugin.lisp")))
