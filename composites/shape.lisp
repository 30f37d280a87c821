;;;; Shapes: joining, splitting, turning, padding. Nothing here computes; elements are moved.

(in-package :caten)

(defcomposite squeeze ((X{T} &key (axis nil)) -> (Y{T}))
  "X without the axis or axes, which must have size 1; without :axis, without all axes of size 1."
  (:example (squeeze (ones 1 3)))
  (:test ((N 0 5)) (equal (list N 3) (shape (squeeze (random-tensor (list N 1 3 1) :f32) :axis '(1 -1)))) (equal '() (shape (squeeze (ones 1 1)))))
  (:ulp 0)
  (setf drop (if axis
                 (normalize-axes axis (rank X))
                 (loop for size in (shape X) for k from 0 when (eql size 1) collect k)))
  (loop for k in drop
        for size = (nth k (shape X))
        when (and (integerp size) (/= size 1))
          do (refuse "squeeze takes axes of size 1" "size 1" (format nil "axis ~d of size ~d" k size) "reshape, or take one element" 207))
  (reshape X (loop for size in (shape X) for k from 0 unless (member k drop) collect size)))

(defcomposite unsqueeze ((X{T} axis{lisp}) -> (Y{T}))
  "X with a new axis of size 1 at `axis` of the result, or at each of a list; -1 puts it last."
  (:example (unsqueeze (ones 3) 0))
  (:test ((N 0 5)) (equal (list N 1 3) (shape (unsqueeze (random-tensor (list N 3) :f32) 1))) (equal (list 1 N 1) (shape (unsqueeze (ones N) '(0 -1)))))
  (:ulp 0)
  (setf added (if (listp axis) axis (list axis)))
  (setf total (cl:+ (length added) (rank X)))
  (setf places (normalize-axes added total))
  (if (null added) X (reshape X (loop with sizes = (shape X) for k below total collect (if (member k places) 1 (pop sizes))))))

(defun put-along (x part axis start)
  "x with `part` from position `start` of the axis on: one write into its place."
  (put x axis (+ start (index 0 (nth axis (shape part)))) part :set))

(defun sizes-but (sizes axis)
  "The sizes without one axis."
  (append (subseq sizes 0 axis) (nthcdr (cl:1+ axis) sizes)))

(defcomposite concat ((&rest Xs{T} &key (axis 0)) -> (Y{T}))
  "The tensors one after another along an axis; the other sizes must be equal."
  (:example (concat (tensor '(1 2)) (tensor '(3)) :axis 0))
  (:test ((N 0 5)) (let ((x (random-tensor (list 2 N) :f32)) (y (random-tensor (list 2 3) :f32)))
                     (near (concat x y :axis 1) (mapcar #'append (tensor->list x) (tensor->list y)))))
  (:ulp 0)
  (when (null Xs) (refuse "concat takes at least one tensor" "tensors" "none" "give the tensors to join" 105))
  (setf place (normalize-axis axis (rank (first Xs))))
  (loop for x in (rest Xs)
        do (unless (and (= (rank x) (rank (first Xs)))
                        (every (lambda (a b) (or (symbolp a) (symbolp b) (consp a) (consp b) (eql a b)))
                               (sizes-but (shape x) place) (sizes-but (shape (first Xs)) place)))
             (refuse "concat takes tensors that differ in one axis alone"
                     (format nil "the sizes of ~a but at axis ~d" (caten/dim:describe-shape (shape (first Xs))) place)
                     (caten/dim:describe-shape (shape x)) "reshape or pad it" 202)))
  (setf sizes (loop for x in Xs collect (nth place (shape x))))
  (setf total (cl:reduce #'+ sizes))
  (setf whole (const 0 T (loop for size in (shape (first Xs)) for k from 0 collect (if (eql k place) total size))))
  (let ((start 0))
    (dolist (x Xs)
      (setf whole (put-along whole x place start))
      (setf start (+ start (nth place (shape x))))))
  whole)

(defcomposite stack ((&rest Xs{T} &key (axis 0)) -> (Y{T}))
  "The tensors of one shape along a new axis."
  (:example (stack (tensor '(1 2)) (tensor '(3 4)) :axis 0))
  (:test ((N 0 5)) (let ((x (random-tensor (list N) :f32)) (y (random-tensor (list N) :f32))) (near (stack x y) (list (tensor->list x) (tensor->list y)))))
  (:ulp 0)
  (apply #'concat (append (mapcar (lambda (x) (unsqueeze x axis)) Xs) (list :axis axis))))

(defmaker split (x sizes &key (axis 0))
  "The parts of x along an axis as multiple values: of the sizes in a list, which must add up, or of one size, the last part perhaps smaller
(as PyTorch; NumPy's split takes the number of parts)."
  (:example (split (tensor '(1 2 3 4 5)) 2))
  (:test ((N 0 4)) (let ((x (random-tensor (list (cl:+ N 3)) :f32)))
                     (near (apply #'concat (multiple-value-list (split x 2))) x) (near (nth-value 1 (split x (list N 3))) (slice x (N nil)))))
  (:ulp 0)
  (let* ((place (normalize-axis axis (rank x)))
         (total (nth place (shape x)))
         (parts (if (listp sizes)
                    sizes
                    (let ((size (whole-number "the size of parts" sizes 1)))
                      (or (loop for start from 0 below total by size collect (cl:min size (cl:- total start))) '(0))))))
    (dolist (part parts) (whole-number "the size of a part" part 0))
    (unless (eql total (cl:reduce #'cl:+ parts))
      (refuse "the sizes of the parts do not add up to the axis" (format nil "a sum of ~a" total) parts "correct the sizes" 202))
    (values-list (loop with start = 0
                       for part in parts
                       collect (slice-along x place start (cl:+ start part))
                       do (incf start part)))))

(defcomposite flip ((X{T} &key (axis nil)) -> (Y{T}))
  "X backwards along an axis, each of a list, or all: a view."
  (:example (flip (tensor '(1 2 3))))
  (:test ((N 0 5)) (let ((x (random-tensor (list 2 N) :f32))) (near (flip x :axis -1) (mapcar #'cl:reverse (tensor->list x)))))
  (:ulp 0)
  (setf y X)
  (dolist (k (normalize-axes axis (rank X)) y)
    (unless (eql 0 (nth k (shape X))) (setf y (slice-along y k nil nil -1)))))

(defun rolled (x shift axis)
  "x with its elements moved by `shift` places along an axis, those that leave at the end entering at the start."
  (let* ((size (nth axis (shape x))) (cut (if (eql size 0) 0 (mod (- shift) size))))
    (if (eql cut 0)
        x
        (concat (slice-along x axis cut size) (slice-along x axis 0 cut) :axis axis))))

(defcomposite roll ((X{T} shift{lisp} &key (axis nil)) -> (Y{T}))
  "X with its elements moved along an axis, what leaves at one end entering at the other; lists of shifts and axes go together. Without :axis
X is rolled as one vector and keeps its shape."
  (:example (roll (tensor '(1 2 3 4)) 1))
  (:test ((N 1 7)) (let ((x (random-tensor (list N) :f32))) (and (near (roll (roll x 3) -3) x) (near (take (roll x 1) 0 (mod (+ 1 (index 0 N)) N)) x))))
  (:ulp 0)
  (setf shifts (if (listp shift) shift (list shift)))
  (dolist (s shifts) (unless (integerp s) (refuse "roll moves by whole places" "an integer" s "give an integer")))
  (setf axes (if (listp axis) axis (list axis)))
  (unless (or (null axis) (= (length axes) (length shifts)) (= (length shifts) 1))
    (refuse "roll has not as many shifts as axes" (format nil "~d shifts" (length axes)) shifts "give a shift for each axis"))
  (if (null axis)
      (reshape (rolled (reshape X -1) (cl:reduce #'cl:+ shifts) 0) (shape X))
      (let ((y X))
        (loop for k in axes
              for n from 0
              do (setf y (rolled y (if (rest shifts) (nth n shifts) (first shifts)) (normalize-axis k (rank X)))))
        y)))

(defun padded-place (place size mode)
  "Where in an axis of this size the element comes from that a padded place before, in or after it shows."
  (ecase mode
    (:constant place)
    (:edge (min (max place 0) (- size 1)))
    (:wrap (mod place size))
    (:reflect (if (eql size 1)
                  (* 0 place)
                  (let ((r (mod place (* 2 (- size 1))))) (min r (- (* 2 (- size 1)) r)))))))

(defcomposite pad ((X{T} pads{lisp} &key (mode :constant) (value 0)) -> (Y{T}))
  "X with ((before after) …) elements around each axis; negative numbers cut off. The mode says what is there: :constant the value, :edge
the nearest element, :reflect X mirrored at its edge elements, :wrap X from its other end (as ONNX and NumPy)."
  (:example (pad (tensor '(1 2)) '((1 2))))
  (:test ((N 2 6)) (let ((x (random-tensor (list N) :f32)))
                     (and (near (pad x '((1 2)) :value 7) (append '(7) (tensor->list x) '(7 7))) (near (pad (pad x '((2 1)) :mode :reflect) '((-2 -1))) x)
                          (near (pad x (list (list N 0)) :mode :wrap) (concat x x)))))
  (:ulp 0)
  (setf mode (one-of :mode mode '(:constant :edge :reflect :wrap)))
  (unless (and (listp pads) (= (length pads) (rank X))
               (every (lambda (pair) (and (listp pair) (= (length pair) 2) (every #'caten/dim:dim-p pair))) pads))
    (refuse "pad takes the numbers before and after each axis" (format nil "a list of ~d pair~:p (before after)" (rank X)) pads "write '((1 1) (0 2))"))
  (setf sizes (loop for size in (shape X) for (before after) in pads collect (+ size (+ before after))))
  (loop for size in sizes
        for old in (shape X)
        for (before after) in pads
        do (when (and (integerp size) (< size 0)) (refuse "pad cuts off more than there is" "sizes of at least 0" sizes "cut off less" 304))
           (when (and (cl:not (cl:eq mode :constant)) (eql old 0) (or (/= before 0) (/= after 0)))
             (refuse "pad has nothing to repeat along an empty axis" ":mode :constant" mode "use :constant, or leave that axis alone")))
  (setf places (loop for (before nil) in pads for old in (shape X) for k from 0 collect (padded-place (- (index k sizes) before) old mode)))
  (setf inside (const t :bool sizes))
  (when (cl:eq mode :constant)
    (loop for place in places
          for size in (shape X)
          do (setf inside (logical-and inside (logical-and (>= place 0) (< place size))))))
  (cond ((null places) X)
        ((cl:eq mode :constant) (where inside (take X places) (const value T sizes)))
        (t (take X places))))

(defcomposite tile ((X{T} reps{lisp}) -> (Y{T}))
  "X laid side by side, reps times along each axis: a number for the last axis, or a list for the last axes; more numbers than axes add
leading ones (as NumPy, and as PyTorch's repeat)."
  (:example (tile (tensor '(1 2)) 2))
  (:test ((N 0 5)) (let ((x (random-tensor (list N) :f32))) (near (tile x '(2 2)) (let ((row (append (tensor->list x) (tensor->list x)))) (list row row)))))
  (:ulp 0)
  (setf numbers (if (listp reps) reps (list reps)))
  (dolist (n numbers) (whole-number "a number of repetitions" n 0))
  (setf numbers (append (make-list (cl:max 0 (cl:- (rank X) (length numbers))) :initial-element 1) numbers))
  (setf sizes (append (make-list (cl:- (length numbers) (rank X)) :initial-element 1) (shape X)))
  (setf y (expand (reshape X (loop for size in sizes append (list 1 size))) (loop for size in sizes for n in numbers append (list n size))))
  (reshape y (loop for size in sizes for n in numbers collect (* n size))))

(defcomposite repeat ((X{T} repeats{lisp} &key (axis nil)) -> (Y{T}))
  "Each element of X `repeats` times in a row along an axis, or as one vector without :axis (as NumPy; PyTorch's repeat_interleave, and its
repeat is tile)."
  (:example (repeat (tensor '(1 2)) 2))
  (:test ((N 0 5)) (let ((x (random-tensor (list N) :f32))) (near (repeat x 2) (loop for e in (tensor->list x) collect e collect e))))
  (:ulp 0)
  (whole-number "a number of repetitions" repeats 0)
  (multiple-value-bind (x place) (flat-or-along X axis)
    (setf sizes (shape x))
    (setf before (subseq sizes 0 place) after (nthcdr (cl:1+ place) sizes) size (nth place sizes))
    (reshape (expand (reshape x before size 1 after) before size repeats after) before (* size repeats) after)))
