(max (tensor '(#c(1 2))) 0)
