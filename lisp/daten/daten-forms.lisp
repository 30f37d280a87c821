;;;; Training runs as Lisp forms: the sections of a text are the clauses of define-run.

(in-package :daten)

(defvar *runs* '() "((name . clauses) …) of define-run.")

(defun clause-entry (section item)
  "The entry of a section that an item of a clause says; E1105 for one that does not."
  (let ((place (form-place item)))
    (flet ((malformed (expected)
             (fail 1105 (format nil "an item of (:~a …) is not well formed" section) :expected expected :place place
                        :found (let ((*print-length* 4) (*print-level* 3)) (format nil "~(~s~)" item)) :remedy "correct it")))
      (cond ((member section '("loss" "optimizer") :test #'string=) (make-entry nil item place))
            ((and (string= section "parameters") (symbolp item) item) (make-entry item :grad place))
            ((not (and (consp item) (symbolp (first item)) (first item) (listp (cdr item)) (ignore-errors (list-length item)))) (malformed "(NAME form)"))
            ((string= section "modules")
             (unless (<= 2 (length item) 3) (malformed "(NAME ((inputs…) -> (outputs…)) form)"))
             (make-entry (first item) (if (cddr item) (third item) :given) place (parse-signature (second item))))
            ((= (length item) 2) (make-entry (first item) (second item) place))
            (t (malformed "(NAME form)"))))))

(defun read-clauses (clauses)
  "The sections that the clauses of define-run say, as read-run reads them of a text."
  (let ((sections '()))
    (dolist (clause clauses (reverse sections))
      (unless (and (consp clause) (keywordp (first clause)) (ignore-errors (list-length clause)))
        (fail 1105 "a clause of define-run is not well formed" :expected "(:SECTION item…)" :place (form-place clause)
                   :found (let ((*print-length* 4) (*print-level* 3)) (format nil "~(~s~)" clause)) :remedy "begin it with the name of a section"))
      (let ((name (string-downcase (first clause))))
        (check-section name sections (form-place clause))
        (push (cons name (mapcar (lambda (item) (clause-entry name item)) (rest clause))) sections)))))

(defun add-run (name sections)
  "Makes the run known under its name, and returns that."
  (setf *runs* (acons name sections (remove name *runs* :key #'car)))
  name)

(defmacro define-run (name &body clauses)
  "Names a training run, whose clauses are the sections of a text for daten: (daten:define-run line (:data (x (ones 8 1)) (y (zeros 8 1)))
(:modules (net ((x{f32}[N 1]) -> (y{f32}[N 1])) (nn:linear 1 1))) (:main (output (net x))) (:loss (mse output y)) (:train (epochs 3))). A module without a form
is a function of its name; (:parameters net (w (ones 3))) marks what is trained. Forms see no variables but global ones and each other.
→ (add-run 'line (read-clauses '((:data …) …)))."
  `(add-run ',name (read-clauses ',clauses)))

(defun run-named (name)
  "The run of this name, ready to be trained; E1105 if there is none."
  (let ((found (assoc name *runs*)))
    (unless found
      (fail 1105 (format nil "there is no run `~(~a~)`" name) :expected (format nil "~:[a run of define-run~;~:*~{~(~a~)~^, ~}~]" (mapcar #'car *runs*))
                 :found (format nil "~(~s~)" name) :remedy (or (suggest (princ-to-string name) (mapcar (lambda (each) (symbol-name (car each))) *runs*)) "define it")))
    (make-run (string-downcase name) nil nil (cdr found))))

(defun train (name)
  "Trains a run, from its checkpoint NAME.safetensors on if there is one, and returns its module and ((name . number) …) of loss and metrics: (daten:train 'line)."
  (train-run (prepare (run-named name) "loss")))

(defun evaluate (name &key weights)
  "((name . number) …) of loss and metrics of what was trained, or of a file of weights: (daten:evaluate 'line)."
  (let* ((run (prepare (run-named name))) (settings (run-settings run)))
    (metrics-of run (trained-modules run settings weights) (tested-rows run settings))))

(defun infer (name &key weights)
  "What was trained computes for the run's data: the output, or the values of its clause :infer: (daten:infer 'line)."
  (let ((run (prepare (run-named name))))
    (values-list (mapcar #'cdr (infer-run run (trained-modules run (run-settings run) weights))))))
