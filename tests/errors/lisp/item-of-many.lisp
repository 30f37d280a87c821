(item (ones 2 2))
