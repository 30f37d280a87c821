(shape 5)
