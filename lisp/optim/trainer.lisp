;;;; The program of a training step: forwards, backwards and the update as one graph, traced and compiled once, run many times. Parameters,
;;;; statistics and what the optimizer keeps are its states, which it updates where they lie.

(in-package :optim)

(defstruct (trainer (:constructor %make-trainer (module stepper rows inputs metrics optimizer recomputed)) (:copier nil))
  module
  stepper    ; of C++: the compiled program and the states
  rows       ; of each state a `row`
  inputs     ; the leaves that the arguments of a step stand for
  metrics    ; names of the results of a step, the loss first
  optimizer
  recomputed)  ; how many blocks are computed again on the way back

(si::set-documentation 'trainer-p 'function "True of what optim:make-trainer returns.")
(si::set-documentation 'trainer-module 'function "The module that a trainer trains: (optim:trainer-module trainer).")

(defmethod print-object ((trainer trainer) stream)
  (format stream "#<trainer of ~a by ~a>" (trainer-module trainer) (trainer-optimizer trainer)))

;;; States

(defstruct (row (:constructor make-row (name leaf first &optional owned)) (:copier nil) (:predicate nil))
  name     ; its key in a checkpoint
  leaf     ; what stands for it in the program
  first    ; its value before the first step
  owned    ; what the module keeps it in, or nil
  next)    ; its value after a step

(defun new-row (name first &optional owned)
  "A state with its leaf."
  (make-row name (make-leaf :input (tensor-dtype first) (tensor-shape first) :name name) first owned))

(defun scalar (value dtype)
  "A scalar with a value."
  (tensor value :dtype dtype))

;;; Groups

