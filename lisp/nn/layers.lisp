;;;; Layers: linear maps, convolutions, normalisations, embeddings, dropout, activations, and modules one after the other.

(in-package :nn)

(defmodule linear (in out &key (bias t))
  "x · weightᵀ + bias over the last axis, as torch.nn.Linear: (nn:linear 784 512). weight [out in], bias [out], both uniform to ±1/√in."
  ((weight (parameter (by-inputs (list out in) in)))
   (bias (and bias (parameter (by-inputs (list out) in)))))
  ((x) (caten::linear x weight bias)))

(defun window (size count)
  "The sizes of a window, given as one number or one for each axis."
  (if (listp size) size (make-list count :initial-element size)))

(defun channels-per-group (channels groups)
  "How many channels a group has; E0202 if there is no such number."
  (multiple-value-bind (each rest) (cl:floor channels groups)
    (unless (zerop rest)
      (fail 202 "the groups do not divide the channels" :expected (format nil "a divisor of ~d" channels) :found (format nil "~d" groups)
            :remedy "choose another number of groups"))
    each))

(defmacro define-convolution (name composite axes)
  "Defines a convolution of images with so many axes.
→ (defmodule NAME (in out kernel &key …) …)."
  `(defmodule ,name (in out kernel &key (stride 1) (padding 0) (dilation 1) (groups 1) (bias t))
     ,(format nil "Cross-correlation over [N in S…] with `out` kernels, as torch.nn.~:(~a~): (nn:~(~a~) 1 16 3 :padding 1). weight [out in/groups K…] and
bias [out], uniform to ±1/√(in/groups·K…)." name name)
     ((fan (cl:* (channels-per-group in groups) (reduce #'cl:* (window kernel ,axes))))
      (weight (parameter (by-inputs (list* out (channels-per-group in groups) (window kernel ,axes)) fan)))
      (bias (and bias (parameter (by-inputs (list out) fan)))))
     ((x) (,composite x weight bias :stride stride :padding padding :dilation dilation :groups groups))))

(define-convolution conv1d caten::conv1d 1)
(define-convolution conv2d caten::conv2d 2)

;;; Normalisation

(defmodule layer-norm (sizes &key (eps 1/100000) (bias t))
  "Mean 0 and variance 1 over the last axes, which have these sizes, times weight, plus bias, as torch.nn.LayerNorm: (nn:layer-norm 64)."
  ((weight (parameter (initial-ones (window sizes 1))))
   (bias (and bias (parameter (initial-zeros (window sizes 1))))))
  ((x) (caten::layer-norm x weight bias :axis (cl:- (length (window sizes 1))) :eps eps)))

(defmodule rms-norm (sizes &key (eps 1/100000))
  "Mean square 1 over the last axes, which have these sizes, times weight, as torch.nn.RMSNorm: (nn:rms-norm 64)."
  ((weight (parameter (initial-ones (window sizes 1)))))
  ((x) (caten::rms-norm x weight :axis (cl:- (length (window sizes 1))) :eps eps)))

(defmodule group-norm (groups channels &key (eps 1/100000))
  "Mean 0 and variance 1 over each group of channels of [N C …], as torch.nn.GroupNorm: (nn:group-norm 4 16)."
  ((weight (parameter (initial-ones (list channels))))
   (bias (parameter (initial-zeros (list channels)))))
  ((x) (caten::group-norm x groups weight bias :eps eps)))

(defmodule batch-norm (channels &key (eps 1/100000) (momentum 1/10))
  "Mean 0 and variance 1 of each channel of [N C …], as torch.nn.BatchNorm1d to 3d: of the batch in training, which moves the running statistics by
`momentum`, and of these otherwise: (nn:batch-norm 16)."
  ((weight (parameter (initial-ones (list channels))))
   (bias (parameter (initial-zeros (list channels))))
   (running-mean (buffer (initial-zeros (list channels))))
   (running-var (buffer (initial-ones (list channels))))
   (num-batches-tracked (buffer (zeros :dtype :i64))))
  ((x)
   (when *training*
     (let ((axes (cons 0 (loop for k from 2 below (rank x) collect k))) (old-mean running-mean) (old-var running-var))
       (flet ((moved (old new) (caten:stop-gradient (+ (* old (cl:- 1 momentum)) (* (cast new (dtype old)) momentum)))))
         (setf running-mean (moved old-mean (mean x :axis axes))
               running-var (moved old-var (var x :axis axes :correction 1))
               num-batches-tracked (+ num-batches-tracked 1)))))
   (caten::batch-norm x running-mean running-var weight bias :training (training-p) :eps eps)))

;;; Tables, dropout

(defmodule embedding (count size)
  "The rows of weight [count size] at integer indices, as torch.nn.Embedding: (nn:embedding 1000 64). Normal numbers at first."
  ((weight (parameter (initial-normal (list count size)))))
  ((indices) (caten::embedding indices weight)))

(defmodule dropout (&optional (p 1/2))
  "In training each element is 0 with probability p, and the others are divided by 1 - p, as torch.nn.Dropout: (nn:dropout 1/10). Which elements are left
out follows from the seed (nn:manual-seed) and the step (nn:with-training)."
  ((seed (next-seed)))
  ((x) (dropped x p seed)))

(defun dropped (x p seed)
  "x with elements left out, in training."
  (if *training* (caten::dropout x *training* :p p :seed seed) x))

;;; Without parameters

(defun activation (name)
  "A module that calls a composite of one tensor: (nn:activation 'relu), (nn:activation #'tanh)."
  (make-module 'activation '() (let ((function (if (functionp name) name (fdefinition name))))
                                 (lambda (module x) (declare (ignore module)) (funcall function x)))))

(defmodule identity ()
  "x itself: (nn:identity)."
  ()
  ((x) x))

(defmodule flatten (&key (start 1))
  "All axes from `start` on as one, as torch.nn.Flatten: (nn:flatten)."
  ()
  ((x) (reshape x (append (subseq (shape x) 0 start) (list -1)))))

(defmodule max-pool (kernel &key (stride nil) (padding 0))
  "The largest element of each window of [N C S…], as torch.nn.MaxPool1d to 3d: (nn:max-pool 2)."
  ()
  ((x) (caten::max-pool x :kernel kernel :stride stride :padding padding)))

(defmodule avg-pool (kernel &key (stride nil) (padding 0))
  "The mean of each window of [N C S…], as torch.nn.AvgPool1d to 3d: (nn:avg-pool 2)."
  ()
  ((x) (caten::avg-pool x :kernel kernel :stride stride :padding padding)))

(defun sequential (&rest parts)
  "Modules and functions of one tensor one after the other, keys \"0.weight\" and so on, as torch.nn.Sequential:
(nn:sequential (nn:linear 64 32) #'relu (nn:linear 32 10)). Functions count too: the last layer here is 2."
  (dolist (part parts)
    (unless (functionp part)
      (fail 705 "a part of nn:sequential is no function" :expected "modules, or functions of one tensor" :found (format nil "~(~s~)" part)
            :remedy "write #'relu for a composite")))
  (make-module 'sequential (loop for part in parts for k from 0 collect (cons (format nil "~d" k) part))
               (lambda (module x)
                 (declare (ignore module))
                 (dolist (part parts x) (setf x (funcall part x))))))
