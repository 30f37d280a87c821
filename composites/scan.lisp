;;;; Scans: what a fold has reached at each place of an axis.

(in-package :caten)

(defun along-first (x axis)
  "x with the axis moved to the front, and the axes that move it back."
  (let* ((rank (rank x)) (place (normalize-axis axis rank))
         (order (cons place (remove place (loop for k below rank collect k))))
         (back (loop for k below rank collect (position k order))))
    (values (permute x order) back)))

(defun scan-along (combine init x axis &key exclusive reverse)
  "What `combine` of all elements up to each place of the axis yields, from `init` on."
  (multiple-value-bind (first back) (along-first (if reverse (flip x :axis axis) x) axis)
    (let* ((size (car (shape first)))
           (scanned (nth-value 1 (scan size ((total (const init (dtype first) (cdr (shape first))))) (i)
                                   (next (funcall combine total (take first 0 i)))
                                   :collect (if exclusive total (funcall combine total (take first 0 i))))))
           (result (permute scanned back)))
      (if reverse (flip result :axis axis) result))))

(defcomposite cumsum ((X{T} &key (axis 0) (exclusive nil) (reverse nil)) -> (Y{T}) where T in numeric)
  "Y[i] = X[0] + … + X[i] along an axis; without X[i] if exclusive, from the end if reverse (as ONNX). f16 and bf16 in f32."
  (:example (cumsum (tensor '(1 2 3))))
  (:test ((N 0 7))
         (let ((x (random-tensor (list N) :i32)))
           (and (near (cumsum x) (loop with total = 0 for e in (tensor->list x) collect (incf total e)))
                (near (+ (cumsum x :exclusive t :reverse t) (cumsum x)) (+ (sum x) (* 0 x))))))
  (:ulp 1 "of the number of terms times the sum of their magnitudes")
  (scan-along #'+ 0 (widen X) axis :exclusive exclusive :reverse reverse))

(defcomposite cumprod ((X{T} &key (axis 0)) -> (Y{T}) where T in real)
  "Y[i] = X[0] · … · X[i] along an axis. f16 and bf16 in f32."
  (:example (cumprod (tensor '(1 2 3))))
  (:test ((N 0 7)) (let ((x (random-tensor (list N) :i32))) (near (cumprod x) (loop with total = 1 for e in (tensor->list x) collect (setf total (cl:* total e))))))
  (:ulp 1 "of the number of factors times the result")
  (scan-along #'* 1 (widen X) axis))

(defcomposite cummax ((X{T} &key (axis 0)) -> (Y{T} I{i64}) where T in real)
  "The largest element up to each place along an axis, and its position; of equal ones the last, as PyTorch. From a NaN on NaN."
  (:example (cummax (tensor '(1 3 2 3))))
  (:test ((N 0 7))
         (let ((x (random-tensor (list N) :i32)))
           (near (cummax x) (loop with best = nil for e in (tensor->list x) collect (setf best (if best (cl:max best e) e))))))
  (:ulp 0)
  (multiple-value-bind (first back) (along-first X axis)
    (setf size (car (shape first)) rest (cdr (shape first)))
    ;; Before the first place, anything it takes the place of.
    (setf least (const (least-of (dtype X)) T rest))
    (multiple-value-bind (best place values places)
        (loop size ((best least) (place (const 0 :i64 rest))) (i)
          (setf x (take first 0 i))
          (setf wins (or (>= x best) (/= x x)))
          (setf next-best (if wins x best))
          (setf next-place (if wins i place))
          (next next-best next-place)
          :collect next-best next-place)
      (declare (ignore best place))
      (return (permute values back) (permute places back)))))

(defun least-of (dtype)
  "The least number of a real dtype."
  (ecase dtype
    ((:u8 :u16 :u32 :u64) 0)
    (:i8 -128) (:i16 -32768) (:i32 -2147483648) (:i64 -9223372036854775808)
    ((:f16 :bf16 :f32 :f64) -inf)))
