(where (> (ones 2) 0))
