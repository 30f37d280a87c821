;;;; How parameters begin: the distributions of torch.nn.init. Numbers come from Philox: the seed, and how many tensors were made before.

(in-package :nn)

(defvar *seed* 0 "The seed of parameters that are made from now on.")
(defvar *made* 0 "How many seeds were used since manual-seed.")

(defun manual-seed (seed)
  "Begins a new sequence of initial values and of elements that dropout leaves out: (nn:manual-seed 7). Equal seeds give equal modules."
  (unless (and (integerp seed) (cl:<= 0 seed (1- (expt 2 32))))
    (fail 705 "a seed out of range" :expected "an integer from 0 below 2^32" :found (format nil "~(~s~)" seed) :remedy "give another seed"))
  (setf *made* 0 *seed* seed))

(defun next-seed ()
  "A seed that no other tensor of this sequence has."
  (prog1 (logior *seed* (ash *made* 32)) (incf *made*)))

(defun fans (dims)
  "How many inputs and outputs an element of a weight of these dims [out in …] has."
  (when (cl:< (length dims) 2)
    (fail 212 "the fan of a weight needs at least two axes" :expected "[out in …]" :found (format nil "~{~a~^ ~}" dims)
          :remedy "use initial-uniform or initial-normal"))
  (let ((window (reduce #'cl:* (cddr dims))))
    (values (cl:* (second dims) window) (cl:* (first dims) window))))

(defun initial-uniform (dims &key (low 0) (high 1))
  "A tensor of uniform numbers from low to high: (nn:initial-uniform '(2 3) :low -1)."
  (+ (* (apply #'rand (append dims (list :seed (next-seed)))) (cl:- high low)) low))

(defun initial-normal (dims &key (mean 0) (std 1))
  "A tensor of normal numbers: (nn:initial-normal '(2 3) :std 0.02)."
  (+ (* (apply #'randn (append dims (list :seed (next-seed)))) std) mean))

(defun initial-zeros (dims)
  "A tensor of zeros: (nn:initial-zeros '(2 3))."
  (apply #'zeros dims))

(defun initial-ones (dims)
  "A tensor of ones: (nn:initial-ones '(2 3))."
  (apply #'ones dims))

(defun symmetric (dims bound)
  "Uniform numbers from -bound to bound."
  (initial-uniform dims :low (cl:- bound) :high bound))

(defun xavier-uniform (dims &key (gain 1))
  "Uniform numbers to ±gain·√(6 / (inputs + outputs)) (Glorot and Bengio, 2010): (nn:xavier-uniform '(4 3))."
  (multiple-value-bind (in out) (fans dims) (symmetric dims (cl:* gain (cl:sqrt (cl:/ 6d0 (cl:+ in out)))))))

(defun xavier-normal (dims &key (gain 1))
  "Normal numbers of deviation gain·√(2 / (inputs + outputs)) (Glorot and Bengio, 2010): (nn:xavier-normal '(4 3))."
  (multiple-value-bind (in out) (fans dims) (initial-normal dims :std (cl:* gain (cl:sqrt (cl:/ 2d0 (cl:+ in out)))))))

(defun kaiming-gain (slope)
  "What leaky-relu with this slope asks for."
  (cl:sqrt (cl:/ 2d0 (cl:+ 1 (cl:* slope slope)))))

(defun kaiming-uniform (dims &key (slope 0))
  "Uniform numbers of deviation √(2 / ((1 + slope²)·inputs)) (He and others, 2015), for layers followed by leaky-relu: (nn:kaiming-uniform '(4 3))."
  (symmetric dims (cl:* (kaiming-gain slope) (cl:sqrt (cl:/ 3d0 (fans dims))))))

(defun kaiming-normal (dims &key (slope 0))
  "Normal numbers of deviation √(2 / ((1 + slope²)·inputs)) (He and others, 2015): (nn:kaiming-normal '(4 3))."
  (initial-normal dims :std (cl:/ (kaiming-gain slope) (cl:sqrt (float (fans dims) 1d0)))))

(defun by-inputs (dims inputs)
  "Uniform numbers to ±1/√inputs: how weights and biases of most layers begin."
  (symmetric dims (cl:/ (cl:sqrt (float inputs 1d0)))))
