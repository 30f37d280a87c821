(scan (ones 2) ((s 0)) (i) (next (+ s i)))
