(expand (ones 3) 6)
