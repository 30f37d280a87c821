;;;; Scans and order: cumulative sums, sorting.

(in-package :caten)

(defun along-first (x axis)
  "x with the axis moved to the front, and the axes that move it back."
  (let* ((rank (rank x)) (place (normalize-axis axis rank))
         (order (cons place (remove place (loop for k below rank collect k))))
         (back (loop for k below rank collect (position k order))))
    (values (permute x order) back)))

(defcomposite cumsum ((X{T} &key (axis 0)) -> (Y{T}) where T in numeric)
  "Y[i] = X[0] + … + X[i] along an axis; f16 and bf16 in f32."
  (:example (cumsum (tensor '(1 2 3))))
  (multiple-value-bind (first back) (along-first (widen X) axis)
    (setf size (car (shape first)))
    (multiple-value-bind (total sums)
        (loop size ((total (const 0 (dtype first) (cdr (shape first))))) (i)
          (setf next-total (+ total (take first 0 i)))
          (next next-total)
          :collect next-total)
      (declare (ignore total))
      (permute sums back))))

(defun comes-before (x i y j descending)
  "Whether element x at position i sorts before y at j: by value, NaN last, equal ones by position."
  (let* ((x-nan (logical-not (= x x))) (y-nan (logical-not (= y y)))
         (less (if descending (< y x) (< x y)))
         (equal (logical-or (= x y) (logical-and x-nan y-nan))))
    (logical-or (logical-or less (logical-and y-nan (logical-not x-nan)))
                (logical-and equal (< i j)))))

(defcomposite argsort ((X{T} &key (axis -1) (descending nil)) -> (I{i64}) where T in real)
  "The positions that sort X along an axis, stable: equal elements keep their order, NaN comes last (rank of each element,
then one write)."
  (:example (argsort (tensor '(3 1 2))))
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
  "X sorted along an axis; NaN comes last."
  (:example (sort (tensor '(3 1 2))))
  (:ulp 0)
  (gather X (argsort X :axis axis :descending descending) :axis axis))

(defcomposite topk ((X{T} k{size} &key (axis -1) (largest t)) -> (Y{T} I{i64}) where T in real)
  "The k largest (or smallest) elements along an axis, in order, and their positions; of equal ones the first."
  (:example (topk (tensor '(3 1 4 1 5)) 2))
  (:ulp 0)
  (setf order (argsort X :axis axis :descending largest))
  (setf best (slice-along order (normalize-axis axis (rank X)) 0 k 1))
  (return (gather X best :axis axis) best))
