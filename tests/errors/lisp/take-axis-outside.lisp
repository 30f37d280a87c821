(take (ones 3) 1 (tensor 0))
