(permute (ones 2 3 4) 1 0)
