(reshape (ones 6) -1 -1)
