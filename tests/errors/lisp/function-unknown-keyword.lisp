(arange 4 :setp 2)
