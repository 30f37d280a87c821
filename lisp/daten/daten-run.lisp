;;;; A training run: what a text or define-run says, checked and evaluated.

(in-package :daten)

(defstruct (run (:constructor make-run (name path text sections &optional given)) (:copier nil) (:predicate nil))
  name         ; of its files, without an extension
  path text    ; of a text; or nil
  sections
  given        ; ((name . tensor) …): values of variables that are not of the text
  names        ; of the data, in order
  data         ; a tensor for each, with an example in each row
  modules      ; a function that makes the modules, a list
  results)     ; a function of modules and a batch: loss or nil, output or nil, the list of metrics, the list of what infer: computes

(defun entries (run section)
  "The entries of a section."
  (rest (assoc section (run-sections run) :test #'string=)))

(defun bindings (entries)
  "The named entries as bindings of let*; E1105 for others."
  (dolist (entry entries) (unless (entry-name entry) (fail 1105 "an entry without a name" :expected "NAME = form" :place (entry-place entry) :remedy "name it")))
  (loop for entry in entries collect (list (entry-name entry) (entry-form entry))))

(defun placed-bindings (entries)
  "The same, where what a form calls comes from the entry's place unless it knows better."
  (loop for entry in entries for (name form) in (bindings entries) collect (list name `(at ,(entry-place entry) ,form))))

(defun needed (run section)
  "The entries of a section that has to be there."
  (or (entries run section)
      (fail 1105 (format nil "the text has no section `~a`" section) :expected (format nil "~a:" section) :remedy "add it; docs/training.md has an example")))

(defun only-form (run section default)
  "The form of a section with a single entry."
  (let ((entries (entries run section)))
    (when (rest entries)
      (fail 1105 (format nil "the section `~a` has several entries" section) :expected "one form" :place (entry-place (second entries)) :remedy "leave one"))
    (if entries (entry-form (first entries)) default)))

;;; What is missing is told all at once

(defun call-with-all-problems (function)
  "Calls the function; what fails in it meanwhile is signalled at its end, together."
  (let* ((found '()) (value (let ((caten/diagnostic:*collector* (lambda (d) (push d found)))) (funcall function))))
    (if found (error 'caten:caten-error :diagnostics (nreverse found)) value)))

(defmacro with-all-problems (&body body)
  "Evaluates the body, and signals all that failed in it.
→ (call-with-all-problems (lambda () body…))."
  `(call-with-all-problems (lambda () ,@body)))

(defun plugin-function-p (name)
  "True of a name that a plugin has made a function."
  (and (fboundp name) (not (macro-function name)) (not (special-operator-p name))))

(defun module-form (entry)
  "What makes the module of an entry: its form, or the function of its name that a plugin defines."
  (let ((name (entry-name entry)))
    (if (eq (entry-form entry) :given) `(function ,name) (entry-form entry))))

(defun check-functions (run)
  "E0111 for each function that has no body."
  (dolist (entry (entries run "modules"))
    (when (and (eq (entry-form entry) :given) (not (plugin-function-p (entry-name entry))))
      (fail 111 (format nil "the function `~a` has no body" (spelled run (entry-name entry))) :place (entry-place entry)
                :expected "= form behind its signature, or a function of a plugin" :remedy "define it, or load a plugin with --plugin FILE.lisp"))))

(defun tensor-entries (run)
  "The entries of parameters: that are tensors of their own, and no modules."
  (remove-if (lambda (entry)
               (and (eq (entry-form entry) :grad) (find (entry-name entry) (entries run "modules") :key #'entry-name)))
             (entries run "parameters")))

(defun spelled (run name)
  "The name as the text writes it."
  (if (run-text run) (written-name name (run-text run)) (string-downcase name)))

(defun tensor-form (run entry)
  "The first value of a tensor of parameters: what was given for it, or its form."
  (let ((given (assoc (entry-name entry) (run-given run))))
    (if given `',(cdr given) (entry-form entry))))

(defun names-of (run &rest sections)
  "The names of the entries of these sections."
  (loop for section in sections append (remove nil (mapcar #'entry-name (entries run section)))))

(defparameter *infer-settings* '("BATCH-SIZE" "FILE") "Entries of infer: that are no values to compute.")

(defun inferred-entries (run)
  "The entries of infer: that say what is computed."
  (remove-if (lambda (entry) (and (entry-name entry) (member (symbol-name (entry-name entry)) *infer-settings* :test #'string=))) (entries run "infer")))

(defun open-variables (run)
  "The variables of main:, loss: and metrics: that no entry names, in order."
  (set-difference (free-variables (mapcar #'entry-form (append (entries run "main") (entries run "loss") (entries run "metrics") (inferred-entries run))))
                  (names-of run "setup" "data" "parameters" "main")))

(defun check-values (run)
  "E1105 and E0803 for each parameter and variable that has no value."
  (dolist (entry (tensor-entries run))
    (when (and (eq (entry-form entry) :grad) (not (assoc (entry-name entry) (run-given run))))
      (fail 1105 (format nil "the parameter `~a` has no value" (spelled run (entry-name entry))) :place (entry-place entry)
                 :expected "NAME{Grad} = form, --in NAME=FILE, or the name of a module" :remedy "give it a first value, for example (randn 4 4)")))
  (dolist (name (reverse (open-variables run)))
    (unless (assoc name (run-given run))
      (fail 803 (format nil "the variable `~a` has no value" (spelled run name)) :place (entry-place (first (entries run "main")))
                :expected "an entry of data: or setup:, or a file" :remedy (format nil "--in ~a=FILE.npy, or an entry" (spelled run name))))))

(defun check-complete (run &rest sections)
  "Signals all that keeps the run from being made."
  (with-all-problems
    (dolist (section sections) (needed run section))
    (check-functions run)
    (check-values run)))

(defun evaluated (entry-place form)
  "The value of a form of the text, at its place."
  (let ((caten/diagnostic:*place* entry-place))
    (eval (caten/body:mark-places form))))

(defun folder-of (path)
  "The folder in which the forms of a file look for files; nil for a text that is in none."
  (and path (make-pathname :name nil :type nil :defaults (caten/evaluate::file-pathname (namestring (truename path))))))

(defun make-parts (run)
  "Evaluates what a run is made of: the values of data:, a function that makes the modules, and a function of modules and a batch that
computes loss, output and metrics."
  (let* ((modules (entries run "modules")) (tensors (tensor-entries run)) (functions (mapcar #'entry-name modules)) (variables (mapcar #'entry-name tensors))
         (data (bindings (entries run "data"))) (data-names (mapcar #'first data))
         (main (placed-bindings (entries run "main"))) (metrics (bindings (entries run "metrics")))
         (inferred (placed-bindings (inferred-entries run)))
         (output (if (assoc (symbol-of "output") main) (symbol-of "output") nil)) (loss (only-form run "loss" nil))
         (given (loop for (name . tensor) in (run-given run) unless (member name variables) collect (list name `',tensor))))
    (evaluated (entry-place (first (entries run "main")))
               `(let* (,@given ,@(bindings (entries run "setup")) ,@data)
                  (declare (ignorable ,@(mapcar #'first given)))
                  (list (list ,@data-names)
                        (lambda ()
                          (let* (,@(loop for entry in modules collect (list (entry-name entry) (module-form entry)))
                                 ,@(loop for entry in tensors collect (list (entry-name entry) `(nn:parameter ,(tensor-form run entry)))))
                            (list ,@functions ,@variables)))
                        (lambda (modules batch)
                          (declare (ignorable modules))
                          (destructuring-bind ,data-names batch
                            (declare (ignorable ,@data-names))
                            (flet ,(loop for entry in modules for k from 0
                                         collect `(,(entry-name entry) (&rest arguments) (call-module (nth ,k modules) ',(entry-name entry) ',(entry-signature entry) arguments)))
                              (declare (ignorable ,@(loop for name in functions collect `(function ,name))))
                              (let* (,@(loop for name in variables for k from (length functions) collect `(,name (nn::owned-tensor (nth ,k modules))))
                                     ,@main (loss ,loss))
                                (declare (ignorable loss ,@variables))
                                (list loss ,output (list ,@(mapcar #'second metrics))
                                      (let* ,inferred (list ,@(mapcar #'first inferred)))))))))))))

(defvar *signatures* nil "True while arguments and results of functions are checked: in training data decides types, in a program without data signatures do.")

(defun call-module (module name signature arguments)
  "What a module or function of the text does with arguments."
  (if *signatures*
      (caten/composite:call-composite (composite-of module name signature) arguments)
      (apply module arguments)))

(defun composite-of (function name signature)
  "The function as a composite, whose arguments and results are matched with the signature."
  (caten/composite:composite-around
   name signature
   (lambda (value-of)
     (apply function
            (append (loop for input in (signature-inputs signature)
                          for value = (funcall value-of (parameter-name input))
                          append (if (eq (parameter-mode input) :rest) value (list value)))
                    (loop for (key) in (signature-keys signature)
                          append (list (intern (symbol-name key) :keyword) (funcall value-of key))))))))

(defun given-tensors (inputs)
  "((name . tensor) …) of files \"name=file\", as --in has them."
  (loop for text in inputs
        for equal = (position #\= text)
        unless equal do (fail 902 (format nil "--in ~a names no file" text) :expected "NAME=FILE" :found text :remedy "for example --in A=a.npy")
        collect (cons (symbol-of (subseq text 0 equal)) (load-value (subseq text 0 equal) (subseq text (1+ equal))))))

(defun load-value (name path)
  "The tensor of a file, or that of this name in an archive."
  (flet ((ends (extension) (let ((start (- (length path) (length extension)))) (and (plusp start) (string-equal extension path :start2 start)))))
    (cond ((ends ".safetensors") (caten:load-safetensors path name))
          ((ends ".npz") (caten:load-npz path name))
          ((or (ends ".csv") (ends ".csv.gz")) (caten:load-csv path))
          (t (caten:load-npy path)))))

(defun check-given (run)
  "E0103 for a value given for what is no parameter and no variable."
  (let ((names (append (mapcar #'entry-name (tensor-entries run)) (open-variables run))))
    (loop for (name) in (run-given run)
          do (unless (member name names)
               (fail 103 (format nil "the text has no variable `~(~a~)` to give a value" name) :found (string-downcase name)
                         :expected (if names (format nil "one of ~{~(~a~)~^ ~}" names) "no --in")
                         :remedy (or (suggest (symbol-name name) (mapcar #'symbol-name names)) "leave it out"))))))

(defun text-run (path source text inputs)
  "The run that a text describes. `path`: its file, or nil; `inputs`: values of variables, as \"A=a.npy\"."
  (make-run (if path (subseq path 0 (position #\. path :from-end t)) "daten") path text (read-run source text) (given-tensors inputs)))

(defun prepare (run &rest sections)
  "Evaluates setup and data of a run, which needs these sections and some more."
  (apply #'check-complete run "modules" "main" "data" sections)
  (check-given run)
  (let ((*default-pathname-defaults* (or (folder-of (run-path run)) *default-pathname-defaults*)))
    (destructuring-bind (values make results) (make-parts run)
      (dolist (value values)
        (unless (and (caten:tensorp value) (caten:shape value))
          (fail 1103 "an entry of data: is no tensor with rows" :expected "tensors with an example in each row" :found (format nil "~(~s~)" value)
                :remedy "put what is no example into setup:")))
      (setf (run-names run) (names-of run "data") (run-data run) (mapcar (lambda (x) (first (multiple-value-list (caten:! x)))) values)
            (run-modules run) make (run-results run) results)))
  run)
