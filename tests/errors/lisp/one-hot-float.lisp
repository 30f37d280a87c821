(one-hot (ones 3) 4)
