(zeros 2.5)
