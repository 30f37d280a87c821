(ones 2 :dtype :float32)
