(load-npy "no-such-file.npy")
