(rank '(1 2))
