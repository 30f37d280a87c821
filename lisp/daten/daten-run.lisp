;;;; What daten's commands do with the text of a training run.

(in-package :daten)

(defstruct (run (:constructor make-run (path sections)) (:copier nil) (:predicate nil))
  path sections
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

(defun module-form (entry)
  "What makes the module of an entry: its form, or the function of its name that a plugin defines."
  (let ((name (entry-name entry)))
    (cond ((not (eq (entry-form entry) :given)) (entry-form entry))
          ((and (fboundp name) (not (macro-function name))) `(function ,name))
          (t (fail 111 (format nil "the function `~(~a~)` has no body" name) :place (entry-place entry)
                   :expected "= form behind its signature, or a function of a plugin" :remedy "define it, or load a plugin with --plugin FILE.lisp")))))

(defun tensor-entries (run)
  "The entries of parameters: that are tensors of their own; E1105 for one that is neither this nor a module."
  (loop for entry in (entries run "parameters")
        do (when (and (eq (entry-form entry) :grad) (not (find (entry-name entry) (entries run "modules") :key #'entry-name)))
             (fail 1105 (format nil "the parameter `~(~a~)` has no value" (entry-name entry)) :place (entry-place entry)
                        :expected "NAME{Grad} = form, or the name of a module" :remedy "give it a first value, for example (randn 4 4)"))
        unless (eq (entry-form entry) :grad) collect entry))

(defun evaluated (entry-place form)
  "The value of a form of the text, at its place."
  (let ((caten/diagnostic:*place* entry-place))
    (eval (caten/body:mark-places form))))

(defun prepare (path)
  "Reads a file and evaluates its setup and data."
  (destructuring-bind (source . text) (checked (add-source path))
    (let* ((run (make-run path (read-run source text)))
           (modules (needed run "modules")) (tensors (tensor-entries run)) (functions (mapcar #'entry-name modules)) (variables (mapcar #'entry-name tensors))
           (data (bindings (needed run "data"))) (data-names (mapcar #'first data))
           (main (bindings (needed run "main"))) (metrics (bindings (entries run "metrics")))
           (output (if (assoc (symbol-of "output") main) (symbol-of "output") nil)) (loss (only-form run "loss" nil)))
      (let ((*default-pathname-defaults* (make-pathname :name nil :type nil :defaults (caten/evaluate::file-pathname (namestring (truename path))))))
        (destructuring-bind (values make results)
            (evaluated (entry-place (first modules))
                       `(let* (,@(bindings (entries run "setup")) ,@data)
                          (list (list ,@data-names)
                                (lambda ()
                                  (let* (,@(loop for entry in modules collect (list (entry-name entry) (module-form entry)))
                                         ,@(loop for entry in tensors collect (list (entry-name entry) `(nn:parameter ,(entry-form entry)))))
                                    (list ,@functions ,@variables)))
                                (lambda (modules batch)
                                  (destructuring-bind ,data-names batch
                                    (declare (ignorable ,@data-names))
                                    (flet ,(loop for name in functions for k from 0 collect `(,name (&rest arguments) (apply (nth ,k modules) arguments)))
                                      (declare (ignorable ,@(loop for name in functions collect `(function ,name))))
                                      (let* (,@(loop for name in variables for k from (length functions) collect `(,name (nn::owned-tensor (nth ,k modules))))
                                             ,@main (loss ,loss))
                                        (declare (ignorable loss ,@variables))
                                        (list loss ,output ,@(mapcar #'second metrics)))))))))
          (dolist (value values)
            (unless (and (caten:tensorp value) (caten:shape value))
              (fail 1103 "an entry of data: is no tensor with rows" :expected "tensors with an example in each row" :found (format nil "~(~s~)" value)
                    :remedy "put what is no example into setup:")))
          (setf (run-names run) data-names (run-data run) (mapcar (lambda (x) (first (multiple-value-list (caten:! x)))) values)
                (run-modules run) make (run-results run) results)))
      run)))

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

(defun made-modules (run seed)
  "The modules of a run as one, and as a list. What parameters: does not mark is kept as it is."
  (nn:manual-seed seed)
  (let* ((made (funcall (run-modules run))) (names (mapcar #'entry-name (append (entries run "modules") (tensor-entries run))))
         (marked (mapcar #'entry-name (entries run "parameters")))
         (whole (nn::make-module 'daten (loop for name in names for module in made collect (cons (nn::key-of name) module))
                                 (lambda (module &rest batch) (declare (ignore module)) (funcall (run-results run) made batch)))))
    (when marked
      (loop for name in names for module in made
            do (when (and (nn:module-p module) (not (member name marked)))
                 (loop for (nil . place) in (nn::owned-of module) do (setf (nn::owned-kind place) :buffer)))))
    whole))

(defun make-run-trainer (run whole settings batch)
  "The trainer of a run."
  (unless (entries run "loss") (needed run "loss"))
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
  (let ((dot (position #\. (run-path run) :from-end t)))
    (format nil "~a.safetensors" (subseq (run-path run) 0 dot))))

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
      (fail 501 "nothing was trained yet" :expected (format nil "the checkpoint ~a" path) :found "no such file" :remedy (format nil "daten train ~a" (run-path run))))
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

(defun command (name path &optional output)
  "What `daten NAME PATH OUTPUT` does: train, resume, eval, infer or export."
  (let* ((run (prepare path)) (settings (check-settings run (settings run))) (checkpoint (getf settings :checkpoint (default-checkpoint run))))
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
