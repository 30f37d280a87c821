(take (ones 3) 0 (tensor 1.5))
