;;;; What daten's commands do with the text of a training run.

(in-package :daten)

(defstruct (run (:constructor make-run (path text sections &optional given)) (:copier nil) (:predicate nil))
  path text sections
  given        ; ((name . tensor) …): values of variables that are not of the text
  names        ; of the data, in order
  data         ; a tensor for each, with an example in each row
  modules      ; a function that makes the modules, a list
  results)     ; a function of modules and a batch: loss or nil, output or nil, then the metrics

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
  (written-name name (run-text run)))

(defun tensor-form (run entry)
  "The first value of a tensor of parameters: what was given for it, or its form."
  (let ((given (assoc (entry-name entry) (run-given run))))
    (if given `',(cdr given) (entry-form entry))))

(defun names-of (run &rest sections)
  "The names of the entries of these sections."
  (loop for section in sections append (remove nil (mapcar #'entry-name (entries run section)))))

(defun open-variables (run)
  "The variables of main:, loss: and metrics: that no entry names, in order."
  (set-difference (free-variables (mapcar #'entry-form (append (entries run "main") (entries run "loss") (entries run "metrics"))))
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
                                (list loss ,output ,@(mapcar #'second metrics)))))))))))

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

(defun prepare (path source text inputs &rest sections)
  "Reads a text, which needs these sections and some more, and evaluates its setup and data. `path`: its file, or nil."
  (let ((run (make-run path text (read-run source text) (given-tensors inputs))))
    (apply #'check-complete run "modules" "main" "data" sections)
    (check-given run)
    (let ((*default-pathname-defaults* (or (folder-of path) *default-pathname-defaults*)))
      (destructuring-bind (values make results) (make-parts run)
        (dolist (value values)
          (unless (and (caten:tensorp value) (caten:shape value))
            (fail 1103 "an entry of data: is no tensor with rows" :expected "tensors with an example in each row" :found (format nil "~(~s~)" value)
                  :remedy "put what is no example into setup:")))
        (setf (run-names run) (names-of run "data") (run-data run) (mapcar (lambda (x) (first (multiple-value-list (caten:! x)))) values)
              (run-modules run) make (run-results run) results)))
    run))

(defun settings (run)
  "The entries of train: as a plist, evaluated."
  (loop for (name form) in (bindings (entries run "train"))
        append (list (intern (symbol-name name) :keyword) (evaluated nil form))))

(defparameter *settings* '(:epochs :batch-size :seed :test :splits :classes :checkpoint :checkpoint-every :log :curve :shuffle)
  "What train: may say, besides what optim:make-trainer takes.")
(defparameter *trainer-settings* '(:groups :clip-norm :clip-value :accumulate :ema :precision :loss-scale))

(defun check-settings (run settings)
  "E1105 for a setting that does not exist."
  (loop for (key) on settings by #'cddr
        do (unless (member key (append *settings* *trainer-settings*))
             (let ((names (mapcar (lambda (k) (string-downcase (symbol-name k))) (append *settings* *trainer-settings*))))
               (fail 1105 (format nil "train: has no setting `~(~a~)`" key) :expected (format nil "~{~a~^, ~}" names) :found (format nil "~(~a~)" key)
                     :place (entry-place (find (symbol-name key) (entries run "train") :key (lambda (e) (symbol-name (entry-name e))) :test #'string=))
                     :remedy (or (suggest (string-downcase (symbol-name key)) names) "remove it")))))
  settings)

(defun chosen (settings keys)
  "The settings of these keys."
  (loop for (key value) on settings by #'cddr when (member key keys) append (list key value)))

(defun named-modules (run made)
  "((key . module) …) of the modules and tensors of a run."
  (loop for entry in (append (entries run "modules") (tensor-entries run))
        for module in made
        collect (cons (nn::key-of (entry-name entry)) module)))

(defun made-modules (run seed)
  "The modules of a run as one, and as a list. What parameters: does not mark is kept as it is."
  (nn:manual-seed seed)
  (let* ((made (funcall (run-modules run))) (names (mapcar #'entry-name (append (entries run "modules") (tensor-entries run))))
         (marked (mapcar #'entry-name (entries run "parameters")))
         (whole (nn::make-module 'daten (named-modules run made)
                                 (lambda (module &rest batch) (declare (ignore module)) (funcall (run-results run) made batch)))))
    (when marked
      (loop for name in names for module in made
            do (when (and (nn:module-p module) (not (member name marked)))
                 (loop for (nil . place) in (nn::owned-of module) do (setf (nn::owned-kind place) :buffer)))))
    whole))

(defun make-run-trainer (run whole settings batch)
  "The trainer of a run."
  (apply #'optim:make-trainer whole
         (lambda (module &rest batch) (values-list (let ((found (apply module batch))) (cons (first found) (cddr found)))))
         batch
         :optimizer (evaluated nil (only-form run "optimizer" '(optim:adamw)))
         :metrics (loop for entry in (entries run "metrics") collect (string-downcase (symbol-name (entry-name entry))))
         (chosen settings *trainer-settings*)))

(defun split-rows (run share seed)
  "The data of training and of tests: a share of the rows in an order that follows from the seed; all of them for both without a share."
  (if (null share)
      (values (run-data run) (run-data run))
      (let* ((count (first (caten:shape (first (run-data run))))) (tested (floor (* count share)))
             (order (optim::leaf-of (checked (row-order count seed 0)))))
        (flet ((part (from to) (loop for x in (run-data run) collect (caten:! (caten:take x 0 (caten:slice-along order 0 from to))))))
          (values (part tested count) (part 0 tested))))))

(defun default-checkpoint (run)
  "Where what is trained is kept unless the text says so."
  (let ((path (or (run-path run) "daten")))
    (format nil "~a.safetensors" (subseq path 0 (position #\. path :from-end t)))))

(defun train-split (run settings seed checkpoint)
  "Trains with the rows that a seed leaves for it, and returns the modules and the rows that are tested."
  (multiple-value-bind (training tested) (split-rows run (getf settings :test) seed)
    (let* ((whole (made-modules run seed)) (size (getf settings :batch-size 32))
           (trainer (make-run-trainer run whole settings (loop for x in training collect (caten:slice-along x 0 0 size)))))
      (apply #'optim:train trainer training :seed seed :checkpoint checkpoint
             (chosen settings '(:epochs :batch-size :classes :checkpoint-every :log :curve :shuffle)))
      (values whole tested))))

(defun metrics-of (run whole batch)
  "((name . number) …): loss and metrics for a batch."
  (let ((found (apply whole batch)))
    (loop for name in (cons "loss" (loop for entry in (entries run "metrics") collect (string-downcase (symbol-name (entry-name entry)))))
          for value in (cons (first found) (cddr found))
          when value collect (cons name (caten:item value)))))

(defun show-metrics (label metrics)
  "A line of metrics."
  (format t "~a~{  ~a ~,4f~}~%" label (loop for (name . value) in metrics append (list name value))))

(defun trained-modules (run settings)
  "The modules with the parameters of the checkpoint."
  (let ((path (getf settings :checkpoint (default-checkpoint run))) (whole (made-modules run (getf settings :seed 0))))
    (unless (probe-file path)
      (fail 501 "nothing was trained yet" :expected (format nil "the checkpoint ~a" path) :found "no such file" :remedy (format nil "daten train ~:[…~;~:*~a~]" (run-path run))))
    (nn:load-state-dict whole (remove-if-not (lambda (pair) (assoc (car pair) (nn:state-dict whole) :test #'string=)) (optim::read-checkpoint path)))))

(defun evaluate-splits (run settings)
  "Trains and tests each split, and prints the means."
  (let ((all (loop for k below (getf settings :splits)
                   for seed = (+ k (getf settings :seed 0))
                   collect (multiple-value-bind (whole tested) (train-split run settings seed nil)
                             (let ((found (metrics-of run whole tested)))
                               (show-metrics (format nil "split ~d" (1+ k)) found)
                               found)))))
    (show-metrics "mean   " (loop for (name) in (first all)
                                  collect (cons name (/ (loop for found in all sum (cdr (assoc name found :test #'string=))) (length all)))))))

(defun command (name path source text output &rest inputs)
  "What `daten NAME PATH OUTPUT --in INPUT…` does: train, resume, eval, infer or export. `source` is the number of the text, which is in
no file if `path` is \"\"; an output \"\" is none."
  (let* ((source (parse-integer source)) (output (if (string= output "") nil output))
         (run (apply #'prepare (if (string= path "") nil path) source text inputs (if (member name '("train" "resume") :test #'string=) '("loss") '())))
         (settings (check-settings run (settings run))) (checkpoint (getf settings :checkpoint (default-checkpoint run))))
    (cond ((member name '("train" "resume") :test #'string=)
           (when (and (string= name "resume") (not (probe-file checkpoint))) (trained-modules run settings))
           (multiple-value-bind (whole tested) (train-split run settings (getf settings :seed 0) checkpoint)
             (show-metrics "trained" (metrics-of run whole tested))))
          ((string= name "eval")
           (if (getf settings :splits)
               (evaluate-splits run settings)
               (show-metrics "trained" (metrics-of run (trained-modules run settings) (nth-value 1 (split-rows run (getf settings :test) (getf settings :seed 0)))))))
          ((string= name "infer")
           (let ((found (second (apply (trained-modules run settings) (run-data run)))))
             (unless found (fail 1105 "main: does not say what the output is" :expected "output = form" :remedy "name it output"))
             (if output (caten:save-npy output found) (format t "~a~%" found))))
          (t (nn:save-state (trained-modules run settings) (or output (fail 904 "export where?" :expected "daten export FILE.daten OUT.safetensors" :remedy "name a file")))))
    nil))
