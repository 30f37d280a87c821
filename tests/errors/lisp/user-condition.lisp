(error (quote shape-error))
