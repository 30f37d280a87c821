(softmax (ones 2) :axis :last)
