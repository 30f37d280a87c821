(consensual-program TileMap
 (param H int 64)
 (param W int 64)
 (param Land palette)
 (param Weights model)
 (value Tile :dtype (token Terrain 4) :shape (grid H W) :clock lamport :init 0)
 (value Plan :dtype event :shape (set) :clock lamport)
 (visible (Tile y x) (Tile (+ y dy) (+ x dx)) :pred (and (in (dy dx) N4) (>= (+ y dy) 0)) :optional t)
 (rule Collapse
  :on (Tile y x)
  :reads ((neighbors (in N4) ?))
  :emit ((propose (Tile y x) (categorical (Weights neighbors :temperature 0.5))))
  :score (Weights neighbors))
 (constraint NoCliff
  :scope (Tile y x)
  :kind forbid
  :pred (and (= (ref Tile y x) 0) (or (= (ref Tile y (+ x 1)) 3) (= (ref Tile (+ y 1) x) 3)))
  :priority 50
  :weight 2)
 (constraint Border :scope (Tile 0 *) :kind forbid :pred (change) :priority 1000 :hard t)
 (constraint Coast :scope (Tile y (range 0 (+ W -1))) :kind require :pred (in-palette Land) :priority -1)
 (commit (Tile y *) :policy (satisfy max-constraints-then-score) :budget (/ (* H W) 8) :on-unsat (restart 5))
 (rule Schedule
  :on (Plan)
  :reads ()
  :emit ((propose (Plan) (SampleTiles :strategy "random" :epoch 1 :tile 8 :seed 7)))))
