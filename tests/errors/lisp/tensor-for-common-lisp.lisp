(+ 1 (length (ones 3)))
