;;;; Tensors made of sizes and numbers.

(in-package :caten)

(document-function zeros (&rest dims-and-keywords)
  "A tensor of zeros, f32 unless :dtype says otherwise."
  (:example (zeros 2 3 :dtype :f64))
  (:test ((N 0 5)) (near (zeros N 2) (loop repeat N collect '(0 0))))
  (:ulp 0))

(document-function ones (&rest dims-and-keywords)
  "A tensor of ones, f32 unless :dtype says otherwise."
  (:example (ones 2 3))
  (:test ((N 0 5)) (near (ones N 2) (loop repeat N collect '(1 1))))
  (:ulp 0))

(document-function full (value &rest dims-and-keywords)
  "A tensor filled with a number, f32 unless :dtype says otherwise."
  (:example (full 7 2 3 :dtype :i32))
  (:test ((N 0 5)) (near (full 7 N) (loop repeat N collect 7)))
  (:ulp 0))

(defmaker arange (end &key (start 0) (step 1) (dtype :i64) shape)
  "Numbers from start by step, as many as Python's range has, each start + i·step; in another shape if :shape gives one."
  (:example (arange 6 :shape '(2 3)))
  (:test ((N 0 6)) (near (arange N) (loop for k below N collect k)) (near (arange (cl:- N) :start 5 :step -2) (loop for k from 5 above (cl:- N) by 2 collect k)))
  (:ulp 1)
  (when (eql step 0) (refuse "arange by steps of 0 has no end" "a step that is not 0" step "give another :step"))
  (let* ((count (cl:max 0 (cl:ceiling (cl:- end start) step)))
         (places (index 0 count))
         (exact (and (integerp start) (integerp step)))
         (whole (if exact (+ start (* step places)) (+ (coerce start 'double-float) (* (coerce step 'double-float) (cast places :f64))))))
    (cast (if shape (reshape whole shape) whole) dtype)))

(defmaker linspace (start stop count &key (endpoint t) (dtype :f32))
  "`count` numbers from start to stop at equal distances, computed in f64, from the nearer end; without stop itself unless endpoint."
  (:example (linspace 0 1 5))
  (:test ((N 2 6)) (near (linspace -1 2 N) (loop for k below N collect (cl:- (cl:/ (cl:* 3 k) (cl:1- N)) 1))) (near (linspace 0 N N :endpoint nil) (arange N)))
  (:ulp 1 "of the larger of |start| and |stop|")
  (whole-number "the count of linspace" count 0)
  (let* ((places (cast (index 0 count) :f64))
         (start (coerce start 'double-float)) (stop (coerce stop 'double-float))
         (parts (if endpoint (cl:max 1 (cl:1- count)) (cl:max 1 count)))
         (step (cl:/ (cl:- stop start) parts)))
    (cast (where (< (* 2 places) parts) (+ start (* step places)) (- stop (* step (- parts places)))) dtype)))

(defmaker eye (rows &key (columns rows) (diagonal 0) (dtype :f32))
  "The unit matrix, with ones where column = row + diagonal."
  (:example (eye 3))
  (:test ((N 0 4)) (near (eye N) (loop for i below N collect (loop for j below N collect (if (cl:= i j) 1 0)))) (near (eye N :columns 3 :diagonal 1) (tril (triu (ones N 3) :diagonal 1) :diagonal 1)))
  (:ulp 0)
  (cast (= (index 1 rows columns) (+ (index 0 rows columns) diagonal)) dtype))

(defmaker meshgrid (xs &key (indexing :ij))
  "For vectors in a list as many tensors, as multiple values: the k-th holds the coordinates of the k-th vector at each point of the grid they
span. :indexing :xy turns the first two axes around (NumPy's default; PyTorch's is :ij)."
  (:example (meshgrid (list (tensor '(1 2)) (tensor '(3 4 5)))))
  (:test ((M 0 3) (N 0 4)) (near (meshgrid (list (arange M) (arange N))) (index 0 M N)) (near (nth-value 1 (meshgrid (list (arange M) (arange N)) :indexing :xy)) (index 0 N M)))
  (:ulp 0)
  (let* ((mode (one-of :indexing indexing '(:ij :xy)))
         (sizes (loop for x in xs
                      collect (if (cl:= 1 (rank x)) (first (shape x)) (refuse "meshgrid takes vectors" "rank 1" (format nil "rank ~d" (rank x)) "reshape it" 212))))
         (order (loop for k below (length xs) collect k)))
    (when (and (cl:eq mode :xy) (rest order)) (setf order (list* 1 0 (cddr order))))
    (values-list (loop for x in xs
                       for size in sizes
                       for k from 0
                       for place = (position k order)
                       collect (expand (reshape x (loop for j below (length xs) collect (if (cl:= j place) size 1))) (loop for j in order collect (nth j sizes)))))))
