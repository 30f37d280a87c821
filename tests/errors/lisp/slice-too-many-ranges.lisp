(slice (ones 5) (0 2) (0 2))
