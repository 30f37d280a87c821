(error "the weights of ~a are missing" "layer 3")
