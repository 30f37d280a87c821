;;;; The program that a text means without being trained: forwards, then the gradients of what is marked {Grad}.

(in-package :daten)

(defun check-program (run known)
  "Signals all that keeps the program from being made: functions without body, variables without a type."
  (with-all-problems
    (needed run "main")
    (check-functions run)
    (dolist (name (unvalued-names run))
      (unless (assoc name known)
        (fail 803 (format nil "nothing says what type `~a` has" (spelled run name)) :place (variable-place run name)
                  :expected "an argument of a function of modules:, whose signature says it" :found "a variable without a type"
                  :remedy (format nil "write function NAME: ~a{f32}[N] -> y{f32}[N], and call it with ~:*~a" (spelled run name)))))
    (unless (or (entries run "loss") (find (symbol-of "output") (entries run "main") :key #'entry-name))
      (fail 1105 "main: does not say what the output is" :expected "output = form, or a section loss:" :remedy "name it output"))))

(defun variable-place (run name)
  "The place of the entry that marks a variable, or of the first of main:."
  (let ((entry (or (find name (entries run "parameters") :key #'entry-name) (first (entries run "main")))))
    (and entry (entry-place entry))))

(defun input-leaf (name dtype sizes)
  "An input of the program, with sizes and names of sizes."
  (make-leaf :input dtype (mapcar (lambda (size) (if (stringp size) (caten/dim:size-symbol size) size)) sizes) :name name))

(defun unvalued-names (run)
  "The variables that become inputs: parameters without a first value, and what no entry names."
  (append (loop for entry in (tensor-entries run) when (eq (entry-form entry) :grad) collect (entry-name entry)) (open-variables run)))

(defun traced-parts (run parts)
  "Computes main: with inputs in place of all tensors of modules: ((key . owned) …), the inputs for data:, and the results."
  (destructuring-bind (values make results) parts
    (let* ((made (progn (nn:manual-seed 0) (funcall make)))
           (owned (nn::owned-of (nn::make-module 'daten (named-modules run made) #'list)))
           (batch (loop for value in values for name in (names-of run "data")
                        collect (input-leaf (string-downcase name) (caten:dtype value) (caten:shape value)))))
      (loop for (key . place) in owned
            for tensor = (nn::owned-tensor place)
            do (unless (find tensor (run-given run) :key #'cdr)
                 (setf (nn::owned-tensor place) (input-leaf key (caten:dtype tensor) (caten:shape tensor)))))
      (list owned batch (let ((*signatures* t)) (catch 'misfit (funcall results made batch)))))))

(defun marked-tensors (run owned)
  "The inputs whose cotangents are asked for: those that {Grad} marks, alone or with their module; without parameters: all of modules, or else all variables."
  (let ((marked (names-of run "parameters")))
    (flet ((chosen-p (key)
             (let ((top (subseq key 0 (position #\. key)))) (or (null marked) (member top marked :key #'nn::key-of :test #'string=)))))
      (remove-if-not #'caten/derivative:smooth-p
                     (or (loop for (key . place) in owned
                               when (and (eq (nn::owned-kind place) :parameter) (chosen-p key)) collect (nn::owned-tensor place))
                         (and (null marked) (mapcar #'cdr (run-given run))))))))

(defun seed-of (value)
  "The cotangent of the output: an input of its type."
  (make-leaf :input (caten:dtype value) (mapcar #'caten/dim:resolve (caten:shape value)) :name "d_output"))

(defun input-values (run known)
  "((name . input) …) of the variables without a value, spelled as in the text."
  (loop for name in (unvalued-names run)
        for (dtype . sizes) = (rest (assoc name known))
        collect (cons name (input-leaf (spelled run name) dtype sizes))))

(defun declare-sizes (sizes)
  "Makes the names among them sizes of the program."
  (dolist (size (remove-duplicates (remove-if-not #'stringp sizes) :test #'string= :from-end t))
    (caten/primitive:dim-declare caten/dim:*dims* size 0 nil)))

(defun cotangents (marked value seed)
  "((name . cotangent) …) of what is marked."
  (when marked
    (let ((names (mapcar #'caten/tensor:tensor-name marked)))
      (destructuring-bind (rows values found)
          (checked (caten/primitive:differentiate nil (mapcar #'cons marked names) (list value) (list seed) caten/dim:*dims* 0 nil))
        (declare (ignore values))
        (let ((made (caten/tensor:make-imported rows)))
          (loop for name in names for position in found collect (cons (format nil "d_~a" name) (aref made position))))))))

(defun check-scalar (run loss)
  "E0202 unless the loss is one number."
  (unless (every (lambda (size) (eql size 1)) (caten:shape loss))
    (fail 202 "the loss is no scalar" :expected "one element" :found (caten/tensor:describe-type loss) :place (entry-place (first (entries run "loss")))
                                      :remedy "sum or average it")))

(defun keep-program (run)
  "Traces the program of a run whose variables have inputs, and keeps it for C++."
  (destructuring-bind (owned batch (loss output metrics inferred))
      (let ((parts (make-parts run))) (with-all-problems (traced-parts run parts)))
    (declare (ignore metrics inferred))
    (when loss (check-scalar run loss))
    (let* ((seed (if loss (caten/promotion:constant 1 (caten:dtype loss) (caten:shape loss)) (seed-of output)))
           (tensors (mapcar (lambda (pair) (nn::owned-tensor (cdr pair))) owned))
           (inputs (remove-duplicates (append tensors (mapcar #'cdr (run-given run)) batch (if loss '() (list seed))) :from-end t))
           (outputs (append (and output (list (cons "output" output))) (and loss (list (cons "loss" loss))))))
      (checked (caten/primitive:keep-graph "main" inputs (append outputs (cotangents (marked-tensors run owned) (or loss output) seed))
                                           caten/dim:*dims*)))))

(defun trace-run (text source types name)
  "Keeps the program of a text, whose file may have this name, for C++: (trace-run text source '((\"T\" . :f64)) \"a.daten\"). Returns as
caten/program:trace-text."
  (with-guard (c (list nil nil '() (caten/evaluate:condition-diagnostics c)))
    (let ((*default-pathname-defaults* (or (and (probe-file name) (folder-of name)) *default-pathname-defaults*))
          (run (make-run "daten" nil text (read-run source text))) (caten/dim:*dims* (caten/primitive:make-dim-env)))
      (let ((known (inferred-types run (loop for (name . dtype) in types collect (cons (symbol-of name) dtype)))))
        (check-program run known)
        (declare-sizes (loop for name in (unvalued-names run) append (cddr (assoc name known))))
        (setf (run-given run) (input-values run known))
        (keep-program run)
        (list t nil (caten/primitive:dim-derived caten/dim:*dims*) '())))))
