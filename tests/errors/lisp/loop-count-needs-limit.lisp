(scan (sum (tensor '(1 2))) ((a 0)) (i) (next (+ a i)))
