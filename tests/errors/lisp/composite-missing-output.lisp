(defcomposite twice ((X{T}[N])) "Twice X." (+ X X))
