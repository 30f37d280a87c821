;;;; Learning rates that follow the step: functions of the number of updates made so far, a scalar of f32, to a scalar.

(in-package :optim)

(defun rate-at (rate step)
  "The learning rate, a number or a schedule, at a step."
  (if (functionp rate) (funcall rate step) rate))

(defun constant (rate)
  "The same rate at each step, as a number alone: (optim:constant 0.1)."
  (lambda (step) (declare (ignore step)) (const rate :f32)))

(defun whole-steps (name steps)
  "The number of steps; E0705 unless it is a positive integer."
  (if (and (integerp steps) (cl:< 0 steps))
      steps
      (fail 705 (format nil "optim:~(~a~) takes a number of steps" name) :expected "an integer above 0" :found (format nil "~(~s~)" steps)
            :remedy "give the number of steps")))

(defun step-decay (rate every &key (factor 1/10))
  "The rate, times `factor` after each `every` steps, as torch's StepLR: (optim:step-decay 0.1 1000)."
  (whole-steps 'step-decay every)
  (lambda (step) (* rate (exp2 (* (cast (cast (/ step every) :i64) :f32) (cl:log factor 2d0))))))

(defun cosine (rate steps &key (final 0))
  "From the rate to `final` along half a cosine in so many steps, as torch's CosineAnnealingLR; then `final`: (optim:cosine 0.1 1000)."
  (whole-steps 'cosine steps)
  (lambda (step) (between rate final (min (/ step (float steps 1d0)) 1))))

(defun between (from to part)
  "From one rate (part 0) to another (part 1) along half a cosine."
  (+ to (* (cl:/ (cl:- from to) 2) (+ 1 (cos (* pi part))))))

(defun linear-warmup (steps schedule &key (start 0))
  "From start times the first rate up to it, linearly in so many steps, then a schedule (or a number) from its beginning:
(optim:linear-warmup 100 (optim:cosine 0.1 900))."
  (whole-steps 'linear-warmup steps)
  (lambda (step)
    (let ((first (rate-at schedule (const 0 :f32))) (part (/ step (float steps 1d0))))
      (where (< step steps) (* first (+ start (* part (cl:- 1 start)))) (rate-at schedule (max 0 (- step steps)))))))

(defun one-cycle (rate steps &key (warmup 3/10) (divisor 25) (final-divisor 10000))
  "Up from rate/divisor to the rate in `warmup` of the steps, then down to rate/divisor/final-divisor, both along half a cosine, as torch's OneCycleLR:
(optim:one-cycle 0.1 1000)."
  (whole-steps 'one-cycle steps)
  (let* ((low (cl:/ rate divisor)) (last (cl:- steps 1d0)) (top (cl:- (cl:* warmup steps) 1d0)))
    (lambda (step)
      (where (<= step top)
             (between low rate (/ step (cl:max top 1d-9)))
             (between rate (cl:/ low final-divisor) (min 1 (/ (- step top) (cl:max (cl:- last top) 1d-9))))))))
