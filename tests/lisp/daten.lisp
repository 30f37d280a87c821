;;;; The text of a training run: what it is read as, and that whatever it says there is a list or a diagnostic.

(defparameter *daten-text* "; a comment
modules:
  function L1: A{Dense}[M, N] B{Dense}[M, N] -> A{T}[M, k]
  function net: x{f32}[N] -> y{f32}[N] =
    (nn:sequential (nn:linear 2 3)
                   #'relu)     ; behind it

parameters:
  A{Grad}
  B{Grad} = (ones 2 2)

main:
  output = (L1 (L2 A B) C)
loss: (mean output)
")

(deftest texts-are-read-as-sections
  (let ((sections (daten:read-run nil *daten-text*)))
    (check (equal '("modules" "parameters" "main" "loss") (mapcar #'first sections)))
    (flet ((rows (name) (mapcar (lambda (e) (list (daten::entry-name e) (daten::entry-form e))) (rest (assoc name sections :test #'string=)))))
      (check (equal '((l1 :given) (net (nn:sequential (nn:linear 2 3) #'relu))) (rows "modules")))
      (check (equal '((a :grad) (b (ones 2 2))) (rows "parameters")))
      (check (equal '((output (l1 (l2 a b) c))) (rows "main")))
      (check (equal '((nil (mean output))) (rows "loss"))))))

(deftest wrong-texts-are-named
  (check-error 1105 (daten:read-run nil "x = 3"))
  (check-error 1105 (daten:read-run nil "datas: 3"))
  (check-error 1105 (daten:read-run nil (format nil "data: 3~%data: 4")))
  (check-error 1105 (daten:read-run nil "data: 3 4"))
  (check-error 1105 (daten:read-run nil (format nil "modules:~% function : x")))
  (check-error 1105 (daten:read-run nil (format nil "parameters:~% A{Dense}")))
  (check-error 1 (daten:read-run nil "data: (3"))
  (check-error 402 (daten:read-run nil (make-string 1100000 :initial-element #\Space)))
  (check-error 402 (daten:read-run nil (format nil "data:~%~{ a = ~a~%~}" (loop for k below 1001 collect k)))))

(defun call-with-mutations (text count function)
  "Calls the function with so many texts in which characters are replaced, left out and repeated."
  (let ((state 1))
    (flet ((draw (n) (setf state (mod (+ (* state 6364136223846793005) 1442695040888963407) (expt 2 64))) (mod (ash state -33) n)))
      (dotimes (k count)
        (let ((text (copy-seq text)))
          (dotimes (change (1+ (draw 4)))
            (let ((place (draw (length text))))
              (setf text (ecase (draw 3)
                           (0 (concatenate 'string (subseq text 0 place) (subseq text (1+ place))))
                           (1 (concatenate 'string (subseq text 0 place) (string (char "(){}[]:=#';\"\\|, 
x0" (draw 18))) (subseq text place)))
                           (2 (concatenate 'string (subseq text 0 place) (subseq text (draw (length text)))))))
              (when (string= text "") (setf text "x"))))
          (funcall function text))))))

(deftest any-text-is-a-list-or-a-diagnostic
  (let ((texts 0))
    (call-with-mutations *daten-text* 400 (lambda (text) (handler-case (daten:read-run nil text) (caten-error () nil)) (incf texts)))
    (check (= texts 400))))

(deftest variables-of-texts
  (flet ((names (text) (daten::free-variables (list (let ((*package* (find-package :caten-user))) (read-from-string text))))))
    (check (equal '(a c) (names "(f a (let ((b c)) (+ b 1)))")))
    (check (equal '(a b) (names "(let* ((x a) (y x)) (dolist (k b) (f k y)))")))
    (check (equal '(x n) (names "(mean x n :axis 'q)")))
    (check (equal '(p q) (names "(funcall (lambda (x &key y) (f x y p)) (flet ((g (x) (* x q))) (g 1)))")))
    (check (equal '() (names "(f 3 :axis nil pi #'relu)")))))

(deftest texts-of-runs-are-known-by-their-first-section
  (check (daten:run-text-p (format nil "; a comment~%~%modules:~%")))
  (check (daten:run-text-p "main: output = x"))
  (check (not (daten:run-text-p (format nil "add2:~%  - in:~%"))))
  (check (not (daten:run-text-p "")))
  (check (not (daten:run-text-p "(ir 1)"))))

;;; Texts and forms

(defparameter *run-text* "data:
  x = (reshape (arange 6 :dtype :f32) 6 1)
modules:
  function net: x{f32}[N, 1] -> y{f32}[N, 1] = (nn:linear 1 1)
parameters:
  net{Grad}
  w{Grad} = (ones 1)
main:
  output = (* w (net x))
loss: (mean output)
infer:
  batch-size = 4
  double = (* 2 output)
")

(defparameter *run-clauses*
  '((:data (x (reshape (arange 6 :dtype :f32) 6 1)))
    (:modules (net ((x{f32}[N, 1]) -> (y{f32}[N, 1])) (nn:linear 1 1)))
    (:parameters net (w (ones 1)))
    (:main (output (* w (net x))))
    (:loss (mean output))
    (:infer (batch-size 4) (double (* 2 output)))))

(defun plain-sections (sections)
  (loop for (name . entries) in sections
        collect (cons name (mapcar (lambda (e) (list (daten::entry-name e) (daten::entry-form e) (daten::entry-signature e))) entries))))

(deftest texts-and-forms-are-equal
  (check (equal (plain-sections (daten:read-run nil *run-text*)) (plain-sections (daten::read-clauses *run-clauses*)))))

(deftest runs-are-defined-by-forms
  (daten::add-run 'test-run (daten::read-clauses *run-clauses*))
  (let* ((run (daten::prepare (daten::run-named 'test-run) "loss")) (whole (daten::made-modules run 0))
         (found (daten::infer-run run whole)))
    (check (equal '("double") (mapcar #'car found)))
    (check (equal '(6 1) (shape (cdr (first found)))))
    (check (near (cdr (first found)) (* 2 (second (apply whole (daten::run-data run)))) :atol 1e-6)))
  (check-error 1105 (daten:train 'no-such-run))
  (check-error 1105 (daten::read-clauses '((:datas (x 1)))))
  (check-error 1105 (daten::read-clauses '((:data (x 1)) (:data (x 1)))))
  (check-error 1105 (daten::read-clauses '((:data (x 1 2)))))
  (check-error 1105 (daten::read-clauses '((:modules (f)))))
  (check-error 1105 (daten::read-clauses '(x)))
  (check-error 703 (daten::read-clauses '((:modules (f (x) (nn:linear 1 1)))))))

(deftest any-text-is-a-program-or-has-diagnostics
  (let ((programs 0) (wrong '()))
    (call-with-mutations "modules:
  function L1: A{Dense}[M, N] B{Dense}[M, N] -> A{T}[M, k] = #'matmul
  function net: x{f32}[N, 2] -> y{f32}[N, 3] = (nn:linear 2 3)
parameters:
  A{Grad}
  net{Grad}
main:
  h = (L1 A B)
  output = (+ (net C) (sum h))
loss: (mean output)
"
                         300
                         (lambda (text)
                           (destructuring-bind (ok exit-code derived diagnostics) (daten:trace-run text nil '() "")
                             (declare (ignore exit-code derived))
                             (when ok (incf programs))
                             (unless (if ok (null diagnostics) (and diagnostics (every #'caten/diagnostic:diagnostic-p diagnostics))) (push text wrong)))))
    (check (null wrong))
    (check (< 0 programs 300))))
