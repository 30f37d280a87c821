(defcomposite twice ((X{T}[N "M"]) -> (Y{T}[N]))
  "Twice X."
  (* 2 X))
