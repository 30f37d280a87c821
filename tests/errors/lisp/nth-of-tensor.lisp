(nth 0 (ones 3))
