(== (ones 2) (ones 2))
