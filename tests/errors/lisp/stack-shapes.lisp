(stack (ones 2) (ones 3))
