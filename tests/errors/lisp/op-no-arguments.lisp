(take (ones 3 2))
