(gather (ones 2 3) (ones 2 3) :axis 1)
