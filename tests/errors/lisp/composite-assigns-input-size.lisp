(defcomposite double-rows ((X{T}[M N]) -> (Y{T}[(* 2 M) N]))
  "X above itself."
  (concat X X :axis 1))
(double-rows (ones 2 3))
