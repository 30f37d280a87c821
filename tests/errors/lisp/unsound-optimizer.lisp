(defoptimizer add-one (+ ?x 1) -> ?x)
