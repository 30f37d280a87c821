(consensual-program Life
 (value Cell :dtype (token State 2) :shape (grid 1024 1024) :clock lamport)
 (visible (Cell y x) (Cell (+ y dy) (+ x dx))
  :pred (in (dy dx) (offsets (-1 -1) (-1 0) (-1 1) (0 -1) (0 1) (1 -1) (1 0) (1 1)))
  :border (pad 0))
 (visible (Cell y x) (Cell y x))
 (rule Step
  :on (Cell y x)
  :reads ((around (Cell (+ y 1) (+ x -1))) (neighbors (in N8)) (own (Cell y x)))
  :emit ((propose (Cell y x) (where (or (= (count neighbors) 3) (and (= own 1) (= (count neighbors) 2))) 1 0))))
 (commit (Cell *) :policy (satisfy max-constraints-then-score) :isolation snapshot))
