(defcomposite twice ((X{T}[N]) -> (Y{S}[N]))
  "Twice X."
  (* 2 X))
