(consensual-program Caption
 (value Txt :dtype (token BPE) :shape (seq N) :clock lamport)
 (value Hidden :dtype (latent (* 2 D) bf16) :shape (seq N) :clock lamport :partition (axis 0))
 (value Plan :dtype event :shape (set) :clock lamport)
 (visible (Txt i) (Txt (range 0 (+ i -1))) :pred (< 0 i))
 (visible (Txt i) (Hidden *) :optional t)
 (rule Speak
  :on (Txt i)
  :reads ((past (Txt (range 0 (+ i -1)))) (hidden ?))
  :emit ((propose (Txt i) (Decoder past hidden)))
  :score (DecoderScore |...| :temperature 1.0))
 (constraint Grammar :scope (Txt *) :kind require :pred (accepts "json") :priority 100 :hard t)
 (constraint Style :scope (Txt i) :kind forbid :pred (in-palette "rude") :priority 10)
 (commit (Txt *) :policy (satisfy max-constraints-then-score) :budget 4 :on-unsat least)
 (rule Schedule
  :on (Plan)
  :reads ()
  :emit ((propose (Plan) (SampleTiles :strategy "maskgit-cosine" :epoch e :steps 8 :budget 4)))))
