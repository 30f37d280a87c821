(const 1.5 :i32 2)
