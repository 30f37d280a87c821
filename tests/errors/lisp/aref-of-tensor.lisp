(aref (ones 3) 0)
