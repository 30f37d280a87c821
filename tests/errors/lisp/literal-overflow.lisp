(const 300 :u8 2)
