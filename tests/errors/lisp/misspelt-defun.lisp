(defunn f (x) x)
