(linear (ones 2 3) (ones 4 3) (ones 5))
