;;;; A training run: epochs of shuffled batches, with progress, a log, a curve, and checkpoints from which it goes on bit by bit.

(in-package :optim)

;;; Examples

(defun check-examples (examples classes)
  "E1103 for floats that are not finite, and for labels (the integers of the last tensor) outside of 0 … classes - 1."
  (loop for x in examples
        for k from 0
        do (when (and (float-p x) (not (caten:item (all (isfinite x)))))
             (fail 1103 (format nil "example tensor ~d has values that are not finite" k) :expected "finite numbers"
                   :found (format nil "~a, first in row ~d" (describe-type x) (first-row x (lambda (v) (caten:logical-not (isfinite v)))))
                   :remedy "clean the data, for example with (where (isfinite x) x 0)")))
  (let ((labels (first (last examples))))
    (when (and classes (member (dtype-class (tensor-dtype labels)) '(:signed :unsigned :integer)))
      (flet ((outside (v) (caten:logical-or (< v 0) (>= v classes))))
        (when (caten:item (caten::any (outside labels)))
          (fail 1103 "a label is outside of the classes" :expected (format nil "0 to ~d" (cl:1- classes))
                :found (format nil "~a first in row ~d" (describe-type labels) (first-row labels #'outside))
                :remedy "count classes from 0, or give :classes their number")))))
  examples)

(defun first-row (x test)
  "The first row of a tensor with an element that the test holds for."
  (let ((rows (caten:reshape (test-of x test) (list (first (tensor-shape x)) -1))))
    (position t (caten:tensor->list (caten::any rows :axis 1)))))

(defun test-of (x test)
  "The test of each element, with at least two axes."
  (funcall test (if (rest (tensor-shape x)) x (caten:reshape x (list (first (tensor-shape x)) 1)))))

;;; Checkpoints

(defun run-key (examples batch-size seed shuffle)
  "What two runs have in common if one may go on where the other ended: numbers."
  (tensor (list seed batch-size (first (tensor-shape (first examples))) (if shuffle 1 0)) :dtype :i64))

(defun save-checkpoint (trainer path step key)
  "Writes the trainer's state and the number of steps made. The file is replaced as a whole, once it is on the disk: whatever happens, the old or the
new one is there."
  (apply #'caten:save-safetensors path
         (append (loop for (name . tensor) in (trainer-state trainer) collect name collect tensor)
                 (list "training.step" (scalar step :i64) "training.run" key))))

(defun read-checkpoint (path)
  "The tensors of a checkpoint; E1104 if it cannot be read."
  (handler-case (caten:load-safetensors path)
    (caten:file-error* (c)
      (let ((d (first (caten:caten-error-diagnostics c))))
        (fail 1104 (format nil "the checkpoint ~a is damaged" path) :expected "a checkpoint that was written by a training run"
              :found (caten/diagnostic:diagnostic-message d) :remedy "remove it to begin again, or restore a copy")))))

(defun load-checkpoint (trainer path key)
  "Takes the trainer's state from a checkpoint and returns the number of steps made; E1104 if it is damaged or of another run."
  (let* ((given (read-checkpoint path))
         (step (cdr (assoc "training.step" given :test #'string=))) (run (cdr (assoc "training.run" given :test #'string=))))
    (unless (and step run (equal (tensor-shape run) (tensor-shape key)) (equal (caten:tensor->list run) (caten:tensor->list key)))
      (fail 1104 (format nil "the checkpoint ~a is of another run" path)
            :expected (format nil "seed, batch size, examples, shuffling ~a" (caten:tensor->list key))
            :found (if run (format nil "~a" (caten:tensor->list run)) "no training run")
            :remedy "give the arguments it was made with, or name another file"))
    (load-trainer-state trainer (remove-if (lambda (name) (member name '("training.step" "training.run") :test #'string=)) given :key #'car))
    (caten:item step)))

;;; What is shown and written

(defun number-text (number)
  "A number of a log."
  (caten/primitive:print-float number))

(defun write-log (path names log)
  "Writes the steps ((step value…) …) as a table with a line of names."
  (with-open-file (out path :direction :output :if-exists :supersede)
    (format out "step~{,~a~}~%" names)
    (loop for (step . values) in log do (format out "~d~{,~a~}~%" step (mapcar #'number-text values)))))

(defun kept-log (path step)
  "The lines of a log before a step, as they were written."
  (when (probe-file path)
    (with-open-file (in path)
      (read-line in nil)
      (loop for line = (read-line in nil)
            for number = (and line (parse-integer line :junk-allowed t))
            while (and number (cl:< number step))
            collect (cons number (log-values line))))))

(defun log-values (line)
  "The numbers behind the first of a line of a log."
  (loop for start = (position #\, line) then (position #\, line :start (1+ start))
        while start
        collect (let ((end (position #\, line :start (1+ start))) (*read-eval* nil) (*read-default-float-format* 'double-float))
                  (coerce (read-from-string (subseq line (1+ start) end)) 'double-float))))

(defun thinned (log count)
  "At most so many points (step . mean of the first value) of a log."
  (let* ((all (length log)) (each (cl:max 1 (cl:ceiling all count))))
    (loop while log
          collect (let ((part (loop repeat each while log collect (pop log))))
                    (cons (first (first part)) (cl:/ (reduce #'cl:+ (mapcar #'second part)) (length part)))))))

(defun write-curve (path log title)
  "Draws the first value of a log over the steps as an SVG."
  (let* ((points (thinned log 500)) (steps (mapcar #'car points)) (values (mapcar #'cdr points))
         (low (reduce #'cl:min values)) (high (reduce #'cl:max values)) (span (if (cl:= low high) 1 (cl:- high low)))
         (from (first steps)) (width (cl:max 1 (cl:- (first (last steps)) from))))
    (with-open-file (out path :direction :output :if-exists :supersede)
      (format out "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 360\" font-family=\"sans-serif\" font-size=\"12\">~%")
      (format out "<rect width=\"640\" height=\"360\" fill=\"white\"/><path d=\"M60 20V320H620\" fill=\"none\" stroke=\"black\"/>~%")
      (format out "<text x=\"60\" y=\"14\">~a</text><text x=\"4\" y=\"24\">~,4g</text><text x=\"4\" y=\"324\">~,4g</text>~%" title high low)
      (format out "<text x=\"60\" y=\"340\">~d</text><text x=\"620\" y=\"340\" text-anchor=\"end\">step ~d</text>~%" from (first (last steps)))
      (format out "<polyline fill=\"none\" stroke=\"#0072b2\" points=\"~{~,1f,~,1f~^ ~}\"/>~%</svg>~%"
              (loop for step in steps for value in values
                    collect (cl:+ 60 (cl:* 560.0 (cl:/ (cl:- step from) width)))
                    collect (cl:- 320 (cl:* 300.0 (cl:/ (cl:- value low) span))))))))

(defun show-progress (step last loss begin first)
  "One line on the terminal that replaces the one before it."
  (let* ((seconds (cl:- (caten/primitive:clock-seconds) begin)) (rate (cl:/ (cl:- step first) (cl:max seconds 1d-9))) (part (cl:floor (cl:* 20 step) last)))
    (format *error-output* "~c[~a~a] ~d/~d  loss ~,5f  ~,1f steps/s  ~d s left " #\Return (make-string part :initial-element #\=)
            (make-string (cl:- 20 part) :initial-element #\Space) step last loss rate (cl:ceiling (cl:- last step) (cl:max rate 1d-9)))
    (finish-output *error-output*)))

;;; The run

(defun train (trainer examples &key (batch-size 32) (epochs 1) (seed 0) (shuffle t) classes checkpoint (checkpoint-every 1000) log curve
                                 (progress (interactive-stream-p *error-output*)))
  "Trains for so many epochs with tensors that have an example in each row, and returns the loss of the last step; the trainer's module has its parameters
then: (optim:train trainer (list x y) :batch-size 64 :epochs 10 :seed 7 :checkpoint \"run.safetensors\"). Each epoch has an order of its own, which follows
from the seed. A :checkpoint is written every `checkpoint-every` steps, at the end and when the run is interrupted; where there is one, the run goes on from its
step, bit by bit as if it had not ended. :log is a table of results in CSV, :curve a drawing of the loss in SVG. With :classes, labels are
checked. E1102 a loss that is not finite, E1103 data that does not fit, E1104 a checkpoint of another run."
  (check-examples examples classes)
  (let* ((per-epoch (give-examples trainer examples batch-size :seed seed :shuffle shuffle)) (last (cl:* epochs per-epoch))
         (key (run-key examples batch-size seed shuffle))
         (first (if (and checkpoint (probe-file checkpoint)) (load-checkpoint trainer checkpoint key) 0))
         (log-lines (and log (reverse (kept-log log first)))) (step first) (saved first) (loss nil) (begin (caten/primitive:clock-seconds)))
    (labels ((save ()
               (when checkpoint (save-checkpoint trainer checkpoint step key) (setf saved step))
               (when log (write-log log (trainer-metrics trainer) (reverse log-lines))))
             (advance ()
               ;; Steps that were made are counted before Ctrl-C is heard: else a checkpoint would say that there were fewer.
               (mp:without-interrupts
                 (let ((done (run-steps-from trainer step (cl:min (cl:- last step) (if checkpoint (cl:- (cl:+ saved checkpoint-every) step) last))
                                             :seconds 0.2d0)))
                   (dolist (row done)
                     (when (or log curve) (push (cons step row) log-lines))
                     (incf step))
                   (setf loss (first (first (last done))))))))
      (handler-case
          (loop while (cl:< step last)
                do (advance)
                   (when progress (show-progress step last loss begin first))
                   (when (and checkpoint (cl:< step last) (cl:>= step (cl:+ saved checkpoint-every))) (save)))
        (caten:interrupted (c) (save) (when progress (terpri *error-output*)) (error c)))
      (save)
      (when progress (terpri *error-output*))
      (when (and curve log-lines) (write-curve curve (reverse log-lines) "loss"))
      (synchronize trainer)
      loss)))

(defun accuracy (module x labels &key (batch-size 1000))
  "The share of the rows of x for which the module's largest result stands at the label: (optim:accuracy model x y)."
  (let ((right 0) (count (first (tensor-shape x))))
    (loop for from from 0 below count by batch-size
          for to = (cl:min count (cl:+ from batch-size))
          do (incf right (caten:item (sum (cast (= (caten::argmax (funcall module (caten:slice-along x 0 from to)) :axis -1)
                                                   (cast (caten:slice-along labels 0 from to) :i64))
                                                :i64)))))
    (cl:/ right (float count 1d0))))
