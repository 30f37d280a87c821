(matmul (ones 2 2))
