(let ((a (ones 2 3))
      (b (ones 4)))
  (+ a b))
