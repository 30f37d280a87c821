(slice (ones 5) (0 7))
