(nn:relu (ones 2))
