(reshape (ones 2 3) 4)
