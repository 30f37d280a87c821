;;;; Package nn: modules with named parameters, the layers of PyTorch's torch.nn under its names, and how parameters begin.

(defpackage :nn
  (:use :cl)
  (:shadowing-import-from :caten #:+ #:- #:* #:/ #:sqrt #:max #:tanh #:<=)
  (:import-from :caten
   #:tensorp #:tensor #:shape #:dtype #:rank #:zeros #:ones #:full #:index #:const #:cast #:reshape #:permute #:take #:put #:slice-along
   #:where #:scan #:next #:save-safetensors #:load-safetensors)
  (:import-from :caten/diagnostic #:fail #:checked #:suggest #:make-diagnostic #:signal-diagnostic)
  (:import-from :caten/tensor #:describe-type #:make-leaf #:tensor-dtype #:tensor-shape #:tensor-value)
  (:import-from :caten/program #:compute-tensors)
  (:import-from :caten/derivative #:checkpoint)
  (:shadow #:identity)
  (:export
   ;; modules
   #:module #:module-p #:defmodule #:parameter #:buffer #:parameters #:named-parameters #:named-buffers #:named-modules #:state-dict
   #:load-state-dict #:save-state #:load-state #:call-with-parameters #:with-training #:training-p #:parameter-count
   ;; layers
   #:linear #:conv1d #:conv2d #:layer-norm #:rms-norm #:batch-norm #:group-norm #:embedding #:multi-head-attention #:transformer-block
   #:make-kv-cache #:kv-cache #:kv-cache-position #:kv-cache-tensors #:rnn #:lstm #:gru #:dropout #:sequential #:activation #:flatten #:max-pool #:avg-pool #:identity
   ;; one step after the other
   #:make-stepper #:stepper #:stepper-p #:run-step #:stepper-states #:set-stepper-states
   ;; weights in few bits
   #:quantize-state #:dequantize-state #:compare-states #:choose-formats #:quantize-module
   ;; initial values
   #:manual-seed #:initial-uniform #:initial-normal #:initial-zeros #:initial-ones #:xavier-uniform #:xavier-normal #:kaiming-uniform
   #:kaiming-normal))

(in-package :nn)

(eval-when (:compile-toplevel :load-toplevel :execute)
  ;; Composites are defined after this code is compiled; these have no layer of their name here.
  (dolist (name '("SUM" "MEAN" "VAR" "ATTENTION" "RELU" "UNSQUEEZE" "CONCAT" "FLIP" "RAND" "RANDN" "STACK"))
    (import (intern name :caten) :nn)))
