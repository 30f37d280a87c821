(+ (ones 2) weigth)
