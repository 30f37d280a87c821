;;;; Package optim: how parameters move, how fast, and the program of a training step.

(defpackage :optim
  (:use :cl)
  (:shadowing-import-from :caten #:+ #:- #:* #:/ #:sqrt #:max #:min #:<= #:< #:>= #:mod #:log #:= #:abs #:cos)
  (:import-from :caten #:tensorp #:tensor #:shape #:dtype #:rank #:zeros #:ones #:full #:const #:cast #:where #:logical-and #:exp2 #:log2)
  (:import-from :caten/diagnostic #:fail #:checked)
  (:import-from :caten/tensor #:describe-type #:tensor-dtype #:tensor-shape #:tensor-value #:make-leaf #:make-imported)
  (:import-from :caten/composite #:*backwards*)
  (:import-from :caten/promotion #:dtype-class #:resolve-dtype)
  (:import-from :caten/dim #:*dims*)
  (:import-from :caten/program #:compute-tensors)
  (:import-from :caten/primitive #:differentiate #:make-stepper #:planned-memory #:parse-bytes #:run-stepper #:stepper-program #:stepper-memory #:stepper-states #:set-stepper-states #:set-batches #:run-steps)
  (:export
   ;; optimizers
   #:optimizer #:optimizer-p #:sgd #:adam #:adamw #:lion #:adafactor
   ;; schedules of the learning rate
   #:constant #:step-decay #:cosine #:linear-warmup #:one-cycle
   ;; training
   #:make-trainer #:trainer #:trainer-p #:train-step #:step-program #:step-memory #:train #:accuracy #:synchronize #:trainer-state #:load-trainer-state #:trainer-module
   #:batches-per-epoch #:give-examples #:run-steps-from))

(in-package :optim)

(eval-when (:compile-toplevel :load-toplevel :execute)
  ;; Composites are defined after this code is compiled.
  (dolist (name '("SUM" "MEAN" "AMAX" "NORM" "SIGN" "ISFINITE" "SQUARE" "CLIP" "RSQRT" "ALL"))
    (import (intern name :caten) :optim)))
