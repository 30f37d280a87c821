(zeros 2 -3)
