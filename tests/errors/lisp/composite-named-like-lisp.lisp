(defcomposite list ((X{T}[N]) -> (Y{T}[N])) "X." X)
