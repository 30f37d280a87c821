;;;; Arithmetic that is generic over numbers, sizes and tensors.

(deftest numbers-are-numbers
  (check (= 3 (+ 1 2)))
  (check (= -2 (- 2)))
  (check (= 1/3 (/ 1 3)))
  (check (= 5 (max 1 5 2)))
  (check (equal '(3 1) (multiple-value-list (floor 7 2))))
  (check (= 3 (abs -3)))
  (check (< 1 2 3))
  (check (not (< 1 3 2)))
  (check (equal '(1 2 3) (sort (list 3 1 2) #'<)))
  (check (= 6 (reduce #'+ '(1 2 3)))))

(deftest dtypes-promote
  (check (eq :f32 (dtype (+ (ones 2) 1))))
  (check (eq :f32 (dtype (+ (tensor '(1 2)) 0.5))))
  (check (eq :f16 (dtype (* (ones 2 :dtype :f16) (tensor '(1 2))))))
  (check (eq :f32 (dtype (+ (ones 2 :dtype :f16) (ones 2 :dtype :bf16)))))
  (check (eq :i64 (dtype (+ (ones 1 :dtype :u32) (ones 1 :dtype :i32)))))
  (check (eq :i16 (dtype (+ (ones 1 :dtype :u8) (ones 1 :dtype :i8)))))
  (check (eq :c128 (dtype (* (ones 1 :dtype :f64) #c(0 1)))))
  (check (eq :f32 (dtype (sqrt (tensor '(4))))))
  (check (eq :bool (dtype (< (ones 2) 3))))
  (check-error 210 (+ (ones 1 :dtype :u8) 300))
  (check-error 204 (ones 2 :dtype :f33))
  (check-error 705 (+ (ones 2) "a")))

(deftest shapes-broadcast
  (check (equal '(2 3) (shape (+ (ones 2 1) (ones 3)))))
  (check (near (+ (tensor '((1) (2))) (tensor '(10 20))) '((11 21) (12 22))))
  (check-error 202 (+ (ones 2) (ones 3)))
  (check (equal '(4 2) (shape (expand (ones 2) 4 -1))))
  (check (equal '(3 2) (shape (reshape (ones 6) 3 -1))))
  (check-error 207 (reshape (ones 6) 4)))

(deftest subtraction-and-minimum
  (check (near (- (tensor '(1 2) :dtype :u8) 1) '(0 1)))
  (check (near (- 5 (tensor '(1 2))) '(4 3)))
  (check (near (- (tensor '(1.5 -2))) '(-1.5 2)))
  (check (near (min (tensor '(1 -3)) (tensor '(-1 2))) '(-1 -3)))
  (check (near (min (tensor '(1 -3.5)) 0) '(0 -3.5)))
  (check (near (min (tensor '(200 3) :dtype :u8) 7) '(7 3)))
  (check (near (/ (tensor '(7 -7)) 2) '(3 -4)))
  (check (near (/ (tensor '(2.0 4.0))) '(0.5 0.25)))
  (check (near (mod (tensor '(7 -7)) 3) '(1 2))))

(deftest comparisons-and-logic
  (check (near (<= (tensor '(1 2 3)) 2) '(t t nil)))
  (check (near (/= (tensor '(1 2)) 2) '(t nil)))
  (check (near (< 0 (tensor '(-1 1 5)) 3) '(nil t nil)))
  (check (near (logical-or (tensor '(t nil)) (tensor '(nil nil))) '(t nil)))
  (check (near (logical-not (tensor '(0 -1))) '(-1 0)))
  (check (near (where (> (tensor '(-1 2)) 0) 1 0) '(0 1)))
  (check-error 203 (logical-not (ones 2))))

(deftest views-and-access
  (check (near (slice (tensor '(0 1 2 3 4)) (1 4)) '(1 2 3)))
  (check (near (slice (tensor '(0 1 2 3 4)) (nil nil -2)) '(4 2 0)))
  (check (near (slice (tensor '((0 1) (2 3))) :all (-1 nil)) '((1) (3))))
  (check (near (slice-along (tensor '((0 1) (2 3))) 0 1 2) '((2 3))))
  (check (near (permute (tensor '((0 1) (2 3))) 1 0) '((0 2) (1 3))))
  (check (near (take (tensor '(10 20 30)) 0 (tensor '(2 0))) '(30 10)))
  (check (near (take (tensor '((1 2) (3 4))) (list (tensor '(0 1)) (tensor '(1 1)))) '(2 4)))
  (check (near (put (zeros 3) 0 (tensor '(1 1)) (tensor '(2.0 3.0)) :add) '(0 5 0)))
  (check (near (reduce :max (tensor '((1 5) (7 2))) 1) '(5 7)))
  (check (near (reduce :add (tensor '((1 5) (7 2)))) 15))
  (check (near (index 1 2 3) '((0 1 2) (0 1 2))))
  (check-error 205 (reduce :add (ones 2) 3))
  (check-error 209 (slice (ones 3) (0 5)))
  (check-error 206 (permute (ones 2 2) 0 0)))

(deftest loops
  (check (= 8 (item (scan 5 ((a 1) (b 1)) (i) (next b (+ a b))))))
  (check (near (nth-value 1 (scan 4 ((s 0)) (i) (next (+ s i)) :collect s)) '(0 0 1 3)))
  (check (= 3 (item (nth-value 1 (scan 10 ((s 0)) (i) (next (+ s 1)) :until (>= s 2))))))
  (check-error 110 (let (leaked) (scan 3 ((s 0)) (i) (setf leaked s) (next (+ s 1))) (+ leaked 1)))
  (check-error 211 (scan 3 ((s (ones 2))) (i) (next (ones 3)))))
