(tensor '(1 2) :dtype)
