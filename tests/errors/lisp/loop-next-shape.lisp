(scan 3 ((s (ones 2))) (i) (next (sum s)))
