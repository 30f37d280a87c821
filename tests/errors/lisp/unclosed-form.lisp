(defcomposite twice ((X{T}[N]) -> (Y{T}[N]))
  (* 2 X)
