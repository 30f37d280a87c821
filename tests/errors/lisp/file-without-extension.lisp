(save-npy "weights" (ones 2))
