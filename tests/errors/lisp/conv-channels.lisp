(conv2d (ones 1 3 8 8) (ones 4 1 3 3))
