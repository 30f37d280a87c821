(list #<tensor f32[2]>)
