(reshape (ones 7) 2 -1)
