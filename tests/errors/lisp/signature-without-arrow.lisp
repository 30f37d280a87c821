(defcomposite twice (X{T}[N])
  "Twice X."
  (* 2 X))
