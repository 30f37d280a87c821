(sum (ones 2 3) :axis 2)
