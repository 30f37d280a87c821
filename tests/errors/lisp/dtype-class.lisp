(relu (tensor '(#c(1 2))))
