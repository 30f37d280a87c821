(matmul (ones 2 3) (ones 4 5))
