(matmul (ones 3) (ones 3 2))
