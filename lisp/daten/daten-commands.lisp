;;;; What daten's commands do with a training run: train, evaluate, infer, quantise.

(in-package :daten)

(defun settings (run)
  "The entries of train: as a plist, evaluated; 200M is a number of bytes."
  (loop for (name form) in (bindings (entries run "train"))
        for key = (intern (symbol-name name) :keyword)
        append (list key (if (and (eq key :memory) form (symbolp form)) (symbol-name form) (evaluated nil form)))))

(defparameter *settings* '(:epochs :batch-size :seed :test :splits :classes :checkpoint :checkpoint-every :log :curve :shuffle)
  "What train: may say, besides what optim:make-trainer takes.")
(defparameter *trainer-settings* '(:groups :clip-norm :clip-value :accumulate :ema :precision :loss-scale :memory))

(defparameter *counts* '(:epochs :batch-size :seed :splits :classes :checkpoint-every) "Settings that are whole numbers.")

(defun setting-place (run key)
  "Where train: says a setting."
  (entry-place (find (symbol-name key) (entries run "train") :key (lambda (e) (symbol-name (entry-name e))) :test #'string=)))

(defun check-settings (run settings)
  "E1105 for a setting that does not exist, or that has another value than it takes."
  (let ((names (mapcar (lambda (key) (string-downcase (symbol-name key))) (append *settings* *trainer-settings*))))
    (loop for (key value) on settings by #'cddr
          for name = (string-downcase (symbol-name key))
          do (unless (member name names :test #'string=)
               (fail 1105 (format nil "train: has no setting `~a`" name) :expected (format nil "~{~a~^, ~}" names) :found name :place (setting-place run key)
                                                                       :remedy (or (suggest name names) "remove it")))
             (when (and (member key *counts*) (not (typep value '(integer 0))))
               (fail 1105 (format nil "train: does not take this ~a" name) :expected "a whole number of 0 or more" :found (format nil "~(~s~)" value)
                                                                          :place (setting-place run key) :remedy "correct it"))
             (when (and (eq key :test) (not (and (realp value) (< 0 value 1))))
               (fail 1105 "train: does not take this share for tests" :expected "a number between 0 and 1, as 1/5" :found (format nil "~(~s~)" value)
                                                                       :place (setting-place run key) :remedy "correct it"))))
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
         (lambda (module &rest batch) (destructuring-bind (loss output metrics inferred) (apply module batch)
                                          (declare (ignore output inferred))
                                          (values-list (cons loss metrics))))
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

(defun checkpoint-of (run settings)
  "Where what is trained is kept."
  (getf settings :checkpoint (format nil "~a.safetensors" (run-name run))))

(defun train-split (run settings seed checkpoint)
  "Trains with the rows that a seed leaves for it, and returns the modules and the rows that are tested."
  (multiple-value-bind (training tested) (split-rows run (getf settings :test) seed)
    (let* ((whole (made-modules run seed)) (size (getf settings :batch-size 32))
           (trainer (make-run-trainer run whole settings (loop for x in training collect (caten:slice-along x 0 0 (min size (first (caten:shape x))))))))
      (apply #'optim:train trainer training :seed seed :checkpoint checkpoint
             (chosen settings '(:epochs :batch-size :classes :checkpoint-every :log :curve :shuffle)))
      (values whole tested))))

(defun metrics-of (run whole batch)
  "((name . number) …): loss and metrics for a batch."
  (let ((found (apply whole batch)))
    (loop for name in (cons "loss" (loop for entry in (entries run "metrics") collect (string-downcase (symbol-name (entry-name entry)))))
          for value in (cons (first found) (third found))
          when value collect (cons name (caten:item value)))))

(defun show-metrics (label metrics)
  "A line of metrics."
  (format t "~a~{  ~a ~,4f~}~%" label (loop for (name . value) in metrics append (list name value))))

(defun trained-modules (run settings &optional weights)
  "The modules with the parameters of a file of weights, perhaps in few bits, or of the checkpoint."
  (let ((path (or weights (checkpoint-of run settings))) (whole (made-modules run (getf settings :seed 0))))
    (unless (probe-file path)
      (fail 501 (if weights "there is no such file of weights" "nothing was trained yet")
            :expected (format nil "~:[the checkpoint ~;~]~a" weights path) :found "no such file"
            :remedy (if weights "write it with daten quantize or daten export" (format nil "daten train ~:[…~;~:*~a~]" (run-path run)))))
    (let ((state (optim::read-checkpoint path)))
      (nn:quantize-module whole :format (loop for (key format) in (nn::quantized-entries state) collect (cons key (nn::weight-format-name format))))
      (nn:load-state-dict whole (remove-if-not (lambda (pair) (assoc (car pair) (nn:state-dict whole) :test #'string=)) state)))))

(defun tested-rows (run settings)
  "The data that metrics are computed for."
  (nth-value 1 (split-rows run (getf settings :test) (getf settings :seed 0))))

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

(defun train-run (run)
  "Trains a run from its checkpoint on: the modules, and ((name . number) …) of loss and metrics."
  (let ((settings (run-settings run)))
    (multiple-value-bind (whole tested) (train-split run settings (getf settings :seed 0) (checkpoint-of run settings))
      (values whole (metrics-of run whole tested)))))

;;; Inference

(defun inferred-names (run)
  "The names of what infer computes."
  (let ((entries (inferred-entries run)))
    (if entries (mapcar (lambda (entry) (string-downcase (entry-name entry))) entries) '("output"))))

(defun infer-settings (run)
  "The settings of infer: as a plist, evaluated; E1105 for values that they do not take."
  (loop for entry in (set-difference (entries run "infer") (inferred-entries run))
        for key = (intern (symbol-name (entry-name entry)) :keyword)
        for value = (evaluated (entry-place entry) (entry-form entry))
        do (unless (if (eq key :file) (stringp value) (typep value '(integer 1)))
             (fail 1105 (format nil "infer: does not take this ~(~a~)" key) :expected (if (eq key :file) "a name between quotes" "a number of rows above 0")
                   :found (format nil "~(~s~)" value) :place (entry-place entry) :remedy "correct it"))
        append (list key value)))

(defun infer-batch (run whole batch)
  "What infer computes for some rows: a tensor for each name."
  (destructuring-bind (loss output metrics inferred) (apply whole batch)
    (declare (ignore loss metrics))
    (multiple-value-list
     (apply #'caten:!
            (cond (inferred)
                  (output (list output))
                  (t (fail 1105 "main: does not say what the output is" :expected "output = form" :remedy "name it output")))))))

(defun joined (parts)
  "The rows of all parts; E1103 for what has none."
  (when (and (rest parts) (some (lambda (part) (null (caten:shape part))) parts))
    (fail 1103 "what infer: computes has no row for each example" :expected "a tensor with an example in each row" :found (caten/tensor:describe-type (first parts))
          :remedy "leave out batch-size"))
  (if (rest parts) (caten:! (apply #'caten::concat (append parts '(:axis 0)))) (first parts)))

(defun infer-run (run whole)
  "((name . tensor) …) of what infer computes for the rows of data:."
  (let* ((rows (first (caten:shape (first (run-data run))))) (size (getf (infer-settings run) :batch-size (max rows 1)))
         (parts (loop for from from 0 below (max rows 1) by size
                      collect (infer-batch run whole (loop for x in (run-data run) collect (caten:slice-along x 0 from (min rows (+ from size))))))))
    (loop for name in (inferred-names run)
          for k from 0
          collect (cons name (joined (mapcar (lambda (part) (nth k part)) parts))))))

(defun show-inferred (run found output)
  "Writes what infer computed to the file, or prints it."
  (let ((path (or output (getf (infer-settings run) :file))))
    (flet ((ends (extension) (and path (> (length path) (length extension)) (string-equal extension path :start2 (- (length path) (length extension))))))
      (cond ((null path) (loop for (name . tensor) in found do (format t "~:[~*~;~a = ~]~a~%" (rest found) name tensor)))
            ((ends ".safetensors") (apply #'caten:save-safetensors path (loop for (name . tensor) in found collect name collect tensor)))
            ((ends ".npz") (apply #'caten:save-npz path (loop for (name . tensor) in found collect name collect tensor)))
            ((rest found) (fail 902 (format nil "~d values for the one array of ~a" (length found) path) :expected "a file .npz or .safetensors" :found path
                                :remedy "name an archive"))
            ((ends ".csv") (caten:save-csv path (cdr (first found))))
            (t (caten:save-npy path (cdr (first found))))))))

;;; Weights in few bits

(defparameter *formats* '(("int8" . :int8) ("q8_0" . :q8-0) ("q4_0" . :q4-0)) "What --format may say.")

(defun format-of (name)
  "The format of this name; E0902 for another."
  (or (cdr (assoc name *formats* :test #'string=))
      (fail 902 "no such format of weights" :expected (format nil "--format ~{~a~^, ~}" (mapcar #'car *formats*)) :found (if (string= name "") "none" name)
            :remedy (or (suggest name (mapcar #'car *formats*)) "choose one"))))

(defun state-bytes (state)
  "The bytes that a state takes."
  (loop for (nil . tensor) in state sum (nn::bytes-of tensor)))

(defun show-sizes (name before after)
  "A table of the weights that changed, and of all bytes."
  (format t "~30a ~8@a ~12@a ~12@a  ~a~%" "weight" "format" "bytes" "before" "error")
  (loop for (key nil bytes now error) in (nn:compare-states before after)
        do (format t "~30a ~8@a ~12d ~12d  ~,4f~%" key name now bytes error))
  (format t "~30a ~8@a ~12d ~12d~%" "all" "" (state-bytes after) (state-bytes before)))

(defun quantize-run (run name output)
  "Puts the trained weights into a format, shows what that costs and saves, and writes them."
  (let* ((settings (run-settings run)) (format (format-of name)) (whole (trained-modules run settings)) (tested (tested-rows run settings))
         (state (nn:state-dict whole)) (before (metrics-of run whole tested)) (path (or output (format nil "~a-~a.safetensors" (run-name run) name))))
    (nn:quantize-module whole :format format)
    (unless (nn::quantized-entries (nn:state-dict whole))
      (fail 804 (format nil "no weight of the run fits ~a" name) :expected "weights of linear layers, convolutions or embeddings, whose rows are whole blocks of 32 elements"
            :found (format nil "~{~a~^, ~}" (mapcar #'car state)) :remedy "try --format int8"))
    (show-sizes name state (nn:state-dict whole))
    (show-metrics "trained  " before)
    (show-metrics "quantised" (metrics-of run whole tested))
    (nn:save-state whole path)
    (format t "wrote ~a~%" path)))

;;; The command line

(defun run-settings (run)
  "The checked settings of train:."
  (check-settings run (settings run)))

(defun evaluate-run (run weights)
  "Shows loss and metrics: of what was trained, of a file of weights, or of each split."
  (let ((settings (run-settings run)))
    (if (and (getf settings :splits) (null weights))
        (evaluate-splits run settings)
        (show-metrics "trained" (metrics-of run (trained-modules run settings weights) (tested-rows run settings))))))

(defun command (name path source text output format weights &rest inputs)
  "What `daten NAME PATH OUTPUT --format FORMAT --weights WEIGHTS --in INPUT…` does: train, resume, eval, infer, export or quantize. `source` is
the number of the text; what is \"\" is not there."
  (flet ((given (text) (if (string= text "") nil text))
         (is (&rest names) (member name names :test #'string=)))
    (let ((run (text-run (given path) (parse-integer source) text inputs)))
      (apply #'prepare run (if (is "train" "resume") '("loss") '()))
      (cond ((is "train" "resume")
             (when (and (is "resume") (not (probe-file (checkpoint-of run (run-settings run))))) (trained-modules run (run-settings run)))
             (show-metrics "trained" (nth-value 1 (train-run run))))
            ((is "eval") (evaluate-run run (given weights)))
            ((is "infer") (show-inferred run (infer-run run (trained-modules run (run-settings run) (given weights))) (given output)))
            ((is "quantize") (quantize-run run format (given output)))
            (t (nn:save-state (trained-modules run (run-settings run))
                              (or (given output) (fail 904 "export where?" :expected "daten export FILE.daten OUT.safetensors" :remedy "name a file")))))
      nil)))
