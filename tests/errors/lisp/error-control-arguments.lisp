(error "the weights of ~a are missing")
