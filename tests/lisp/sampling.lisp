;;;; Choosing tokens: what is known exactly, and what is refused.

(deftest filters-keep-the-first-of-equal-logits
  (check (near (top-k-logits (tensor '(1.0 2.0 2.0 2.0)) 2) (list -inf 2 2 -inf)))
  (check (near (top-k-logits (tensor (list 0.0 -0.0 -inf)) 1) (list 0 -inf -inf)))
  (check (near (top-k-logits (tensor '(1.0 2.0)) 9) '(1 2)))
  (check (near (top-p-logits (zeros 4) 0.5) (list 0 0 -inf -inf)))
  (check (near (top-p-logits (tensor (list 0.0 -inf 0.0)) 0.9) (list 0 -inf 0))))

(deftest samples-follow-seed-and-step
  (let ((logits (zeros 40 1000)))
    (check (near (sample logits 3 :seed 1) (sample logits 3 :seed 1)))
    (check (not (equal (tensor->list (sample logits 3 :seed 1)) (tensor->list (sample logits 3 :seed 2)))))
    (check (not (equal (tensor->list (sample logits 3 :seed 1)) (tensor->list (sample logits 4 :seed 1)))))
    ;; Steps of a loop are those of single calls.
    (check (near (nth-value 1 (scan 3 ((last (sample logits 9))) (i) (next (sample logits i)) :collect (sample logits i)))
                 (stack (sample logits 0) (sample logits 1) (sample logits 2)))))
  (check (near (sample (tensor (list -inf 0.0 -inf)) :temperature 5) 1))
  (check (near (sample (tensor '((3.0 4.0) (5.0 1.0))) :temperature 0 :top-k 1) '(1 0))))

(deftest what-cannot-be-sampled-is-refused
  (check-error 705 (sample (ones 3) :temperature -1))
  (check-error 705 (sample (ones 3) :top-k 0))
  (check-error 705 (sample (ones 3) :top-p 0))
  (check-error 705 (sample (ones 3) :top-p 3/2))
  (check-error 202 (sample (ones 3 0)))
  (check-error 705 (top-k-logits (ones 3) 0))
  (check-error 705 (top-p-logits (ones 3) 2)))
