(defcomposite twice ((x{T}[N]) -> (y{T}[N]))
  "Two times x."
  (:schedule (vectorise 8) (unrol 4))
  (+ x x))
