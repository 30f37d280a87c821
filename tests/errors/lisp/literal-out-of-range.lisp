(tensor '(1 2 300) :dtype :u8)
