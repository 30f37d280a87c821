(defcomposite twice ((X{T}[N]) -> (Y{T}[N]) where N likes 3)
  "Twice X."
  (* 2 X))
