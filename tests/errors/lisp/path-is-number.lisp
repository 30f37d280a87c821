(load-npy 5)
