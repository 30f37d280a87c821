(attention (ones 1 4 8) (ones 1 4 6) (ones 1 4 8))
