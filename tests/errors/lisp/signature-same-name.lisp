(defcomposite plus ((X{T}[N] X{T}[N]) -> (Y{T}[N]))
  "X + X."
  (+ X X))
