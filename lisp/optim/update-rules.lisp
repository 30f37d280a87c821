;;;; Optimizers: what each keeps beside a parameter, and how it moves it. The arithmetic is that of torch.optim.

(in-package :optim)

(defstruct (optimizer (:constructor make-optimizer (name settings slots update)) (:copier nil))
  name      ; a symbol
  settings  ; plist: :lr and :weight-decay, which groups may change, and what else the update reads
  slots     ; function of a parameter: ((name . first value) …)
  update)   ; function of parameter, gradient, slots, step (from 1, f32), settings: the parameter, then the slots

(si::set-documentation 'optimizer-p 'function "True of an optimizer: (optimizer-p (optim:sgd)).")

(defmethod print-object ((optimizer optimizer) stream)
  (format stream "#<~(~a~)~{ ~(~a~) ~a~}>" (optimizer-name optimizer)
          (loop for (key value) on (optimizer-settings optimizer) by #'cddr
                unless (functionp value) append (list key value))))

(defun like (parameter)
  "Zeros of a parameter's shape, in f32 at least."
  (apply #'zeros (append (tensor-shape parameter) (list :dtype (tensor-dtype parameter)))))

(defun check-between (name key value low high)
  "The value; E0705 unless it is a number from low to below high."
  (if (and (realp value) (cl:<= low value) (or (null high) (cl:< value high)))
      value
      (fail 705 (format nil "optim:~(~a~) takes another ~(~s~)" name key) :expected (format nil "a number from ~a~@[ to below ~a~]" low high)
            :found (format nil "~(~s~)" value) :remedy "give another value")))

(defun check-rate (name rate)
  "The learning rate; E0705 unless it is a number or a schedule."
  (if (functionp rate) rate (check-between name :lr rate 0 nil)))

(defmacro with-settings ((settings &rest names) &body body)
  "Binds settings by their names.
→ (let ((lr (getf settings :lr)) …) body…)."
  `(let ,(loop for name in names collect `(,name (getf ,settings ,(intern (symbol-name name) :keyword)))) ,@body))

(defun decayed (parameter lr weight-decay)
  "The parameter after weight decay of its own, apart from the gradient."
  (if (eql weight-decay 0) parameter (* parameter (- 1 (* lr weight-decay)))))

(defun with-penalty (gradient parameter weight-decay)
  "The gradient of the loss plus half the squared parameter times weight decay."
  (if (eql weight-decay 0) gradient (+ gradient (* parameter weight-decay))))

(defun mixed (old new share)
  "old·share + new·(1 - share)."
  (+ (* old share) (* new (cl:- 1 share))))

