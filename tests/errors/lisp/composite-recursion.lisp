(defcomposite endless ((X{T}[N]) -> (Y{T}[N]))
  "Calls itself."
  (endless X))
(endless (ones 2))
