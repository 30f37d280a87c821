;;;; Package optim: each optimizer against plain arithmetic, schedules, and what a training step may be asked for.

(nn:defmodule numbers (values)
  "A vector that is trained."
  ((p (nn:parameter (tensor values :dtype :f64))))
  ((x) (* p x)))

(defun scaled-squares (module x)
  "Σ x·p², whose gradient is 2·x·p."
  (let ((p (first (nn:parameters module)))) (sum (* x (* p p)))))

(defparameter *scale* '(0.5d0 2d0 1d0))

(defun trained (optimizer steps &rest options)
  "The vector (1 -2 3) after so many steps, as a list."
  (let* ((m (numbers '(1d0 -2d0 3d0))) (x (tensor *scale* :dtype :f64))
         (trainer (apply #'optim:make-trainer m #'scaled-squares (list x) :optimizer optimizer options)))
    (dotimes (k steps) (optim:train-step trainer x))
    (tensor->list (first (nn:parameters (optim:synchronize trainer))))))

(defun moved (steps move)
  "The same by a function of p, gradient and step (from 1), a closure for each element made by `move`."
  (mapcar (lambda (p s)
            (let ((rule (funcall move)))
              (dotimes (k steps p) (setf p (funcall rule p (cl:* 2 s p) (cl:1+ k))))))
          '(1d0 -2d0 3d0) *scale*))

(deftest optimizers-compute-what-they-say
  (check (near (trained (optim:sgd :lr 0.1) 10) (moved 10 (lambda () (lambda (p g k) (declare (ignore k)) (- p (* 0.1 g))))) :rtol 1e-6))
  (check (near (trained (optim:sgd :lr 0.1 :momentum 0.9 :weight-decay 0.01) 10)
               (moved 10 (lambda () (let ((v 0)) (lambda (p g k) (declare (ignore k)) (setf v (+ (* 0.9 v) g (* 0.01 p))) (- p (* 0.1 v))))))
               :rtol 1e-6))
  (check (near (trained (optim:sgd :lr 0.1 :momentum 0.9 :nesterov t) 10)
               (moved 10 (lambda () (let ((v 0)) (lambda (p g k) (declare (ignore k)) (setf v (+ (* 0.9 v) g)) (- p (* 0.1 (+ g (* 0.9 v))))))))
               :rtol 1e-6))
  (flet ((adam (decay decoupled)
           (lambda ()
             (let ((m 0) (v 0))
               (lambda (p g k)
                 (unless decoupled (setf g (+ g (* decay p))))
                 (when decoupled (setf p (* p (- 1 (* 0.1 decay)))))
                 (setf m (+ (* 0.9 m) (* 0.1 g)) v (+ (* 0.999 v) (* 0.001 g g)))
                 (- p (/ (* 0.1 (/ m (- 1 (cl:expt 0.9d0 k)))) (+ (cl:sqrt (/ v (- 1 (cl:expt 0.999d0 k)))) 1d-8))))))))
    (check (near (trained (optim:adam :lr 0.1 :weight-decay 0.01) 12) (moved 12 (adam 0.01 nil)) :rtol 1e-5))
    (check (near (trained (optim:adamw :lr 0.1) 12) (moved 12 (adam 0.01 t)) :rtol 1e-5)))
  (check (near (trained (optim:lion :lr 0.05 :weight-decay 0.1) 10)
               (moved 10 (lambda () (let ((m 0)) (lambda (p g k) (declare (ignore k))
                                                   (prog1 (- (* p (- 1 0.005)) (* 0.05 (cl:signum (+ (* 0.9 m) (* 0.1 g)))))
                                                     (setf m (+ (* 0.99 m) (* 0.01 g))))))))
               :rtol 1e-6)))

(deftest adafactor-is-that-of-torch
  ;; torch.optim.Adafactor(lr=0.1) after 5 steps on sum(x·w²).
  (let* ((m (nn:linear 3 2)) (x (tensor '((1.0 2.0 3.0) (0.5 0.25 1.0)))))
    (nn:load-state-dict m (list (cons "weight" (tensor '((1.0 -2.0 3.0) (-1.0 0.5 2.0)))) (cons "bias" (tensor '(1.0 -1.0)))))
    (let ((trainer (optim:make-trainer m (lambda (m x) (destructuring-bind (w b) (nn:parameters m) (+ (sum (* x (* w w))) (sum (* b b))))) (list x)
                                       :optimizer (optim:adafactor :lr 0.1))))
      (dotimes (k 5) (optim:train-step trainer x))
      (destructuring-bind (w b) (nn:parameters (optim:synchronize trainer))
        (check (near w '((0.41112357 -1.3076994 2.3038726) (-0.071813427 0.38504323 1.2780918)) :rtol 1e-5))
        (check (near b '(0.61826617 -0.61826617) :rtol 1e-5))))))

(deftest schedules
  (flet ((at (schedule &rest steps) (mapcar (lambda (step) (item (funcall schedule (tensor step :dtype :f32)))) steps)))
    (check (near (at (optim:constant 0.1) 0 50) '(0.1 0.1)))
    (check (near (at (optim:step-decay 1 10) 0 9 10 25) '(1 1 0.1 0.01) :rtol 1e-5))
    (check (near (at (optim:cosine 1 10) 0 5 10 20) '(1 0.5 0 0) :atol 1e-6))
    (check (near (at (optim:linear-warmup 4 (optim:cosine 1 10)) 0 2 4 9) '(0 0.5 1 0.5) :atol 1e-6))
    (check (near (at (optim:one-cycle 1 100) 0 29 99) '(0.04 1 4e-6) :atol 1e-6))
    (check-error 705 (optim:cosine 1 0)))
  (check (near (trained (optim:sgd :lr (optim:step-decay 0.1 2)) 3)
               (moved 3 (lambda () (lambda (p g k) (- p (* (if (cl:<= k 2) 0.1 0.01) g))))) :rtol 1e-6)))

(deftest what-a-step-may-do
  ;; The gradient is (1 -8 6).
  (check (near (trained (optim:sgd :lr 1) 1 :clip-value 2) '(0 0 1)))
  (check (near (trained (optim:sgd :lr 1) 1 :clip-norm 1) (mapcar (lambda (p g) (- p (/ g (cl:sqrt 101d0)))) '(1 -2 3) '(1 -8 6)) :rtol 1e-5))
  (check (near (trained (optim:sgd :lr 0.1) 2 :accumulate 2) (trained (optim:sgd :lr 0.1) 1)))
  (check (near (trained (optim:sgd :lr 0.1) 3 :accumulate 2) (trained (optim:sgd :lr 0.1) 1)))
  (check (near (trained (optim:adamw :lr 0.1 :weight-decay 0.5) 3 :groups '((:match :vectors :weight-decay 0))) (trained (optim:adamw :lr 0.1 :weight-decay 0) 3)))
  (check (near (trained (optim:sgd :lr 0.1) 1 :groups '((:match "p" :lr 0))) '(1 -2 3)))
  (check-error 705 (trained (optim:sgd) 1 :groups '((:match 3))))
  (check-error 705 (optim:sgd :momentum 2))
  (let* ((m (numbers '(1d0))) (x (tensor '(1d0) :dtype :f64))
         (trainer (optim:make-trainer m #'scaled-squares (list x) :optimizer (optim:sgd :lr 0.25) :ema 0.5)))
    (check (near (optim:train-step trainer x) 1))
    (optim:train-step trainer x)
    (check (near (first (nn:parameters (optim:synchronize trainer))) '(0.25)))
    ;; 1 → 0.75 → 0.5
    (check (near (first (nn:parameters (optim:synchronize trainer :ema t))) '(0.5)))))

(deftest narrow-precision-keeps-wide-parameters
  (dolist (precision '(:bf16 :f16))
    (nn:manual-seed 1)
    (let* ((m (nn:linear 4 1)) (x (random-tensor '(8 4) :f32)) (y (sum x :axis 1 :keepdims t))
           (trainer (optim:make-trainer m (lambda (m x y) (mse (funcall m x) y)) (list x y) :optimizer (optim:sgd :lr 0.1) :precision precision))
           (first (item (optim:train-step trainer x y))))
      (dotimes (k 30) (optim:train-step trainer x y))
      (check (< (item (optim:train-step trainer x y)) (* 0.5 first)))
      (check (every (lambda (p) (eq :f32 (dtype p))) (nn:parameters (optim:synchronize trainer))))
      (check (eq (and (eq precision :f16) t) (and (assoc "training.loss_scale" (optim:trainer-state trainer) :test #'string=) t))))))

(deftest a-step-that-is-not-finite-moves-nothing
  (let* ((m (numbers '(1d0 1d0))) (x (tensor '(1d0 1d0) :dtype :f64))
         (trainer (optim:make-trainer m (lambda (m x) (sum (log (funcall m x)))) (list x) :optimizer (optim:sgd :lr 0.1))))
    (optim:train-step trainer (tensor '(1d0 -1d0) :dtype :f64))
    (check (near (first (nn:parameters (optim:synchronize trainer))) '(1 1)))
    (optim:give-examples trainer (list (tensor '((1d0 1d0) (1d0 -1d0)) :dtype :f64)) 1 :shuffle nil)
    (check-error 1102 (let ((trainer (optim:make-trainer m (lambda (m x) (sum (log (funcall m x)))) (list (tensor '((1d0 1d0)) :dtype :f64)) :optimizer (optim:sgd :lr 0.1))))
                        (optim:train trainer (list (tensor '((1d0 1d0) (1d0 -1d0)) :dtype :f64)) :batch-size 1 :shuffle nil :progress nil)))))

(defun small-run (&rest options)
  "A run over random data, and the trainer."
  (nn:manual-seed 3)
  (let* ((m (nn:sequential (nn:linear 4 8) #'relu (nn:dropout 1/10) (nn:linear 8 3))) (x (randn 50 4 :seed 6)) (y (argmax (slice x :all (0 3)) :axis 1))
         (trainer (optim:make-trainer m (lambda (m x y) (let ((z (funcall m x))) (values (cross-entropy z y) (mean (cast (= (argmax z) y) :f32)))))
                                      (list (slice x (0 10)) (slice y (0 10))) :optimizer (optim:adamw :lr 0.01) :metrics '("accuracy"))))
    (values (apply #'optim:train trainer (list x y) :batch-size 10 :progress nil :seed 9 options) trainer (list x y))))

(deftest runs-go-on-as-if-they-had-not-ended
  (with-folder (folder)
    (let ((path (in-folder folder "run.safetensors")) (log (in-folder folder "log.csv")) (whole (in-folder folder "whole.csv")) (curve (in-folder folder "loss.svg")))
      (multiple-value-bind (loss trainer) (small-run :epochs 4 :log whole :curve curve)
        (small-run :epochs 2 :checkpoint path :checkpoint-every 3 :log log)
        (multiple-value-bind (again resumed) (small-run :epochs 4 :checkpoint path :log log)
          (check (= loss again))
          (check (every (lambda (a b) (equal (tensor->list (cdr a)) (tensor->list (cdr b)))) (optim:trainer-state trainer) (optim:trainer-state resumed)))
          (flet ((text (path) (with-open-file (in path) (loop for line = (read-line in nil) while line collect line))))
            (check (equal (text log) (text whole)))
            (check (= 21 (length (text log))))
            (check (string= "step,loss,accuracy" (first (text log)))))
          (check (probe-file curve))))
      (check-error 1104 (small-run :epochs 4 :checkpoint path :shuffle nil))
      (with-open-file (out path :direction :output :if-exists :supersede) (write-line "damaged" out))
      (check-error 1104 (small-run :epochs 4 :checkpoint path)))))

(deftest data-that-does-not-fit
  (multiple-value-bind (loss trainer data) (small-run :epochs 1)
    (declare (ignore loss))
    (destructuring-bind (x y) data
      (check-error 1103 (optim:train trainer (list x (slice y (0 20))) :batch-size 10 :progress nil))
      (check-error 1103 (optim:train trainer (list x y) :batch-size 51 :progress nil))
      (check-error 1103 (optim:train trainer (list x y) :batch-size 10 :classes 2 :progress nil))
      (check-error 1103 (optim:train trainer (list (/ x 0) y) :batch-size 10 :progress nil))
      (check-error 804 (optim:train trainer (list x y) :batch-size 5 :progress nil))
      (check-error 1101 (optim:load-trainer-state trainer '()))
      (check (<= 0 (optim:accuracy (optim:trainer-module trainer) x y) 1)))))

(deftest steps-fit-into-memory
  (let ((x (randn 256 16 :seed 4)))
    (flet ((run (memory)
             (nn:manual-seed 5)
             (let* ((net (apply #'nn:sequential (loop repeat 4 collect (nn:sequential (nn:linear 16 64) #'gelu (nn:linear 64 16) (nn:dropout 1/10)))))
                    (trainer (optim:make-trainer net (lambda (net x) (mse (funcall net x) (* 2 x))) (list x) :optimizer (optim:adamw :lr 0.01) :memory memory)))
               (dotimes (k 3) (optim:train-step trainer x))
               (list* (multiple-value-list (optim:step-memory trainer)) (mapcar #'tensor->list (nn:parameters (optim:synchronize trainer)))))))
      (destructuring-bind ((all none) . weights) (run nil)
        (check (eql 0 none))
        (destructuring-bind ((bytes blocks) . again) (run (1- all))
          (check (<= 1 blocks 4))
          (check (< bytes all))
          (check (equal weights again))
          (check (equal (list bytes blocks) (first (run bytes))))
          (check (eql 0 (second (first (run "1G"))))))
        (check-error 404 (run 1000))
        (check-error 705 (run 'much))
        (check-error 902 (run "1X"))))))
