;;;; Indexing: gathering, scattering, triangles. Indices that are out of range are clamped where elements are read, and left out where they
;;;; are written; under --check they are errors.

(in-package :caten)

(defun along (place indices like)
  "The indices along one axis, and the coordinates of their own tensor along all others."
  (loop for k below (rank like) collect (if (eql k place) indices (index k (shape indices)))))

(defun same-rank (name x indices)
  "Refuses indices of another rank than x."
  (unless (= (rank x) (rank indices))
    (refuse (format nil "~(~a~) takes indices of the rank of X" name) (format nil "rank ~d" (rank x)) (format nil "rank ~d" (rank indices))
            "unsqueeze the indices, or use index-select" 212)))

(defun from-start (indices size)
  "Negative indices counted from the end."
  (where (< indices 0) (+ indices size) indices))

(defcomposite gather ((X{T} indices{i64} &key (axis 0)) -> (Y{T}))
  "Y[…, i, …] = X[…, indices[…, i, …], …] along an axis; X and the indices have one rank, and the indices may be smaller along other axes
(as PyTorch's gather and ONNX's GatherElements; ONNX's Gather is index-select)."
  (:example (gather (tensor '((1 2) (3 4))) (tensor '((1 0)) :dtype :i64) :axis 0))
  (:test ((N 1 6)) (let ((x (random-tensor (list N) :f32))) (near (gather x (- (- N 1) (index 0 N))) (cl:reverse (tensor->list x)))))
  (:ulp 0)
  (setf place (normalize-axis axis (rank X)))
  (same-rank 'gather X indices)
  (take X (along place indices X)))

(defcomposite take-along-axis ((X{T} indices{i64} &key (axis -1)) -> (Y{T}))
  "gather with NumPy's rules: negative indices count from the end, and the other sizes of X and the indices broadcast."
  (:example (take-along-axis (tensor '((3 1 2))) (argsort (tensor '((3 1 2))))))
  (:test ((N 1 6)) (let ((x (random-tensor (list 2 N) :f32))) (near (take-along-axis x (argsort x)) (sort x)) (near (take-along-axis x (tensor '((-1)))) (slice x :all (-1 nil)))))
  (:ulp 0)
  (setf place (normalize-axis axis (rank X)))
  (same-rank 'take-along-axis X indices)
  (setf sizes (loop for a in (shape X) for b in (shape indices) collect (if (eql a 1) b a)))
  (setf wide (expand indices (loop for b in (shape indices) for s in sizes for k from 0 collect (if (= k place) b s))))
  (setf source (expand X (loop for a in (shape X) for s in sizes for k from 0 collect (if (= k place) a s))))
  (take source (along place (from-start wide (nth place (shape X))) source)))

(defcomposite index-select ((X{T} indices{i64} &key (axis 0)) -> (Y{T}))
  "The slices of X at the indices along an axis, which the axes of the indices take the place of; negative ones count from the end (as ONNX's
Gather and NumPy's take; PyTorch takes a vector)."
  (:example (index-select (tensor '((1 2) (3 4) (5 6))) (tensor '(2 0))))
  (:test ((N 1 6)) (let ((x (random-tensor (list N 2) :f32))) (near (index-select x (tensor '(0 -1))) (list (first (tensor->list x)) (first (last (tensor->list x)))))))
  (:ulp 0)
  (setf place (normalize-axis axis (rank X)))
  (take X place (from-start indices (nth place (shape X)))))

(defcomposite scatter ((X{T} indices{i64} updates{T} &key (axis 0) (reduction :none)) -> (Y{T}) where T in (real bool))
  "X with updates written at the places gather would read; :reduction :add, :mul or :max combines them with what is there (as ONNX's
ScatterElements). Of several updates for one place without a reduction the last in order stays; places out of range are left out."
  (:example (scatter (zeros 3) (tensor '(0 2)) (tensor '(5.0 6.0))))
  (:test ((N 1 6)) (let ((x (random-tensor (list N) :f32)) (u (random-tensor (list N) :f32)))
                     (near (gather (scatter x (argsort u) u) (argsort u)) u) (near (scatter x (index 0 N) u :reduction :add) (+ x u))))
  (:ulp 1 "of the number of updates of a place times the sum of their magnitudes, with a reduction")
  (setf place (normalize-axis axis (rank X)))
  (same-rank 'scatter X indices)
  (setf mode (one-of :reduction reduction '(:none :add :mul :max)))
  (put X (along place indices X) (fitting-updates updates indices) (if (cl:eq mode :none) :set mode)))

(defun fitting-updates (updates indices)
  "The part of the updates that the indices have a place for."
  (if (equal (shape updates) (shape indices))
      updates
      (progn
        (unless (and (= (rank updates) (rank indices)) (every (lambda (u i) (or (cl:not (integerp u)) (cl:not (integerp i)) (>= u i))) (shape updates) (shape indices)))
          (refuse "there are fewer updates than indices" (format nil "at least the sizes ~a" (shape indices)) (format nil "~a" (shape updates)) "give an update for each index" 202))
        (caten/ops:slice-ranges updates (mapcar (lambda (size) (list 0 size)) (shape indices))))))

(defcomposite scatter-add ((X{T} indices{i64} updates{T} &key (axis 0)) -> (Y{T}) where T in numeric)
  "X with updates added at the places gather would read; places out of range are left out."
  (:example (scatter-add (zeros 3) (tensor '(0 2 0) :dtype :i64) (ones 3)))
  (:test ((N 1 6)) (let ((x (random-tensor (list N) :f32))) (near (scatter-add (zeros 1) (* 0 (index 0 N)) x) (sum x :axis 0 :keepdims t) :atol 1e-5)))
  (:ulp 1 "of the number of updates of a place times the sum of their magnitudes")
  (setf place (normalize-axis axis (rank X)))
  (same-rank 'scatter-add X indices)
  (put X (along place indices X) (fitting-updates updates indices) :add))

(defcomposite one-hot ((indices{i64}[~] classes{size} &key (dtype :f32)) -> (Y{dtype}[~ classes]))
  "1 where the last axis counts to the index, else 0; all 0 for an index out of range. f32 unless :dtype says otherwise (PyTorch's is i64)."
  (:example (one-hot (tensor '(0 2) :dtype :i64) 3))
  (:test () (near (sum (one-hot (mod indices 7) 7) :axis -1) (ones (shape indices))) (near (argmax (one-hot (mod indices 7) 7)) (mod indices 7)))
  (:ulp 0)
  (cast (= (reshape indices ~ 1) (index (length ~) ~ classes)) dtype))

(defun row-and-column (leading rows columns)
  "The coordinates along the last two axes."
  (values (index (length leading) leading rows columns) (index (cl:1+ (length leading)) leading rows columns)))

(defcomposite tril ((X{T}[~ M N] &key (diagonal 0)) -> (Y{T}[~ M N]))
  "The lower triangle: zero where column > row + diagonal."
  (:example (tril (ones 3 3)))
  (:test ((M 0 4) (N 0 4)) (near (+ (tril X) (triu X :diagonal 1)) X))
  (:ulp 0)
  (multiple-value-bind (row column) (row-and-column ~ M N)
    (where (<= column (+ row diagonal)) X (const 0 T ~ M N))))

(defcomposite triu ((X{T}[~ M N] &key (diagonal 0)) -> (Y{T}[~ M N]))
  "The upper triangle: zero where column < row + diagonal."
  (:example (triu (ones 3 3)))
  (:test ((N 1 4)) (near (sum (triu (ones N N))) (cl:/ (cl:* N (cl:+ N 1)) 2)))
  (:ulp 0)
  (multiple-value-bind (row column) (row-and-column ~ M N)
    (where (>= column (+ row diagonal)) X (const 0 T ~ M N))))

(defcomposite diagonal ((X{T} &key (offset 0) (axis1 0) (axis2 1)) -> (Y{T}))
  "The elements X[…, i, …, i + offset, …] of two axes, as the last axis of the result (as NumPy)."
  (:example (diagonal (tensor '((1 2) (3 4)))))
  (:test ((N 1 5)) (near (diagonal (* 7 (eye N))) (full 7 N)) (near (sum (diagonal (ones 3 N) :offset 1)) (cl:min 3 (cl:- N 1))))
  (:ulp 0)
  (setf first (normalize-axis axis1 (rank X)) second (normalize-axis axis2 (rank X)))
  (when (= first second) (refuse "a diagonal runs through two different axes" "two axes" (format nil "~d and ~d" axis1 axis2) "choose another axis" 205))
  (unless (integerp offset) (refuse "the offset of a diagonal is no integer" "an integer" offset "give an integer"))
  (setf rest (loop for k below (rank X) unless (member k (list first second)) collect k))
  (setf moved (permute X (append rest (list first second))))
  (setf rows (nth first (shape X)) columns (nth second (shape X)))
  (setf count (max 0 (min (+ rows (cl:min offset 0)) (- columns (cl:max offset 0)))))
  (setf sizes (append (loop for k in rest collect (nth k (shape X))) (list count)))
  (setf step (index (length rest) sizes))
  (take moved (append (loop for k below (length rest) collect (index k sizes)) (list (- step (cl:min offset 0)) (+ step (cl:max offset 0))))))
