(defoptimizer add-zero (+ ?x 0) ?x)
