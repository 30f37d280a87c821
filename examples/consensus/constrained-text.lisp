;;;; The models of constrained-text.lmpm. S states, V letters; U = V + 1 counts "no letter" too, which is the id V.

(defcomposite letter-chances ((bigram{f64}[U V]) -> (P{f64}[U V]))
  "The chance of each letter behind each letter, and (last) behind none."
  (:example (letter-chances (const 0 :f64 3 2)))
  (softmax bigram :axis 1))

(defcomposite completion-masses ((end{i64}[B] after{f64}[B W] letter{i32}[B] table{i32}[S U] bigram{f64}[U V]) -> (M{f64}[B W])
                                 where W = (* S U))
  "How probable an accepted end is for each state and letter before it, up to a factor for each text; `after` is that one letter later."
  (setf next (slice table :all (0 V)))
  (setf accepts (expand (reshape (cast (slice table :all (V U)) :f64) 1 S 1) B S U))
  (setf place (+ (* (cast (max next 0) :i64) U) (index 1 S V)))
  (setf later (reshape (take after 1 (reshape place (* S V))) B S V))
  (setf fits (or (= (reshape letter B 1 1) V) (= (reshape letter B 1 1) (cast (index 2 B 1 V) :i32))))
  (setf open (and (>= (reshape next 1 S V) 0) fits))
  (setf masses (matmul (if open later 0) (permute (letter-chances bigram) 1 0)))
  (setf greatest (amax (amax masses :axis 2 :keepdims t) :axis 1 :keepdims t))
  (setf scaled (if (> greatest 0) (/ masses greatest) 0))
  (reshape (if (= (reshape end B 1 1) 1) accepts scaled) B W))

(defcomposite next-chances ((after{f64}[B W] state{i32}[B] letter{i32}[B] table{i32}[S U] bigram{f64}[U V]) -> (C{f64}[B V])
                            where W = (* S U))
  "For each text the chances of the letters up to each one, given that the text will be accepted."
  (setf next (slice (take table 0 (cast state :i64)) :all (0 V)))
  (setf place (+ (* (cast (max next 0) :i64) U) (index 1 B V)))
  (setf later (take after (list (index 0 B V) place)))
  (setf weights (if (>= next 0) (* later (take (letter-chances bigram) 0 (cast letter :i64))) 0))
  (setf up-to (cumsum weights :axis 1))
  (/ up-to (slice up-to :all (-1 nil))))

(defcomposite next-state ((state{i32}[B] letter{i32}[B] table{i32}[S U]) -> (N{i32}[B]))
  "The state behind this letter, -1 for none."
  (take table (list (cast state :i64) (cast letter :i64))))
