(scan 3 ((a 0) (b 1)) (i) (next (+ a b)))
