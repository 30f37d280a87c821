(defcomposite inner ((X{T}[N]) -> (Y{T}[N]))
  "Fails inside."
  (+ X (ones 7)))
(defcomposite outer ((X{T}[N]) -> (Y{T}[N]))
  "Calls inner."
  (* 2
     (inner X)))
(outer (ones 3))
