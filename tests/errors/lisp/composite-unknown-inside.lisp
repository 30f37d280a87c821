(defcomposite encoder ((X{T}[N]) -> (Y{T}[N]))
  "A block."
  (rleu (+ X 1)))
(encoder (ones 3))
