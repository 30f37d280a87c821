(zeros 2 :dtype :float32)
