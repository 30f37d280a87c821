(max-pool (ones 1 1 2 2) :kernel 5)
