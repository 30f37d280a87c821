(consensual-program Belief
 (param V int)
 (param E int)
 (param ends (tensor i64 E))
 (value Message :dtype (latent 2 f64) :shape (seq E) :clock lamport :init 0.5)
 (value Node :dtype (scalar f64) :shape (graph V E) :clock lamport)
 (visible (Message e) (Node (at ends e)))
 (visible (Message e) (Message *))
 (rule Send
  :on (Message e)
  :reads ((belief (Node (at ends e))) (others (Message *)))
  :emit ((propose (Message e) (- (log (+ (exp belief) 1e-09)) (sqrt (max others 0.0))))))
 (commit (Message *) :policy (satisfy max-constraints-then-score) :isolation snapshot))
