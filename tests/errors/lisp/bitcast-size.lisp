(bitcast (ones 3) :f64)
