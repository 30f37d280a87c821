(consensual-program |live edits|
 (value RuleSet :dtype rule :shape (set) :clock lamport)
 (value 词 :dtype (token 词表 100) :shape (seq 8) :clock lamport)
 (value value :dtype (scalar u8) :shape (seq 8) :clock lamport)
 (visible (词 i) (value i))
 (rule on
  :on (词 i)
  :reads ((value (value i)))
  :emit ((propose (词 i) (min value 99 "a \"quoted\" 天
" +inf))))
 (constraint 锁 :scope (词 *) :kind require :pred (in-palette "好") :priority 1)
 (commit (RuleSet) :policy (satisfy max-constraints-then-score)))
