(consensual-program Margolus
 (param phase int 0)
 (value Cell :dtype (scalar bool) :shape (grid 256 256) :clock lamport)
 (visible (Cell y x) (Cell (+ (* 2 (/ (+ y phase) 2)) (* -1 phase)) (+ (* 2 (/ (+ x phase) 2)) (* -1 phase)))
  :border wrap)
 (visible (Cell y x) (Cell y (+ x (* -2 (mod (+ x phase) 2)) 1))
  :pred (and (not (or (= y 0) (< x 1))) (not (= y 3))))
 (rule Turn
  :on (Cell y x)
  :reads ((corner (Cell (+ (* 2 (/ (+ y phase) 2)) (* -1 phase)) (+ (* 2 (/ (+ x phase) 2)) (* -1 phase)))))
  :emit ((propose (Cell y x) corner)))
 (commit (Cell *) :policy (satisfy max-constraints-then-score) :atomic proposal :isolation snapshot))
