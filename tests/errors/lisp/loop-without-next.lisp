(scan 3 ((s 0)) (i) (+ s i))
