(defcomposite extremes ((X{T}[N]) -> (LEAST{T}[] MOST{T}[]))
  "Two results are declared."
  (amax X))
(extremes (ones 2))
