;;;; Weights in few bits: states and modules.

(defparameter *state*
  (progn (nn:manual-seed 3)
         (nn:state-dict (nn:sequential (nn:linear 64 32) #'relu (nn:linear 32 5)))))

(defun small-model () (nn:manual-seed 3) (nn:sequential (nn:linear 64 32) #'relu (nn:linear 32 5)))

(deftest states-are-quantised-by-key
  (let ((q (nn:quantize-state *state* :format :q4-0)))
    (check (equal '("0.weight.q4_0" "0.weight.q4_0.scale" "0.bias" "2.weight.q4_0" "2.weight.q4_0.scale" "2.bias") (mapcar #'car q)))
    (check (equal '(:u8 :f16 :f32 :u8 :f16 :f32) (mapcar (lambda (entry) (dtype (cdr entry))) q)))
    (check (equal (mapcar #'car *state*) (mapcar #'car (nn:dequantize-state q))))
    (check (every (lambda (a b) (near (cdr a) (cdr b) :atol 0.03)) *state* (nn:dequantize-state q))))
  (check (equal '("0.weight" "0.bias" "2.weight.int8" "2.weight.int8.scale" "2.bias")
                (mapcar #'car (nn:quantize-state *state* :format :int8 :except '("0.")))))
  (check (equal '("0.weight" "0.bias" "2.weight.q8_0" "2.weight.q8_0.scale" "2.bias")
                (mapcar #'car (nn:quantize-state *state* :format '(("2.weight" . :q8-0))))))
  ;; Rows that are no whole blocks stay, and so do vectors.
  (check (equal '("weight" "v.weight") (mapcar #'car (nn:quantize-state (list (cons "weight" (ones 3 33)) (cons "v.weight" (ones 32))))))))

(deftest what-quantising-costs-is-measured
  (destructuring-bind ((key format before after error) other) (nn:compare-states *state* (nn:quantize-state *state* :format :q8-0))
    (check (equal '("0.weight" :q8-0) (list key format)))
    (check (equal '(8192 2176) (list before after)))
    (check (< 0.001 error 0.01))
    (check (equal "2.weight" (first other))))
  (check (equal '(("0.weight" . :q8-0) ("2.weight" . :q8-0)) (nn:choose-formats *state* :limit 1/50)))
  (check (equal '(("0.weight" . :q4-0) ("2.weight" . :q4-0)) (nn:choose-formats *state* :limit 1/5)))
  (check (null (nn:choose-formats *state* :limit 0))))

(deftest formats-are-chosen-by-a-loss
  (let* ((m (small-model)) (x (random-tensor '(8 64) :f32)) (y (! (funcall m x))) (before (nn:state-dict m)))
    (flet ((loss (state) (nn:load-state-dict m state) (mean (abs (- (funcall m x) y)))))
      (let ((chosen (nn:choose-formats before :limit 1/100 :loss #'loss)))
        (check (equal '("0.weight" "2.weight") (mapcar #'car chosen)))
        (check (< (item (loss (nn:dequantize-state (nn:quantize-state before :format chosen)))) 1/25)))
      (nn:load-state-dict m before)
      (check (near (funcall m x) y)))))

(deftest modules-compute-with-quantised-weights
  (dolist (format '(:int8 :q8-0 :q4-0))
    (let* ((m (small-model)) (x (random-tensor '(7 64) :f32)) (state (nn:quantize-state (nn:state-dict m) :format format)))
      (nn:load-state-dict m (nn:dequantize-state state))
      (let ((expected (! (funcall m x))))
        (nn:load-state-dict m *state*)
        (check (eq m (nn:quantize-module m :format format)))
        (check (near (funcall m x) expected :rtol 1e-3 :atol 1e-4))
        (check (equal (sort (mapcar #'car state) #'string<) (sort (mapcar #'car (nn:state-dict m)) #'string<)))
        (check (= 37 (nn:parameter-count m)))
        (with-folder (folder)
          (let ((path (in-folder folder "q.safetensors")) (other (nn:quantize-module (nn:sequential (nn:linear 64 32) #'relu (nn:linear 32 5)) :format format)))
            (nn:save-state m path)
            (nn:load-state other path)
            (check (near (funcall other x) (funcall m x) :rtol 0))))))))

(deftest a-linear-layer-alone-and-layers-that-stay
  (let ((m (nn:quantize-module (nn:linear 32 4 :bias nil) :format :q8-0)))
    (check (equal '("weight.q8_0" "weight.q8_0.scale") (mapcar #'car (nn:state-dict m))))
    (check (equal '(2 4) (shape (funcall m (ones 2 32))))))
  (let ((m (nn:quantize-module (small-model) :format :q4-0 :except '("2."))))
    (check (find "2.weight" (mapcar #'car (nn:state-dict m)) :test #'string=))
    (check (near (funcall m (zeros 1 64)) (funcall m (zeros 1 64))))))

(deftest what-does-not-fit-is-refused
  (check-error 705 (nn:quantize-state *state* :format :q5-0))
  (check-error 705 (nn:quantize-module (small-model) :format :q8))
  (check-error 804 (nn:quantize-state *state* :format '(("0.bias" . :q8-0))))
  (check-error 804 (nn:compare-states '() (nn:quantize-state *state*))))

(deftest convolutions-and-embeddings-are-quantised
  (nn:manual-seed 5)
  (let* ((net (nn:sequential (nn:conv2d 32 4 3 :padding 1 :stride 2) #'relu (nn:conv2d 4 3 1)))
         (x (random-tensor '(2 32 6 6) :f32)) (before (! (funcall net x))) (state (nn:state-dict net)))
    (nn:quantize-module net :format :q8-0)
    (check (equal '("0.weight.q8_0" "0.weight.q8_0.scale" "0.bias" "2.weight" "2.bias") (mapcar #'car (nn:state-dict net))))
    (check (equal '(4 288) (shape (cdr (assoc "0.weight.q8_0" (nn:state-dict net) :test #'string=)))))
    (check (near (funcall net x) before :atol 0.02 :rtol 0.02))
    (check (< (fifth (first (nn:compare-states state (nn:state-dict net)))) 0.01)))
  (dolist (format '(:int8 :q8-0 :q4-0))
    (let* ((table (nn:embedding 10 32)) (indices (tensor '((3 9) (0 3)))) (before (! (funcall table indices))))
      (nn:quantize-module table :format format)
      (check (equal '(2 2 32) (shape (funcall table indices))))
      (check (near (funcall table indices) before :atol (if (eq format :q4-0) 0.4 0.03))))))
