(np.exp (ones 2))
