(ir-of (composite ((A{T}[M, 2]) -> (B{T}[M, K]) where K = 3)
         (+ A 1)))
