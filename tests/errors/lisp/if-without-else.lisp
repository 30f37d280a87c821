(defcomposite clipped ((X{T}[N]) -> (Y{T}[N]))
  "One arm is missing."
  (if (> X 0) X))
(clipped (ones 2))