(defun settings-of (optimizer key tensor groups)
  "The optimizer's settings for a parameter: those of the first group that it belongs to, then its own."
  (let ((group (find-if (lambda (group) (belongs-p key tensor (getf group :match))) groups)))
    (append (loop for (name value) on group by #'cddr unless (eq name :match) append (list name value)) (optimizer-settings optimizer))))

(defun belongs-p (key tensor match)
  "Whether a parameter belongs to a group: :vectors are biases and what norms have, a string is part of the key, a function gets key and tensor."
  (etypecase match
    ((eql :vectors) (cl:<= (length (tensor-shape tensor)) 1))
    (string (search match key))
    (function (funcall match key tensor))))

(defun check-groups (groups)
  "E0705 unless each group is a plist with :match, and of settings that groups may change."
  (dolist (group groups groups)
    (unless (and (listp group) (evenp (length group)) (typep (getf group :match) '(or (eql :vectors) string function))
                 (loop for (key) on group by #'cddr always (member key '(:match :lr :weight-decay))))
      (fail 705 "a group of parameters is not well formed" :expected "(:match :vectors, string or function, then :lr or :weight-decay)"
            :found (format nil "~(~s~)" group) :remedy "write for example (:match \"bias\" :weight-decay 0)"))))

;;; The program

(defun float-p (tensor)
  (eq (dtype-class (tensor-dtype tensor)) :float))

(defun narrowed (tensor precision)
  "The tensor in the precision of the step, if it is one of floats."
  (if (and precision (tensorp tensor) (float-p tensor)) (cast tensor precision) tensor))

(defun traced-loss (module owned rows loss inputs step precision)
  "What the loss function returns where the module's tensors are the rows' leaves, and the tensors that the module's buffers then have."
  (let ((before (mapcar #'nn::owned-tensor owned)) (*backwards* t))
    (unwind-protect
         (progn
           (loop for place in owned
                 for row in rows
                 do (setf (nn::owned-tensor place)
                          (if (eq (nn::owned-kind place) :parameter) (narrowed (row-leaf row) precision) (row-leaf row))))
           (values (nn:with-training (step)
                     (multiple-value-list (apply loss module (mapcar (lambda (x) (narrowed x precision)) inputs))))
                   (mapcar #'nn::owned-tensor owned)))
      (mapc (lambda (place tensor) (setf (nn::owned-tensor place) tensor)) owned before))))

(defun check-loss (results)
  "The loss and the metrics as scalars of f32; E0202 and E0203 unless they are numbers."
  (unless (and results (every #'tensorp results))
    (fail 705 "a loss function returns something else than tensors" :expected "a scalar, and further ones to report" :found (format nil "~(~s~)" results)
          :remedy "return the loss, then metrics with (values …)"))
  (loop for result in results
        do (unless (and (float-p result) (every (lambda (size) (eql size 1)) (tensor-shape result)))
             (fail 202 "a loss, or a metric, is no scalar of floats" :expected "f32[]" :found (describe-type result)
                   :remedy "average it, and cast it to :f32"))
        collect (caten:reshape (cast result :f32))))

(defun gradients (loss leaves names scale)
  "The loss times scale, differentiated by the leaves."
  (destructuring-bind (rows values found) (checked (differentiate nil (mapcar #'cons leaves names) (list loss) (list scale) *dims* 0 t))
    (let ((made (make-imported rows)))
      (values (aref made (first values)) (mapcar (lambda (position) (aref made position)) found)))))

(defun clipped (gradients norm value)
  "The gradients with their common norm, or their elements, limited."
  (let ((gradients (if value (mapcar (lambda (g) (clip g (cl:- value) value)) gradients) gradients)))
    (if (null norm)
        gradients
        (let* ((total (sqrt (reduce #'+ (mapcar (lambda (g) (sum (* g g))) gradients)))) (factor (min 1 (/ norm (+ total 1d-6)))))
          (mapcar (lambda (g) (* g factor)) gradients)))))

(defun all-finite (tensors)
  "A bool: whether all elements of all tensors are finite."
  (reduce #'logical-and (mapcar (lambda (x) (all (isfinite x))) tensors)))

(defun updates (optimizer parameters gradients slots step groups)
  "For each parameter its next value, then those of its slots."
  (loop for row in parameters
        for g in gradients
        for mine in slots
        for p = (row-leaf row)
        for settings = (settings-of optimizer (row-name row) p groups)
        for rate = (rate-at (getf settings :lr) (- step 1))
        collect (funcall (optimizer-update optimizer) p (cast g (tensor-dtype p)) (mapcar #'row-leaf mine) step (list* :lr rate settings))))

(defun slot-rows (optimizer parameters)
  "Of each parameter the rows of what the optimizer keeps."
  (loop for row in parameters
        collect (loop for (name . first) in (funcall (optimizer-slots optimizer) (row-first row))
                      collect (new-row (format nil "optimizer.~a.~a" (row-name row) name) first))))

;;; What a step changes

(defstruct (states (:constructor make-states (all parameters slots count scale good gathered turn means)) (:copier nil) (:predicate nil))
  all         ; rows of what the module owns, in order
  parameters  ; those of them that are trained
  slots       ; of each parameter the rows of what the optimizer keeps
  count       ; how often parameters have moved
  scale good  ; of the loss, and how many steps in a row were finite; or nil
  gathered turn  ; of each parameter the sum of gradients, and of how many; or nil
  means)      ; of each parameter its moving mean; or nil

(defun states-of (module optimizer accumulate ema loss-scale)
  "The states of a step; E0705 for a module without parameters."
  (let* ((all (loop for (key . place) in (nn::owned-of module) collect (new-row key (nn::owned-tensor place) place)))
         (parameters (remove :buffer all :key (lambda (row) (nn::owned-kind (row-owned row)))))
         (gathers (cl:< 1 accumulate)))
    (unless parameters
      (fail 705 "the module has no parameters to train" :found (princ-to-string module) :remedy "train a module with layers"))
    (flet ((each (prefix first) (loop for row in parameters collect (new-row (concatenate 'string prefix (row-name row)) (funcall first (row-first row)))))
           (counter (name) (new-row name (scalar 0 :i64))))
      (make-states all parameters (slot-rows optimizer parameters) (counter "training.updates")
                   (and loss-scale (new-row "training.loss_scale" (scalar 65536 :f32))) (and loss-scale (counter "training.good_steps"))
                   (and gathers (each "training.gradient." #'like)) (and gathers (counter "training.gathered"))
                   (and ema (each "ema." #'cl:identity))))))

(defun rows-of (states)
  "All rows, in the order of a checkpoint."
  (append (states-all states) (apply #'append (states-slots states)) (list (states-count states))
          (remove nil (list (states-scale states) (states-good states) (states-turn states))) (states-gathered states) (states-means states)))

(defun step-number (states accumulate)
  "How many steps were made, as far as it matters: what dropout leaves out follows from it."
  (let ((count (row-leaf (states-count states))) (turn (states-turn states)))
    (if turn (+ (* count accumulate) (row-leaf turn)) count)))

(defun give (row value condition)
  "Says what a row is after the step: the value where the condition holds, else as it was."
  (setf (row-next row) (if condition (where condition value (row-leaf row)) value)))

(defun move-parameters (states optimizer gradients groups moves ema)
  "Gives parameters, what the optimizer keeps and moving means their next values."
  (let ((new (updates optimizer (states-parameters states) gradients (states-slots states) (+ (cast (row-leaf (states-count states)) :f32) 1) groups)))
    (loop for row in (states-parameters states)
          for mine in (states-slots states)
          for (p . kept) in new
          do (give row p moves)
             (loop for slot in mine for value in kept do (give slot value moves)))
    (give (states-count states) (+ (row-leaf (states-count states)) 1) moves)
    (loop for row in (states-means states)
          for parameter in (states-parameters states)
          do (give row (mixed (row-leaf row) (row-next parameter) ema) moves))))

(defun move-counters (states sums fine full)
  "Gives the sums of gradients and the scale of the loss their next values."
  (loop for row in (states-gathered states) for sum in sums do (give row (where full 0 sum) fine))
  (when (states-turn states)
    (give (states-turn states) (where full 0 (+ (row-leaf (states-turn states)) 1)) fine))
  (when (states-scale states)
    (let ((scale (row-leaf (states-scale states))) (good (row-leaf (states-good states))))
      (give (states-scale states) (where fine (where (= (mod good 2000) 1999) (* scale 2) scale) (/ scale 2)) nil)
      (give (states-good states) (where fine (+ good 1) 0) nil))))

(defun trace-step (module loss inputs states optimizer &key groups clip-norm clip-value accumulate ema precision)
  "Traces a step: sets what each row is afterwards, and returns the loss and the metrics."
  (multiple-value-bind (results buffers)
      (traced-loss module (mapcar #'row-owned (states-all states)) (states-all states) loss inputs (step-number states accumulate) precision)
    (let* ((results (check-loss results)) (parameters (states-parameters states)) (scale (states-scale states))
           (seed (if scale (row-leaf scale) (const 1 :f32))))
      (multiple-value-bind (value found) (gradients (first results) (mapcar #'row-leaf parameters) (mapcar #'row-name parameters) seed)
        (let* ((found (if scale (mapcar (lambda (g) (/ g seed)) found) found))
               (fine (if scale (all-finite (cons value found)) (isfinite value)))
               (full (and (states-turn states) (= (+ (row-leaf (states-turn states)) 1) accumulate)))
               (sums (if full (mapcar (lambda (g row) (+ (row-leaf row) (/ g accumulate))) found (states-gathered states)) found)))
          (loop for row in (states-all states)
                for tensor in buffers
                do (unless (member row parameters) (give row (cast tensor (tensor-dtype (row-leaf row))) fine)))
          (move-parameters states optimizer (clipped sums clip-norm clip-value) groups (if full (logical-and fine full) fine) ema)
          (move-counters states sums fine full)
          (cons value (rest results)))))))

(defun update-list (rows)
  "((name leaf . next) …) of rows."
  (loop for row in rows collect (list* (row-name row) (row-leaf row) (row-next row))))

(defun named-results (results metrics)
  "((name . tensor) …) of the loss and what else is reported."
  (loop for result in results
        for k from 0
        collect (cons (cond ((zerop k) "loss") ((nth (1- k) metrics)) (t (format nil "metric~d" k))) result)))

(defun blocks-to-recompute (memory module trace inputs rows)
  "As many blocks of the module, from the first on, as have to be recomputed so that intermediate values fit into so many bytes; none without a number."
  (let ((blocks (and memory (blocks-of module))))
    (flet ((planned (count)
             (let ((results (funcall trace (subseq blocks 0 count))))
               (checked (planned-memory "step" inputs (update-list rows) (named-results results '()))))))
      (and memory (subseq blocks 0 (fewest-recomputed (bytes-of memory) (length blocks) #'planned))))))

(defun make-trainer (module loss examples &key (optimizer (adamw)) groups clip-norm clip-value (accumulate 1) ema precision (loss-scale (eq precision :f16))
                                            memory metrics)
  "What trains a module: (optim:make-trainer model (lambda (model x y) (cross-entropy (funcall model x) y)) (list x y) :optimizer (optim:sgd :lr 0.1)).
`loss` gets the module and tensors of the types of `examples`, and returns a scalar, then further ones to report (named by :metrics). One step is one
program: loss, gradients, update. :groups ((:match :vectors :weight-decay 0) …) change :lr and :weight-decay of parameters; :clip-norm and :clip-value limit
gradients; with :accumulate n each n-th step moves parameters by the mean of n gradients; :ema 0.999 keeps a moving mean of the parameters;
:precision :bf16 or :f16 computes forwards and backwards narrower, parameters stay f32, and gradients of f16 are scaled as far as they stay finite;
:memory \"200M\", or a number of bytes, is what intermediate values may take: of as many blocks as it needs (the longest list of modules in the module, from
the first on) they are computed again on the way back."
  (let* ((inputs (loop for x in examples for k from 0 collect (make-leaf :input (tensor-dtype x) (tensor-shape x) :name (format nil "input~d" k))))
         (states (states-of module optimizer accumulate ema loss-scale)) (rows (rows-of states)))
    (flet ((step-results (recomputed)
             (let ((nn::*recomputed* recomputed))
               (trace-step module loss inputs states optimizer :groups (check-groups groups) :clip-norm clip-norm :clip-value clip-value
                                                               :accumulate accumulate :ema ema :precision precision))))
      (let* ((recomputed (blocks-to-recompute memory module #'step-results inputs rows)) (results (named-results (step-results recomputed) metrics)))
        (compute-tensors (mapcar #'row-first rows))
        (let ((stepper (checked (make-stepper "step" inputs (update-list rows) results (mapcar (lambda (row) (tensor-value (row-first row))) rows)))))
          (dolist (row rows) (setf (row-next row) nil (row-first row) nil))
          (%make-trainer module stepper rows inputs (mapcar #'car results) optimizer (length recomputed)))))))

;;; Running it

(defun leaf-of (described)
  "A tensor of what C++ describes as (array dtype . shape)."
  (destructuring-bind (array dtype . shape) described (make-leaf :data dtype shape :value array)))

(defun arrays-of (tensors)
  "The computed arrays of tensors."
  (compute-tensors tensors)
  (mapcar #'tensor-value tensors))

(defun train-step (trainer &rest inputs)
  "One step with these inputs, which have the types of the trainer's examples: the loss, then what else the loss function returned, as tensors with
values: (optim:train-step trainer x y). The module gets its parameters by optim:synchronize."
  (values-list (mapcar #'leaf-of (checked (run-stepper (trainer-stepper trainer) (arrays-of inputs))))))

(defun step-program (trainer)
  "The IR text of a step, which `caten bench FILE.ir --profile` and `--emit=schedule` take: (optim:step-program trainer)."
  (checked (stepper-program (trainer-stepper trainer))))

(defun step-memory (trainer)
  "The bytes that the intermediate values of a step take, as planned, and how many blocks of the module are computed again on the way back (:memory of
optim:make-trainer): (optim:step-memory trainer)."
  (values (checked (stepper-memory (trainer-stepper trainer))) (trainer-recomputed trainer)))

(defun trainer-state (trainer)
  "((key . tensor) …) of all that a trainer changes: parameters, buffers, what the optimizer keeps, counters. With it and its batches a run goes on as if it
had not ended: (optim:trainer-state trainer)."
  (loop for row in (trainer-rows trainer)
        for described in (checked (stepper-states (trainer-stepper trainer)))
        collect (cons (row-name row) (leaf-of described))))

(defun load-trainer-state (trainer given)
  "Makes ((key . tensor) …), as optim:trainer-state gave it, the trainer's state, and its module's. E1101 names all that does not fit."
  (let* ((rows (trainer-rows trainer))
         (places (loop for row in rows collect (cons (row-name row) (nn::make-owned (row-leaf row) :parameter)))))
    (nn::check-state places given t)
    (checked (set-stepper-states (trainer-stepper trainer)
                                 (arrays-of (loop for row in rows
                                                  collect (cast (cdr (assoc (row-name row) given :test #'string=)) (tensor-dtype (row-leaf row)))))))
    (synchronize trainer)))

(defun synchronize (trainer &key ema)
  "Gives the module the parameters and buffers that the trainer has now, with :ema the moving means of parameters, and returns the module:
(optim:synchronize trainer)."
  (let ((state (trainer-state trainer)))
    (dolist (row (trainer-rows trainer) (trainer-module trainer))
      (when (row-owned row)
        (let ((mean (and ema (assoc (format nil "ema.~a" (row-name row)) state :test #'string=))))
          (setf (nn::owned-tensor (row-owned row)) (cdr (or mean (assoc (row-name row) state :test #'string=)))))))))

(defun give-examples (trainer examples batch-size &key (seed 0) (shuffle t))
  "Says what optim:run-steps-from trains with: tensors with an example in each row. Returns how many batches an epoch has; each epoch has an order of
its own, which follows from the seed: (optim:give-examples trainer (list x y) 64 :seed 7). E1103 for data that does not fit."
  (checked (set-batches (trainer-stepper trainer) (arrays-of examples) batch-size seed shuffle)))

(defun run-steps-from (trainer first count &key (seconds 1d9))
  "Runs `count` steps from step `first` on with the examples that were given, or as many as begin within so many seconds. A list of results of each step, as
numbers: (optim:run-steps-from trainer 0 100). E1102 where a loss is not finite: nothing has moved in that step."
  (checked (run-steps (trainer-stepper trainer) first count (float seconds 1d0))))
