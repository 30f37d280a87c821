(cast (ones 2))
