(defcomposite halves ((X{T}[N]) -> (Y{T}[H 2]) where N = (* 2 H) H >= 2)
  "Pairs."
  (reshape X H 2))
(halves (ones 2))
