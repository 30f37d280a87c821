(cast (ones 2) "f32")
