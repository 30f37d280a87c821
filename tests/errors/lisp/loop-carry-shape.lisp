(scan 3 ((a (ones 2))) (i) (next (reshape a 2 1)))
