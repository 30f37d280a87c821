;;;; The networks of examples/digits.daten and examples/digits-cnn.daten for digits_torch.py, which trains them once more.
;;;;
;;;;   caten run benchmarks/digits_training.lisp mlp|cnn SPLIT EPOCHS DROPOUT FOLDER
;;;;
;;;; Trains with the rows that daten takes for a split, in their order. Writes start.npz (first weights, the rows of all steps, the tested rows) and log.csv
;;;; into the folder, and prints the accuracy on the tested rows.

(defparameter *batch* 32)

(defun row-order (count seed epoch)
  "A permutation of so many rows, as training takes them."
  (destructuring-bind (array dtype . shape) (caten/primitive:row-order count seed epoch)
    (caten/tensor:make-leaf :data dtype shape :value array)))

(defun network (kind dropout)
  (if (string= kind "mlp")
      (nn:sequential (nn:linear 64 256) #'relu (nn:linear 256 10))
      (nn:sequential (lambda (x) (reshape x -1 1 8 8))
                     (nn:conv2d 1 32 3 :padding 1) (nn:batch-norm 32) #'relu
                     (nn:conv2d 32 64 3 :padding 1) (nn:batch-norm 64) #'relu (nn:max-pool 2)
                     (nn:flatten) (nn:dropout dropout) (nn:linear 1024 10))))

(destructuring-bind (kind split epochs dropout folder) *arguments*
  (let* ((seed (parse-integer split)) (epochs (parse-integer epochs)) (dropout (let ((*read-eval* nil)) (read-from-string dropout)))
         (table (load-csv (merge-pathnames "../examples/data/digits.csv.gz" *load-truename*))) (count (first (shape table)))
         (x (! (/ (slice table :all (0 64)) 16))) (y (! (cast (reshape (slice table :all (64 65)) count) :i64)))
         (order (row-order count seed 0)) (tested (cl:floor count 5)) (per-epoch (cl:floor (cl:- count tested) *batch*))
         (test (! (slice order (0 tested)))) (training (slice order (tested count)))
         (rows (! (apply #'concat (append (loop for epoch below epochs
                                                collect (take training 0 (slice (row-order (cl:- count tested) seed epoch) (0 (cl:* *batch* per-epoch)))))
                                          '(:axis 0)))))
         (net (progn (nn:manual-seed seed) (network kind dropout))) (examples (list (! (take x 0 rows)) (! (take y 0 rows)))))
    (flet ((file (name) (format nil "~a/~a" folder name)))
      (apply #'save-npz (file "start.npz") "rows" rows "test" test (loop for (key . value) in (nn:state-dict net) collect key collect value))
      (optim:train (optim:make-trainer net (lambda (net x y) (cross-entropy (funcall net x) y)) (loop for each in examples collect (slice each (0 *batch*)))
                                       :optimizer (optim:adamw :lr (optim:one-cycle 0.01 (cl:* epochs per-epoch))))
                   examples :batch-size *batch* :shuffle nil :log (file "log.csv"))
      (format t "accuracy ~,5f~%" (optim:accuracy net (take x 0 test) (take y 0 test))))))
