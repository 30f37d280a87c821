;;;; Handwritten digits, classified by their three nearest neighbours.
;;;;
;;;;   caten run examples/digits.lisp [sheet.png]
;;;;
;;;; Reads 1,797 real digits (examples/data/README.md), learns from the first 1,000 (by keeping them) and classifies the
;;;; other 797: squared distance to every known digit, the three smallest (of equal distances the earlier digit), and the
;;;; label that most of them have (of equal votes the smaller label). Prints accuracy and confusion matrix, and writes a
;;;; picture of the mistakes.

(defcomposite squared-distances ((A{T}[M K] B{T}[N K]) -> (D{T}[M N]) where T in real)
  "The squared Euclidean distance of every row of A to every row of B."
  (:example (squared-distances (tensor '((0 0) (3 4))) (tensor '((0 0)))))
  (setf difference (- (reshape A M 1 K) (reshape B 1 N K)))
  (sum (* difference difference) :axis -1))

(defcomposite nearest ((D{T}[M N] &key (k 3)) -> (I{i64}[C M]) where T in real)
  "The columns of the k smallest whole numbers of each row of D, the nearest first; of equal ones the first column."
  (:example (nearest (tensor '((4 1 1 0))) :k 3))
  ;; One integer for both: ordered by distance, then by column. Its negation, since the ops know max and not min.
  (setf order (neg (+ (* (cast D :i64) N) (index 1 M N))))
  (multiple-value-bind (left found)
      (loop k ((left order)) (i)
        (setf best (amax left :axis 1))
        (next (if (= left (reshape best M 1)) (- left (expt 2 40)) left))
        :collect (mod (neg best) N))
    (declare (ignore left))
    found))

(defcomposite majority ((L{i64}[K M] &key (classes 10)) -> (Y{i64}[M]))
  "The label that most of each column's K labels have; of equally frequent ones the smallest."
  (:example (majority (tensor '((7 1) (3 2) (7 3)) :dtype :i64)))
  (setf class (index 2 K M classes))
  (setf votes (sum (cast (= (reshape L K M 1) class) :i64) :axis 0))
  (setf best (amax (+ (* votes classes) (- (- classes 1) (index 1 M classes))) :axis 1))
  (- (- classes 1) (mod best classes)))

(defcomposite confusion-matrix ((truth{i64}[M] predicted{i64}[M] &key (classes 10)) -> (C{i64}[P Q]))
  "How often label q was predicted for label p."
  (:example (confusion-matrix (tensor '(0 1) :dtype :i64) (tensor '(1 1) :dtype :i64) :classes 2))
  (put (const 0 :i64 classes classes) (list truth predicted) (const 1 :i64 M) :add))

(defcomposite rows ((X{T}[N K] from{size} to{size}) -> (Y{T}[M K]))
  "Rows from … to - 1."
  (slice X (from to) :all))

(defcomposite sheet ((images{T}[N 8 8] &key (columns 10) (scale 4)) -> (S{f32}[H W]) where T in float)
  "Images of 0 … 16 side by side with a margin, dark on light, each pixel enlarged: values 0 … 1 for a PNG."
  (setf lines (ceiling N columns))
  (setf cell (+ 8 2))
  ;; Where each pixel of the sheet comes from.
  (setf height (* lines cell scale) width (* columns cell scale))
  (setf y (/ (index 0 height width) scale) x (/ (index 1 height width) scale))
  (setf image (+ (* (/ y cell) columns) (/ x cell)))
  (setf row (- (mod y cell) 1) column (- (mod x cell) 1))
  (setf inside (and (< image N) (and (and (>= row 0) (< row 8)) (and (>= column 0) (< column 8)))))
  (if inside (- 1 (/ (cast (take images (list image row column)) :f32) 16)) (const 0.9 :f32 height width)))

(defun print-matrix (matrix)
  (format t "     predicted~%true ~{~4d~}~%" (cl:loop for k below 10 collect k))
  (cl:loop for row in (tensor->list matrix)
           for label from 0
           do (format t "~4d ~{~4d~}~%" label row)))

(let* ((here (or *load-truename* *default-pathname-defaults*))
       (table (load-csv (merge-pathnames "data/digits.csv.gz" here)))
       (size (first (shape table)))
       (images (slice table (0 size) (0 64)))
       (labels* (cast (reshape (slice table (0 size) (64 65)) size) :i64))
       (split 1000)
       (tested (- size split))
       (known (take labels* 0 (index 0 split)))
       (truth (take labels* 0 (+ split (index 0 tested))))
       (found (nearest (squared-distances (rows images split size) (rows images 0 split)) :k 3))
       (predicted (majority (take known 0 found)))
       (matrix (confusion-matrix truth predicted))
       (right (cl:loop for row in (tensor->list matrix) for k from 0 sum (nth k row)))
       (mistakes (cl:loop for a in (tensor->list truth) for b in (tensor->list predicted) for k from split
                          unless (cl:= a b) collect k))
       (file (or (first *arguments*) "digits-mistakes.png")))
  (format t "~d of ~d right: ~,2f %~%~%" right tested (* 100.0 (cl:/ right tested)))
  (print-matrix matrix)
  (save-png file (sheet (reshape (take images 0 (tensor mistakes :dtype :i64)) (length mistakes) 8 8) :columns 7))
  (format t "~%~d mistakes: ~a~%" (length mistakes) file))
