(defcomposite "twice" ((X{T}[N]) -> (Y{T}[N])) "Twice X." (+ X X))
