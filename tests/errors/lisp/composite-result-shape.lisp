(defcomposite total ((X{T}[M N]) -> (Y{T}[M]))
  "The sums of rows, says the signature."
  (sum X :axis 0))
(total (ones 2 3))
