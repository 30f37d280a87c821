(defcomposite f ((x{t}[N]) -> (y{t}[N])) (+ x (tensor ((1 2) (3 4)))))
(f (ones 2))
