;;;; Steppers: a function of inputs and states as one program that is compiled once and keeps its states from call to call, as a decoder its cache.

(in-package :nn)

(defstruct (stepper (:constructor %make-stepper (program inputs)) (:copier nil))
  program   ; of C++: the compiled program and the states
  inputs)   ; the leaves that the arguments of a step stand for

(si::set-documentation 'stepper-p 'function "True of what nn:make-stepper returns.")

(defmethod print-object ((stepper stepper) stream)
  (format stream "#<stepper of ~d inputs>" (length (stepper-inputs stepper))))

(defun leaves-like (tensors prefix)
  "An input of the type of each tensor."
  (loop for x in tensors for k from 0 collect (make-leaf :input (tensor-dtype x) (tensor-shape x) :name (format nil "~a~d" prefix k))))

(defun arrays-of (tensors)
  "The computed arrays of tensors."
  (mapcar #'tensor-value (compute-tensors tensors)))

(defun described-tensor (described)
  "A tensor of what C++ describes as (array dtype . shape)."
  (destructuring-bind (array dtype . shape) described (make-leaf :data dtype shape :value array)))

(defun make-stepper (function inputs states)
  "What computes one step after the other: (nn:make-stepper (lambda (x sum) (values (list (+ sum x)) (* 2 sum))) (list (zeros)) (list (zeros))). The
function is called once, with tensors of the types of `inputs` and then of `states`, and returns the list of the next states, then results as further values.
It becomes one program, which nn:run-step calls; `states` are the first ones, and the program updates them where they lie. E0202 for another number
of next states."
  (let ((leaves (leaves-like inputs "input")) (places (leaves-like states "state")))
    (destructuring-bind (next &rest results) (multiple-value-list (apply function (append leaves places)))
      (unless (and (listp next) (= (length next) (length places)))
        (fail 202 "a step returns another number of states than it is given" :expected (format nil "a list of ~d tensors" (length places))
              :found (if (listp next) (format nil "~d" (length next)) "no list") :remedy "return (values (list state…) result…)"))
      (%make-stepper (checked (caten/primitive:make-stepper "step" leaves
                                                            (loop for place in places for tensor in next for k from 0
                                                                  collect (list* (format nil "state~d" k) place tensor))
                                                            (loop for tensor in results for k from 0 collect (cons (format nil "result~d" k) tensor))
                                                            (arrays-of states)))
                     leaves))))

(defun run-step (stepper &rest inputs)
  "One step with these inputs: its results, tensors with values, as multiple values: (nn:run-step stepper x)."
  (values-list (mapcar #'described-tensor (checked (caten/primitive:run-stepper (stepper-program stepper) (arrays-of inputs))))))

(defun stepper-states (stepper)
  "The states that a stepper has now, a list of tensors: (nn:stepper-states stepper)."
  (mapcar #'described-tensor (checked (caten/primitive:stepper-states (stepper-program stepper)))))

(defun set-stepper-states (stepper states)
  "Gives a stepper other states, tensors of the same types, and returns it: (nn:set-stepper-states stepper (list (zeros)))."
  (checked (caten/primitive:set-stepper-states (stepper-program stepper) (arrays-of states)))
  stepper)
