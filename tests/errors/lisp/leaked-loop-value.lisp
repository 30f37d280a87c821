(let (last)
  (scan 3 ((s 0)) (i) (setf last (+ s i)) (next last))
  (+ last 1))
