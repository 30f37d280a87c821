(defcomposite pairs ((X{T}[(* 2 H)]) -> (Y{T}[H 2]))
  "Pairs."
  (reshape X H 2))
(pairs (ones 5))
