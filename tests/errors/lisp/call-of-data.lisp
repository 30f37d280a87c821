(tensor (1 2))
