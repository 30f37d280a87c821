(squeeze (ones 2 3) :axis 0)
