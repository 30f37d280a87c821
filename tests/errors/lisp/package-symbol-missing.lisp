(caten/tensor:no-such-name 1)
