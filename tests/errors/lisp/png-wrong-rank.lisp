(save-png "x.png" (ones 4))
