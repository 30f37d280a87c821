;;;; Definitions of composites: signatures, attributes, the body language, and what is wrong about them.

(defcomposite scaled-rows ((X{T}[~ N] W{T}[N] &key (scale 2) (shift nil)) -> (Y{T}[~ N] S{T}[~]) where T in float)
  "Two results, attributes, leading sizes."
  (setf y (* X W scale))
  (if shift (setf y (+ y shift)))
  (return y (reduce :add y -1)))

(deftest several-results-and-attributes
  (multiple-value-bind (y s) (scaled-rows (tensor '((1 2) (3 4))) (tensor '(1 10)) :scale 1)
    (check (near y '((1 20) (3 40))))
    (check (near s '(21 43)))
    (check (eq :f32 (dtype y))))
  (check (near (scaled-rows (ones 2) (ones 2) :shift 1) '(3 3)))
  (check-error 705 (scaled-rows (ones 2) (ones 2) :scales 1))
  (check-error 105 (scaled-rows (ones 2)))
  (check-error 202 (scaled-rows (ones 2) (ones 3)))
  (check-error 212 (scaled-rows (tensor 1) (ones 3))))

(defcomposite halves ((X{T}[(* 2 H)]) -> (Y{T}[H 2]) where H >= 1)
  "A size that is solved for."
  (reshape X H 2))

(deftest sizes-are-solved
  (check (equal '(3 2) (shape (halves (ones 6)))))
  (check-error 305 (halves (ones 5)))
  (check-error 307 (halves (ones 0))))

(defcomposite product-and-sum ((A{T}[N] B{T}[N] C{T}[N]) -> (Y{T}[N]))
  "A product that may be fused with a sum."
  (:contract t)
  (+ (* A B) C))

(deftest contract-is-an-attribute-of-the-region
  (check (search "(region product-and-sum (a b c) (:contract t)"
                 (string-downcase (ir-of (composite ((A{f32}[40] B{f32}[40] C{f32}[40]) -> (Y{f32}[40])) (product-and-sum A B C))))))
  (check (near (product-and-sum (tensor '(2 3)) (tensor '(4 5)) (tensor '(1 1))) '(9 16))))

(defcomposite clipped ((X{T}[~] &key (low 0) (high 1)) -> (Y{T}[~]) where T in real)
  "The body language on tensors: if, and, or, not, cond."
  (setf inside (and (> X low) (not (> X high))))
  (if inside X (cond ((<= X low) low) (t high))))

(deftest the-body-language
  (check (near (clipped (tensor '(-1 0.5 2))) '(0 0.5 1)))
  (check (near (funcall (composite ((A{T}[N]) -> (B{bool}[N])) (or (< A 0) (= A 2))) (tensor '(-1 0 2))) '(t nil t)))
  (check (near (funcall (composite ((A{T}[N]) -> (B{T}[N])) (setf z (+ A 1)) (return (* z z))) (tensor '(1 2))) '(4 9)))
  (check (near (funcall (composite ((A{T}[N]) -> (B{T}[N]))
                          (let ((total A)) (dotimes (k 3) (setf total (+ total k))) total))
                        (tensor '(1 2)))
               '(4 5)))
  (check (near (funcall (composite ((A{T}[N]) -> (B{T}[N]))
                          (nth-value 1 (loop N ((s 0)) (i) (setf s (+ s (take A 0 i))) (next s) :collect s)))
                        (tensor '(1 2 3)))
               '(1 3 6))))

(defcomposite to-half ((X{T}[~]) -> (Y{f16}[~]))
  "A result in f32 becomes the declared f16; T names a dtype."
  (cast (cast X T) :f32))

(defcomposite countdown ((X{T}[N]) -> (Y{T}[]))
  "Recursion over sizes."
  (if (= N 1) (reshape X) (countdown (slice X (1 nil)))))

(defcomposite endless ((X{T}[N]) -> (Y{T}[N])) "Recursion without end." (endless X))

(deftest dtypes-and-recursion
  (check (eq :f16 (dtype (to-half (ones 2)))))
  (check (= 3.0 (item (countdown (tensor '(1.0 2.0 3.0))))))
  (check-error 108 (endless (ones 2)))
  (check-error 203 (funcall (composite ((A{T}[N]) -> (B{T}[N]) where T in integer) A) (ones 2)))
  (check-error 201 (funcall (composite ((A{T}[N]) -> (B{i32}[N])) A) (ones 2)))
  (check-error 212 (funcall (composite ((A{T}[N]) -> (B{T}[N N])) A) (ones 2))))

(deftest malformed-definitions
  (check-error 703 (eval '(defcomposite broken (A) "no arrow" A)))
  (check-error 703 (eval '(defcomposite broken ((A) -> (B)) "no body")))
  (check-error 703 (eval '(defcomposite cl:car ((A) -> (B)) "of Common Lisp" A)))
  (check-error 104 (eval '(defcomposite broken ((A A) -> (B)) "twice" A)))
  (check-error 703 (eval '(defcomposite broken ((A) -> (B) where K likes M) "condition" A))))

(deftest programs-for-all-sizes
  (let ((text (ir-of (composite ((A{T}[M, N], B{T}[M, N]) -> (A{T}[M, k]) where K = (* 2 M)) (setf z1 (+ A B)) (return z1)))))
    (check (search "(f32 M (* 2 M))" text)))
  (check (search "f64" (ir-of 'relu :types '((T . :f64)))))
  (check-error 202 (ir-of (composite ((A{T}[2]) -> (B{T}[2])) (+ A (ones 3))))))

(defcomposite normalised ((X{T}[~ N] &optional W{T}[N] &key (eps 1e-5)) -> (Y{T}[~ N]) where T in float)
  "An optional input, a size as a value, computation in f32."
  (setf x (widen X))
  (setf y (/ x (sqrt (+ (/ (reduce :add (* x x)) N) eps))))
  (when W (setf y (* y W)))
  y)

(defcomposite stacked-sum ((&rest XS{T} &key (scale 1)) -> (Y{T}))
  "All remaining arguments as a list."
  (* scale (cl:reduce #'+ XS)))

(deftest optional-and-remaining-inputs
  (check (near (normalised (tensor '(3.0 3.0))) '(1 1) :rtol 1e-4))
  (check (near (normalised (tensor '(3.0 3.0)) (tensor '(2.0 0.5))) '(2 0.5) :rtol 1e-4))
  (check (eq :bf16 (dtype (normalised (ones 2 :dtype :bf16)))))
  (check (search "(f32 N)" (ir-of 'normalised)))
  (check (near (stacked-sum (tensor '(1 2)) (tensor '(0.5 1)) 1 :scale 2) '(5 8)))
  (check-error 202 (normalised (ones 2) (ones 3))))

(deftest sizes-are-values-beside-tensors
  (let ((text (ir-of (composite ((A{T}[N]) -> (B{T}[N])) (/ A (- N 1))))))
    (check (search "(reduce add (const 1 i64 N) 0)" text))
    (check (null (search "(+ N -1)" text))))
  (check (near (funcall (composite ((A{T}[N]) -> (B{T}[N])) (/ A (- N 1))) (tensor '(2.0 4.0 6.0))) '(1 2 3))))

(deftest numbers-are-computed-in-double
  (check (= 2.718281828459045 (exp 1)))
  (check (= 1.4142135623730951 (sqrt 2)))
  (check (= 8 (expt 2 3))))

(deftest lists-of-named-sizes-are-no-size
  ;; A list (n m) is no expression with the operator n.
  (check (search "(reshape x 1 N M)" (ir-of (composite ((x{f32}[N M]) -> (y{f32}[1 N M])) (unsqueeze x 0)))))
  (check (search "(reshape x (* 2 N))" (ir-of (composite ((x{f32}[N 2]) -> (y{f32}[(* 2 N)])) (reshape x (list (* 2 N))))))))

(deftest inputs-of-any-shape-are-traced
  (check (search "(reduce add x 1)" (ir-of (composite ((x{f32}) -> (y{f32})) (reduce :add x -1)))))
  (check (search "(in (xs1 (f32 N)) (xs2 (f32 N)))" (remove #\: (ir-of (composite ((&rest xs{f32}[N]) -> (y{f32}[N])) (apply #'+ xs))))))
  (check-error 705 (ir-of (composite ((x{f32} how{lisp}) -> (y{f32})) (how x)))))
