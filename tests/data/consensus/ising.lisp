(consensual-program Ising
 (param H int 64)
 (param W int 64)
 (param beta (scalar f32) 0.44)
 (value Spin :dtype (token Sign 2) :shape (grid H W) :clock lamport :init (bernoulli 0.5))
 (value Plan :dtype event :shape (set) :clock lamport)
 (visible (Spin y x) (Spin (+ y dy) (+ x dx)) :pred (in (dy dx) N4) :border wrap)
 (rule HeatBath
  :on (Spin y x)
  :reads ((neighbors (in N4)))
  :emit ((propose (Spin y x) (bernoulli (sigmoid (* 2 beta (sum (- (* 2 neighbors) 1))))))))
 (commit (Spin *) :policy (satisfy max-constraints-then-score))
 (rule Schedule :on (Plan) :reads () :emit ((propose (Plan) (SampleTiles :strategy "red-black" :epoch 0)))))
