(load-npy "weights.safetensors")
