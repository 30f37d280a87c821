(defcomposite positive ((X{T}[N]) -> (Y{T}[N]))
  "Whether X is positive, in the wrong dtype."
  (> X 0))
(positive (ones 2))
