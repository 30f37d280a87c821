(arange 0 4)
