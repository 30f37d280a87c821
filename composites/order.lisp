;;;; Order: sorting by ranks, searching.

(in-package :caten)

(defun comes-before (x i y j descending)
  "Whether element x at position i sorts before y at j: by value, NaN last, equal ones by position."
  (let* ((x-nan (logical-not (= x x))) (y-nan (logical-not (= y y)))
         (less (if descending (< y x) (< x y)))
         (equal (logical-or (= x y) (logical-and x-nan y-nan))))
    (logical-or (logical-or less (logical-and y-nan (logical-not x-nan)))
                (logical-and equal (< i j)))))

(defcomposite argsort ((X{T} &key (axis -1) (descending nil)) -> (I{i64}) where T in real)
  "The positions that sort X along an axis, stable: equal elements keep their order, NaN comes last, descending, too. Each element's rank is
counted, so n elements take n² comparisons, all of which can run at once."
  (:example (argsort (tensor '(3 1 2))))
  (:test ((N 0 9)) (let ((x (random-tensor (list N) :i32)))
                     (near (argsort x) (stable-sort (loop for k below N collect k) #'cl:< :key (lambda (k) (nth k (tensor->list x)))))))
  (:ulp 0)
  (multiple-value-bind (first back) (along-first X axis)
    (setf n (car (shape first)) rest (cdr (shape first)))
    (setf pair (list* n n rest))
    ;; ranks[i] = how many elements sort before element i
    (setf mine (expand (reshape first (list* n 1 rest)) pair) other (expand (reshape first (list* 1 n rest)) pair))
    (setf before (comes-before other (index 1 pair) mine (index 0 pair) descending))
    (setf ranks (reduce :add (cast before :i64) 1))
    (setf sorted (put (const 0 :i64 (shape first))
                      (cons ranks (loop for k from 1 to (length rest) collect (index k (shape first))))
                      (index 0 (shape first)) :set))
    (permute sorted back)))

(defcomposite sort ((X{T} &key (axis -1) (descending nil)) -> (Y{T}) where T in real)
  "X sorted along an axis; NaN comes last. See argsort."
  (:example (sort (tensor '(3 1 2))))
  (:test ((N 0 9)) (let ((x (random-tensor (list N) :f32))) (near (sort x) (cl:sort (copy-list (tensor->list x)) #'cl:<))))
  (:ulp 0)
  (gather X (argsort X :axis axis :descending descending) :axis axis))

(defcomposite topk ((X{T} k{size} &key (axis -1) (largest t)) -> (Y{T} I{i64}) where T in real)
  "The k largest (or smallest) elements along an axis, in order, and their positions; of equal ones the first. NaN comes last (PyTorch takes
it for the largest)."
  (:example (topk (tensor '(3 1 4 1 5)) 2))
  (:test ((N 1 9)) (let ((x (random-tensor (list N) :i32))) (near (topk x (cl:ceiling N 2)) (subseq (cl:sort (copy-list (tensor->list x)) #'cl:>) 0 (cl:ceiling N 2)))))
  (:ulp 0)
  (setf place (normalize-axis axis (rank X)))
  (setf size (nth place (shape X)))
  (when (and (integerp k) (integerp size) (cl:not (cl:<= 0 k size)))
    (refuse "topk takes more elements than the axis has, or fewer than none" (format nil "0 to ~d" size) k "give a smaller k, or another axis"))
  (setf order (argsort X :axis axis :descending largest))
  (setf best (slice-along order place 0 k 1))
  (return (gather X best :axis axis) best))

(defcomposite searchsorted ((sorted{T} values{T} &key (right nil)) -> (I{i64}) where T in real)
  "Where each value would be inserted into the sorted last axis so that it stays sorted: before equal elements, or after them if right. One
sorted vector serves values of any shape; else the leading sizes of both are equal. NaN sorts last."
  (:example (searchsorted (tensor '(1 3 5)) (tensor '(0 3 9))))
  (:test ((N 0 9)) (let ((x (sort (random-tensor (list N) :i32))) (v (random-tensor '(4) :i32)))
                     (near (searchsorted x v :right t) (mapcar (lambda (v) (count-if (lambda (e) (cl:<= e v)) (tensor->list x))) (tensor->list v)))))
  (:ulp 0)
  (when (= (rank sorted) 0) (refuse "searchsorted takes a sorted axis" "a tensor of rank 1 or more" "a scalar" "reshape it" 212))
  (unless (or (= (rank sorted) 1)
              (and (= (rank sorted) (rank values)) (equal (butlast (shape sorted)) (butlast (shape values)))))
    (refuse "the leading sizes of sorted and values differ" "one sorted vector, or equal sizes but the last"
            (format nil "~a and ~a" (shape sorted) (shape values)) "reshape one of them" 202))
  (setf n (first (last (shape sorted))))
  (setf row (if (= (rank sorted) 1) sorted (reshape sorted (append (butlast (shape sorted)) (list 1 n)))))
  (setf value (reshape values (append (shape values) '(1))))
  (setf nan-last (and (/= value value) (= row row)))
  (setf before (if right (or (<= row value) (/= value value)) (or (< row value) nan-last)))
  (reduce :add (cast before :i64) -1))
