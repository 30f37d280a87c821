;;;; Derivatives from Lisp: gradients, tangents, their conventions, and what is wrong about them.

(defun square-sum (x) (sum (* x x)))

(deftest gradients-are-lazy-tensors
  (let ((x (tensor '(1.0 2.0 3.0))))
    (check (near (grad #'square-sum x) '(2 4 6)))
    (check (near (grad (lambda (x) (sum (grad #'square-sum x))) x) '(2 2 2)))
    (multiple-value-bind (value gradient) (value-and-grad #'square-sum x)
      (check (near value 14))
      (check (near gradient '(2 4 6))))
    (check (near (grad (lambda (x) (* x x)) 3.0) 6))))

(deftest what-to-differentiate-by
  (let ((a (tensor '((1 2) (3 4)) :dtype :f32)) (b (tensor '((5 6) (7 8)) :dtype :f32)) (g (tensor '((1 0) (0 1)) :dtype :f32)))
    (check (near (vjp 'matmul a b :cotangent g :wrt 'b) (matmul (permute a 1 0) g)))
    (check (near (vjp 'matmul a b :cotangent g :wrt 0) (matmul g (permute b 1 0))))
    (check (= 2 (length (multiple-value-list (vjp 'matmul a b :cotangent g)))))
    (check (near (jvp 'matmul a b :tangent g :wrt "a") (matmul g b)))
    (check (near (jvp 'matmul a b :tangent (list g g)) (+ (matmul g b) (matmul a g))))
    (check (near (grad (lambda (x &key scale) (sum (* x scale))) (ones 2) :scale (tensor '(3.0 4.0)) :wrt :scale) '(1 1)))
    (check (near (first (grad (lambda (w) (sum (* (first w) (second w)))) (list (ones 2) (tensor '(3.0 4.0))))) '(3 4)))))

(deftest integers-have-no-gradient
  (check (= 1 (length (multiple-value-list (grad (lambda (x i) (sum (take x 0 i))) (ones 3) (tensor '(0 0)))))))
  (check (near (grad (lambda (x i) (sum (take x 0 i))) (ones 3) (tensor '(0 0))) '(2 0 0)))
  (check-error 203 (grad (lambda (x i) (sum (take x 0 i))) (ones 3) (tensor '(0 0)) :wrt 1))
  (check-error 705 (grad (lambda (i) (sum i)) (tensor '(0 0)))))

(deftest wrong-uses-are-named
  (let ((x (ones 3)))
    (check-error 202 (grad #'sin x))
    (check-error 705 (grad #'square-sum x :wrt 'y))
    (check-error 705 (grad #'square-sum x :wrt 1))
    (check-error 705 (grad #'square-sum x :wrt '(0 0)))
    (check-error 202 (vjp #'sin x :cotangent (ones 2)))
    (check-error 201 (vjp #'sin x :cotangent (ones 3 :dtype :f64)))
    (check-error 705 (vjp #'sin x))
    (check-error 202 (jvp #'sin x :tangent (ones 2)))
    (check-error 705 (jvp #'sin x))
    (check-error 705 (grad 3 x))
    (check-error 705 (grad (lambda (x) (values (sum x) (sum x))) x))
    (check-error 203 (grad (lambda (x) (cast (sum x) :i32)) x))
    (check-error 705 (grad (lambda (x) (sum (cast (cast x :i32) :f32))) x))
    (check-error 705 (grad (lambda (x y) (sum y)) x x :wrt 0))
    (check (near (grad (lambda (x y) (sum y)) x x :wrt 0 :zeros t) '(0 0 0)))
    (check-error 705 (grad (lambda (x) (list x)) x))))

(deftest loops
  (let ((x (tensor '(0.5 0.7) :dtype :f64)))
    (flet ((powers (x) (scan 3 ((h x)) (i) (next (* h x)))))
      (check (near (vjp #'powers x :cotangent 1) (* 4 (* x (* x x)))))
      (check (near (jvp #'powers x :tangent 1) (* 4 (* x (* x x)))))
      (check (near (jvp (lambda (x) (vjp #'powers x :cotangent 1)) x :tangent 1) (* 12 (* x x)))))
    ;; A derivative inside a loop: Newton's method for x² = 2.
    (check (near (scan 6 ((x (tensor 1.0 :dtype :f64))) (i)
                   (next (- x (/ (- (* x x) 2) (grad (lambda (x) (* x x)) x)))))
                 (sqrt (tensor 2.0 :dtype :f64))))))

(defcomposite cubic-energy ((x{T}[~ N]) -> (e{T}[]) where T in float)
  "A composite whose body takes a gradient."
  (sum (grad (lambda (x) (sum (* x (* x x)))) x)))

(deftest derivatives-inside-composites
  (check (near (cubic-energy (tensor '(1 2) :dtype :f32)) 15))
  (check (near (grad 'cubic-energy (tensor '(1 2) :dtype :f32)) '(6 12)))
  (check (search "reduce add" (ir-of 'cubic-energy))))

(deftest products-with-hessians
  (let ((x (tensor '(1 2 3) :dtype :f64)) (v (tensor '(1 0 -1) :dtype :f64)))
    (check (near (hessian-vector (lambda (x) (sum (* x (* x x)))) x :vector v) '(6 0 -18)))
    (check (near (hessian-vector #'sum x :vector v) '(0 0 0)))
    ;; At a residual that is zero.
    (check (near (hessian-vector (lambda (x) (square-sum (where (< x 5) (- (* x x) 1) 0))) (tensor '(1) :dtype :f64)
                                 :vector (tensor '(1) :dtype :f64))
                 '(8)))))

(deftest stopping-gradients
  (check (near (grad (lambda (x) (sum (* x (stop-gradient x)))) (tensor '(2.0 3.0))) '(2 3)))
  (check (near (jvp (lambda (x) (* x (stop-gradient x))) (tensor '(2 3) :dtype :f32) :tangent 1) '(2 3)))
  (check-error 705 (grad (lambda (x) (sum (stop-gradient x))) (ones 2))))

(deftest checkpoints-change-no-gradient
  (let ((x (tensor '(0.1 0.2 0.3) :dtype :f64)) (w (tensor '(0.5 0.6 0.7) :dtype :f64)))
    (flet ((layers (again)
             (lambda (x w)
               (dotimes (k 3 (sum x))
                 (flet ((layer (x w) (sin (* x (+ w (sin (* x w)))))))
                   (setf x (if again (checkpoint #'layer x w) (layer x w))))))))
      (multiple-value-bind (dx dw) (grad (layers nil) x w)
        (multiple-value-bind (cx cw) (grad (layers t) x w)
          (check (near cx dx :rtol 1d-14))
          (check (near cw dw :rtol 1d-14))))
      (check (> 1d-6 (check-gradient (layers t) x w))))))

(defcomposite clipped-square ((x{T}[~ N]) -> (y{T}[~ N]) where T in float)
  "The square, whose gradient is kept within one."
  (:gradient (dy) (max -1 (min 1 (* dy (* 2 x)))))
  (* x x))

(defcomposite own-product ((a{T}[~ N] b{T}[~ N]) -> (p{T}[~ N] q{T}[~ N]) where T in float)
  "Two results with the gradient that the body has, too."
  (:gradient (dp dq) (return (+ (* dp b) dq) (- (* dp a) dq)))
  (return (* a b) (- a b)))

(defcomposite wrong-square ((x{T}[~ N]) -> (y{T}[~ N]) where T in float)
  "The square with a wrong gradient."
  (:gradient (dy) (* dy (* 3 x)))
  (* x x))

(deftest gradients-of-their-own
  (let ((x (tensor '(0.1 2 -3) :dtype :f64)))
    (check (near (grad (lambda (x) (sum (clipped-square x))) x) '(0.2 1 -1)))
    (check-error 703 (jvp 'clipped-square x :tangent 1))
    (check (> 1d-6 (check-gradient 'own-product x (* x x))))
    (check (near (jvp 'own-product x x :tangent (list 1 0)) x))
    (check (near (clipped-square x) (* x x)))
    (check-error 703 (check-gradient 'wrong-square x))
    (check-error 703 (eval '(defcomposite no-gradient ((x{T}[N]) -> (y{T}[N])) (:gradient (a b) a) x)))
    (check-error 703 (grad (lambda (x) (sum (funcall (composite ((x{f64}[N]) -> (y{f64}[N])) (:gradient (dy) (sum dy)) x) x))) x))))

(deftest adjoints-of-windows
  (dolist (case (list (list (lambda (x) (max-pool x)) '(2 3 4 6)) (list (lambda (x) (max-pool x :kernel 3 :stride 2 :padding 1)) '(1 2 7 9))
                      (list (lambda (x) (max-pool x :kernel 2 :stride 3 :ceil-mode t)) '(1 2 8 7)) (list (lambda (x) (max-pool x :kernel 2 :dilation 2 :stride 1)) '(1 2 9))
                      (list (lambda (x) (avg-pool x)) '(2 3 5 7))
                      (list (lambda (x) (avg-pool x :kernel 3 :stride 2 :padding 1 :ceil-mode t :count-include-pad nil)) '(1 2 8 7))))
    (check (> 1d-6 (check-gradient (first case) (apply #'randn (append (second case) '(:seed 3)))))))
  (dolist (case '((conv2d () (2 4 6 5) (3 4 3 3)) (conv2d (:padding 1 :stride 2) (2 4 6 5) (6 4 3 3)) (conv2d (:padding 1 :stride 2 :groups 2 :dilation 2) (2 4 8 9) (6 2 3 2))
                  (conv2d (:padding 3) (1 2 5 5) (2 2 2 2)) (conv2d (:stride 3) (1 2 8 8) (2 2 2 2)) (conv1d (:padding ((2 0)) :stride 2) (2 3 9) (4 3 3))
                  (conv3d (:padding 1) (1 2 3 4 3) (2 2 2 2 3)) (conv-transpose2d (:padding 1 :stride 2 :output-padding 1 :groups 2) (1 4 3 4) (4 2 3 3))))
    (destructuring-bind (name keys x w) case
      (flet ((f (x w) (apply name x w nil keys)))
        (let ((x (apply #'randn (append x '(:seed 1)))) (w (apply #'randn (append w '(:seed 2)))))
          (check (> 1d-6 (check-gradient #'f x w)))
          ;; Tangents go through the body, cotangents by :adjoint: ⟨u, J v⟩ = ⟨Jᵀ u, v⟩.
          (let ((v (apply #'randn (append (shape x) '(:seed 4)))) (u (apply #'randn (append (shape (f x w)) '(:seed 5)))))
            (check (near (sum (* u (jvp #'f x w :wrt 0 :tangent v))) (sum (* v (vjp #'f x w :wrt 0 :cotangent u))) :atol 1e-3))))))))

(deftest adjoints-that-use-the-result
  (let ((x (randn 3 4 :seed 3)) (visible (tensor '((t t nil t) (nil nil nil nil) (t nil nil nil)))))
    (dolist (f (list 'gelu 'softmax 'log-softmax (lambda (x) (softmax x :axis 0)) (lambda (x) (masked-softmax x visible)) (lambda (x) (pick x (tensor '(0 3 1))))
                     (lambda (x) (cross-entropy x (tensor '(0 3 1))))
                     (lambda (x) (cross-entropy x (tensor '(0 -100 1)) (tensor '(1.0 0.5 2.0 3.0)) :label-smoothing 0.1))))
      (check (> 1d-6 (check-gradient f x)))))
  (check (near (grad (lambda (x) (sum (gelu x))) (tensor (list -1000 -10.0 0.0 50.0 +inf))) '(0 -7.61841e-22 0.5 1 1) :rtol 1e-4))
  (check-error 703 (eval '(defcomposite no-adjoint ((x{T}[N]) -> (y{T}[N])) (:adjoint (a b) a) x))))

(deftest complex-numbers
  ;; The cotangent g of z stands for dz ↦ Re(g·dz): of |z|², conj(z)·2.
  (let ((z (tensor '(#c(1 2) #c(-0.5 0.25)) :dtype :c128)))
    (check (> 1d-6 (check-gradient (lambda (z) (* z (* z z))) z)))
    (check (> 1d-6 (check-gradient (lambda (z) (* (bitcast z :f64) (bitcast (* z z) :f64))) z)))
    (check (near (vjp (lambda (z) (* z z)) z :cotangent 1) (* 2 z)))
    (check (near (jvp (lambda (z) (* z z)) z :tangent 1) (* 2 z)))))
