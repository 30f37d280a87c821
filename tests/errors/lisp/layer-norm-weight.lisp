(layer-norm (ones 2 3) (ones 4))
