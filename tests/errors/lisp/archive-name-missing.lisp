(save-npz "x.npz" (ones 2) "weight")
