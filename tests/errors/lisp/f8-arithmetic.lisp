(+ (ones 2 :dtype :f8e4m3) 1)
