;;;; Rewrite rules: what is sound is applied, what is not is refused.

(deftest rules-are-parsed
  (check (equal '(r (* ?x 1) ?x) (caten/optimizer:parse-optimizer-form 'r '((* ?x 1) -> ?x))))
  (check (equal '(r (* ?x 1) ?x) (caten/optimizer:parse-optimizer-form 'r '(((* ?x 1)) -> ?x))))
  (check (equal '(r (a ?x) ?x :runtime cpu :when (= M 1))
                (caten/optimizer:parse-optimizer-form 'r '((:runtime cpu :when (= M 1)) (a ?x) -> ?x))))
  (check-error 704 (caten/optimizer:parse-optimizer-form 'r '((a ?x) ?x))))

(deftest sound-rules-are-applied
  (check (plusp (nth-value 1 (eval '(defoptimizer test-mul-one (* ?x 1) -> ?x)))))
  (check (plusp (nth-value 1 (eval '(defoptimizer test-relu-twice (relu (relu ?x)) -> (relu ?x))))))
  (check (near (relu (relu (* (tensor '(1 -2)) 1))) '(1 0)))
  (disable-optimizer 'test-mul-one)
  (check (equal '("test-mul-one") (assoc "test-mul-one" (optimizers) :test #'string=)))
  (check (near (* (tensor '(1 -2)) 1) '(1 -2)))
  (enable-optimizer 'test-mul-one)
  (check (cdr (assoc "test-mul-one" (optimizers) :test #'string=))))

(deftest unsound-rules-are-refused
  (check-error 704 (eval '(defoptimizer test-wrong (+ ?x 1) -> ?x)))
  (check-error 704 (eval '(defoptimizer test-free (+ ?x 1) -> ?y)))
  (check-error 704 (eval '(defoptimizer test-unknown (no-such-op ?x) -> ?x)))
  (check-error 704 (eval '(defoptimizer test-untested (:when (= (dim ?x 0) 77)) (* ?x ?y) -> (* ?y ?x))))
  (check-error 704 (disable-optimizer 'no-such-rule)))

(deftest rules-with-guards-are-tested-where-they-apply
  (check (plusp (nth-value 1 (eval '(defoptimizer test-large (:when (and (>= (* M N K) 32768) (dtype-in ?a f32)))
                                      (matmul ?a ?b) -> (permute (matmul (permute ?b 1 0) (permute ?a 1 0)) 1 0))))))
  (check-error 704 (eval '(defoptimizer test-large-wrong (:when (>= (* M N K) 32768)) (matmul ?a ?b) -> (matmul ?b ?a))))
  (check (eql 1 (nth-value 1 (eval '(defoptimizer test-given (:when (= (dim ?x 0) 77) :inputs ((?x f32 77) (?y f32 77)))
                                      (* ?x ?y) -> (* ?y ?x))))))
  (disable-optimizer 'test-large)
  (disable-optimizer 'test-given))
