(layers:relu (ones 2))
