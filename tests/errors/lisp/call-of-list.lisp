((ones 2 3) 0 1)
