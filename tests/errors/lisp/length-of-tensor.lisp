(length (ones 3))
