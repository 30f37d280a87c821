(consensual-program Sudoku
 (param N int 1000)
 (param givens (tensor u8 N 3 3 3 3))
 (value Digit :dtype (token Digits 9) :shape (grid N 3 3 3 3) :clock lamport)
 (rule Fill
  :on (Digit n a b c d)
  :reads ()
  :emit ((propose (Digit n a b c d) (categorical 0)))
  :score (uniform))
 (loop for (name . cells) in '((|Row| n a b * *) (|Column| n * * c d) (|Box| n a * c *))
       collect `(constraint ,name :scope (|Digit| ,@cells) :kind require :pred (all-different) :priority ,(* 10 10) :hard t))
 (commit (Digit *) :policy (satisfy max-constraints-then-score) :on-unsat (backtrack 4)))
