(split (ones 5) (list 2 2))
