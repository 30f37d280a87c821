(save-csv "x.csv" (ones 2 2 2))
