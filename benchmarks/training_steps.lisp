;;;; Suite train of benchmarks/run: steps of a model from given weights with given batches, in a process of its own; peers/training.py says how it is driven.
;;;;
;;;;   caten run benchmarks/training_steps.lisp weights FOLDER         the first weights of all models, FOLDER/MODEL.safetensors
;;;;   caten run benchmarks/training_steps.lisp MODEL FOLDER IR        the program of a step, FOLDER/MODEL.ir
;;;;   caten run benchmarks/training_steps.lisp MODEL FOLDER           steps with the batches FOLDER/MODEL-xK.npy, FOLDER/MODEL-yK.npy

(nn:defmodule character-gpt (tokens size heads layers length)
  "Scores of the next token at each place of [B length]."
  ((wte (nn:embedding tokens size))
   (wpe (nn:embedding length size))
   (h (loop repeat layers collect (nn:transformer-block size heads)))
   (ln-f (nn:layer-norm size))
   (head (nn:linear size tokens :bias nil)))
  ((x)
   (let ((x (+ (wte x) (wpe (index 0 length)))))
     (dolist (block h) (setf x (funcall block x :causal t)))
     (permute (head (ln-f x)) 0 2 1))))

(defun classified (net x y) (cross-entropy (funcall net x) y))

(defparameter *models*
  (list (list "mlp" (lambda () (nn:sequential (nn:linear 784 512) #'relu (nn:linear 512 10))) #'classified (lambda () (optim:sgd :lr 1/10)))
        (list "block" (lambda () (nn:transformer-block 768 12))
              (lambda (net x y) (mse (funcall net x :causal t) y)) (lambda () (optim:sgd :lr 1/10)))
        (list "cnn" (lambda () (nn:sequential (nn:conv2d 1 32 3 :padding 1) (nn:batch-norm 32) #'relu
                                              (nn:conv2d 32 64 3 :padding 1) (nn:batch-norm 64) #'relu (nn:max-pool 2) (nn:flatten) (nn:linear 1024 10)))
              #'classified (lambda () (optim:adamw :lr 1/1000)))
        (list "gpt" (lambda () (character-gpt 96 256 8 4 128)) #'classified (lambda () (optim:adamw :lr 3/10000)))))

(defun batches-of (name folder)
  "The inputs and targets of each batch, computed."
  (loop for k from 0
        for x = (format nil "~a/~a-x~d.npy" folder name k)
        while (probe-file x)
        collect (list (! (load-npy x)) (! (load-npy (format nil "~a/~a-y~d.npy" folder name k))))))

(defun answer (control &rest values)
  "A line for who drives this process."
  (apply #'format t control values)
  (terpri)
  (finish-output))

(defun trainer-of (name folder batches)
  "The trainer of a model with its first weights."
  (destructuring-bind (make loss optimizer) (rest (assoc name *models* :test #'string=))
    (nn:manual-seed 0)
    (let ((net (funcall make)))
      (nn:load-state net (format nil "~a/~a.safetensors" folder name))
      (optim:make-trainer net loss (first batches) :optimizer (funcall optimizer)))))

(defun serve (trainer batches)
  "Steps as they are asked for: a number on each line, answered with the losses, the milliseconds of all."
  (let ((next 0))
    (loop for line = (read-line *standard-input* nil)
          while line
          do (let ((start (get-internal-real-time)) (losses '()))
               (dotimes (k (parse-integer line))
                 (push (apply #'optim:train-step trainer (nth (mod next (length batches)) batches)) losses)
                 (incf next))
               (let ((last (item (first losses))))
                 (answer "{\"ms\": ~f, \"losses\": [~{~f~^, ~}]}" (cl:/ (cl:* 1000d0 (cl:- (get-internal-real-time) start)) internal-time-units-per-second)
                         (if (cl:< (length losses) 100) (mapcar #'item (reverse losses)) (list last))))))))

(destructuring-bind (name folder &optional ir) *arguments*
  (if (string= name "weights")
      (loop for (name make) in *models*
            do (nn:manual-seed 0)
               (nn:save-state (funcall make) (format nil "~a/~a.safetensors" folder name)))
      (let* ((batches (batches-of name folder)) (trainer (trainer-of name folder batches)))
        (if ir
            (with-open-file (file (format nil "~a/~a.ir" folder name) :direction :output :if-exists :supersede)
              (write-string (optim:step-program trainer) file))
            (serve trainer batches)))))
