;;;; Quantised weights: what is known exactly, and what is refused.

(deftest whole-numbers-and-scales
  (multiple-value-bind (q scale) (quantize-int8 (tensor '((127.0 -63.5) (0.0 0.0))) :axis 0)
    (check (equal '((127 -64) (0 0)) (tensor->list q)))
    (check (equal '((1.0) (0.0)) (mapcar (lambda (row) (mapcar #'float row)) (tensor->list scale)))))
  (check (equal '(1 1) (shape (nth-value 1 (quantize-int8 (ones 2 3))))))
  (check (equal '(3) (shape (nth-value 1 (quantize-int8 (ones 3) :axis 0)))))
  ;; Of 8 and -8 the first one decides; the other is one more than there is room for.
  (let ((x (* 8 (- 1 (* 2 (mod (arange 32 :dtype :f32) 2))))))
    (multiple-value-bind (q d) (quantize-q4-0 x)
      (check (near d '(-1)))
      (check (near (dequantize-q4-0 q d) (where (< x 0) -7 8))))))

(deftest blocks-have-32-elements
  (check-error 305 (quantize-q8-0 (ones 2 33)))
  (check-error 305 (quantize-q4-0 (ones 31)))
  (check-error 202 (linear-q8-0 (ones 64) (ones 2 32 :dtype :i8) (ones 2 1 :dtype :f16)))
  (check-error 202 (linear-int8 (ones 3) (ones 2 3 :dtype :i8) (ones 3 1)))
  (check-error 201 (linear-q4-0 (ones 32) (ones 2 16 :dtype :i8) (ones 2 1 :dtype :f16))))

(deftest products-have-derivatives-by-their-inputs
  (let ((x (random-tensor '(3 64) :f32)) (w (random-tensor '(5 64) :f32)) (dy (random-tensor '(3 5) :f32)))
    (flet ((same (form dequantized)
             (check (near (vjp form x :cotangent dy) (matmul dy dequantized) :rtol 1e-4 :atol 1e-3))))
      (multiple-value-bind (q d) (quantize-q4-0 w)
        (same (lambda (x) (linear-q4-0 x q d)) (dequantize-q4-0 q d)))
      (multiple-value-bind (q d) (quantize-q8-0 w)
        (same (lambda (x) (linear-q8-0 x q d)) (dequantize-q8-0 q d)))
      (multiple-value-bind (q s) (quantize-int8 w :axis 0)
        (same (lambda (x) (linear-int8 x q s)) (dequantize-int8 q s))))))
