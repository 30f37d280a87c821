;;;; Steps of training of 24 transformer layers within a number of bytes, for recomputation.py.
;;;;
;;;;   caten run benchmarks/recomputation.lisp MEMORY|none STEPS
;;;;
;;;; Prints the bytes that intermediate values take as planned, how many layers are recomputed, the milliseconds of each step, and what the weights add up to.

(destructuring-bind (memory steps) *arguments*
  (nn:manual-seed 1)
  (let* ((size 128) (net (apply #'nn:sequential (loop repeat 24 collect (nn:transformer-block size 4)))) (x (! (randn 8 128 size :seed 2)))
         (trainer (optim:make-trainer net (lambda (net x) (mse (funcall net x) (flip x :axis 1))) (list x) :optimizer (optim:adamw :lr 0.001)
                                      :memory (unless (string= memory "none") memory))))
    (format t "~{~d~^ ~}" (multiple-value-list (optim:step-memory trainer)))
    (optim:give-examples trainer (list x) 8)
    (dotimes (k (parse-integer steps))
      (let ((begin (caten/primitive:clock-seconds)))
        (optim:run-steps-from trainer k 1)
        (format t " ~,1f" (cl:* 1000 (cl:- (caten/primitive:clock-seconds) begin)))))
    (format t " ~,9e~%" (item (reduce #'+ (mapcar #'sum (nn:parameters (optim:synchronize trainer))))))))
