(consensual-program Weather
 (param Physics model)
 (param Sensors region)
 (param T int 24)
 (value Coarse :dtype (scalar f32) :shape (grid3d T 16 16) :clock lamport)
 (value Fine :dtype (scalar f32) :shape (grid3d T 128 128) :clock lamport :partition (axis 1))
 (value Plan :dtype event :shape (set) :clock lamport)
 (visible (Fine t x y) (Coarse t (/ x 8) (/ y 8)) :pred (and (< 0 t) (< (mod x 8) 4)))
 (visible (Fine t x y) (Fine (+ t -1) x y) :pred (< 0 t))
 (visible (Fine t x y) (Fine t (+ x i) (+ y j))
  :pred (in (i j) (offsets (0 1) (1 0) (-1 -2)))
  :border (pad -273.15))
 (rule Forecast
  :on (Fine t x y)
  :reads ((prev) (neighbours (in (offsets (-1 -2) (0 1) (1 0)))) (Coarse))
  :emit ((propose (Fine t x y) (+ (Physics prev neighbours coarse :step 1) (* (- t 1) -2))))
  :score (- (abs (- prev (mean neighbours)))))
 (constraint Measured :scope (Fine t (region Sensors)) :kind forbid :pred (change) :priority 1000 :hard t)
 (constraint Causal :scope (Fine t x y) :kind forbid :pred (read-future) :priority 9)
 (constraint Smooth
  :scope (Fine t x y)
  :kind require
  :pred (or (and (< (abs (- (ref Fine t x y) (ref Fine t (+ x 1) y))) 2.5) (not (change))) (= t 0))
  :priority 5
  :weight 3)
 (commit (Fine t * *) :policy (satisfy max-constraints-then-score) :budget 100)
 (rule Schedule
  :on (Plan)
  :reads ()
  :emit ((propose (Plan) (SampleTiles :strategy "wavefront" :epoch T :phase (mod T 2))))))
