(relu (1 2 3))