(defun sgd (&key (lr 1/1000) (momentum 0) (nesterov nil) (weight-decay 0))
  "Stochastic gradient descent, with momentum, Nesterov's variant and weight decay as torch.optim.SGD: (optim:sgd :lr 0.1 :momentum 0.9)."
  (check-between 'sgd :momentum momentum 0 1)
  (make-optimizer 'sgd (list :lr (check-rate 'sgd lr) :momentum momentum :nesterov nesterov :weight-decay (check-between 'sgd :weight-decay weight-decay 0 nil))
                  (lambda (p) (unless (eql momentum 0) (list (cons "momentum_buffer" (like p)))))
                  #'sgd-update))

(defun sgd-update (p g slots step settings)
  (declare (ignore step))
  (with-settings (settings lr momentum nesterov weight-decay)
    (let ((g (with-penalty g p weight-decay)))
      (if (null slots)
          (list (- p (* lr g)))
          (let ((velocity (+ (* (first slots) momentum) g)))
            (list (- p (* lr (if nesterov (+ g (* velocity momentum)) velocity))) velocity))))))

(defun adam-optimizer (name lr betas eps weight-decay decoupled)
  "Adam or AdamW."
  (destructuring-bind (beta1 beta2) betas
    (check-between name :betas beta1 0 1)
    (check-between name :betas beta2 0 1))
  (make-optimizer name (list :lr (check-rate name lr) :weight-decay (check-between name :weight-decay weight-decay 0 nil) :betas betas :eps eps :decoupled decoupled)
                  (lambda (p) (list (cons "exp_avg" (like p)) (cons "exp_avg_sq" (like p))))
                  #'adam-update))

(defun adam (&key (lr 1/1000) (betas '(0.9d0 0.999d0)) (eps 1d-8) (weight-decay 0))
  "Adam (Kingma and Ba, 2015) as torch.optim.Adam; weight decay is part of the gradient: (optim:adam :lr 0.001)."
  (adam-optimizer 'adam lr betas eps weight-decay nil))

(defun adamw (&key (lr 1/1000) (betas '(0.9d0 0.999d0)) (eps 1d-8) (weight-decay 1/100))
  "Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019) as torch.optim.AdamW: (optim:adamw :lr 0.001)."
  (adam-optimizer 'adamw lr betas eps weight-decay t))

(defun correction (beta step)
  "1 - beta^step."
  (if (cl:= beta 0) 1 (- 1 (exp2 (* step (cl:log beta 2d0))))))

(defun adam-update (p g slots step settings)
  (with-settings (settings lr weight-decay betas eps decoupled)
    (destructuring-bind (beta1 beta2) betas
      (let* ((g (if decoupled g (with-penalty g p weight-decay)))
             (p (if decoupled (decayed p lr weight-decay) p))
             (m (mixed (first slots) g beta1)) (v (mixed (second slots) (* g g) beta2))
             (reach (/ lr (correction beta1 step))) (spread (/ 1 (sqrt (correction beta2 step)))))
        (list (- p (* reach (/ m (+ (* (sqrt v) spread) eps)))) m v)))))

(defun lion (&key (lr 1/10000) (betas '(0.9d0 0.99d0)) (weight-decay 0))
  "Lion (Chen and others, 2023): the sign of a mean of gradients, with weight decay apart: (optim:lion :lr 0.0001)."
  (make-optimizer 'lion (list :lr (check-rate 'lion lr) :weight-decay (check-between 'lion :weight-decay weight-decay 0 nil) :betas betas)
                  (lambda (p) (list (cons "exp_avg" (like p))))
                  #'lion-update))

(defun lion-update (p g slots step settings)
  (declare (ignore step))
  (with-settings (settings lr weight-decay betas)
    (destructuring-bind (beta1 beta2) betas
      (list (- (decayed p lr weight-decay) (* lr (sign (mixed (first slots) g beta1))))
            (mixed (first slots) g beta2)))))

(defun adafactor (&key (lr 1/100) (beta2-decay -0.8d0) (eps '(1.1920928955078125d-7 1d-3)) (d 1) (weight-decay 0))
  "Adafactor (Shazeer and Stern, 2018) as torch.optim.Adafactor: of matrices it keeps means of squares of rows and columns alone: (optim:adafactor)."
  (make-optimizer 'adafactor (list :lr (check-rate 'adafactor lr) :weight-decay (check-between 'adafactor :weight-decay weight-decay 0 nil)
                                   :beta2-decay beta2-decay :eps eps :d d)
                  (lambda (p)
                    (let ((shape (tensor-shape p)))
                      (flet ((of (shape) (apply #'zeros (append shape (list :dtype (tensor-dtype p))))))
                        (if (cl:< (length shape) 2)
                            (list (cons "variance" (of shape)))
                            (list (cons "row_var" (of (append (butlast shape) '(1))))
                                  (cons "col_var" (of (append (butlast shape 2) (list 1) (last shape)))))))))
                  #'adafactor-update))

(defun root-mean-square (x)
  (sqrt (mean (* x x))))

(defun adafactor-update (p g slots step settings)
  (with-settings (settings lr weight-decay beta2-decay eps d)
    (destructuring-bind (eps1 eps2) eps
      (let* ((share (exp2 (* beta2-decay (log2 step))))          ; of the new squares
             (reach (* (max eps2 (root-mean-square p)) (min lr (/ 1 (sqrt step)))))
             (p (decayed p lr weight-decay)) (squares (* g g)))
        (flet ((moved (old new) (+ old (* share (- new old)))))
          (let* ((new (if (rest slots)
                          (list (moved (first slots) (mean squares :axis -1 :keepdims t)) (moved (second slots) (mean squares :axis -2 :keepdims t)))
                          (list (moved (first slots) squares))))
                 (variance (if (rest new)
                               (/ (* (first new) (second new)) (max (mean (first new) :axis -2 :keepdims t) eps1))
                               (first new)))
                 (update (* g (/ 1 (sqrt (max variance (cl:* eps1 eps1))))))
                 (limit (max 1 (/ (root-mean-square update) d))))
            (cons (- p (* (/ reach limit) update)) new)))))))
