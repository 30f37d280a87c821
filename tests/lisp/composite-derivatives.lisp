;;;; The derivatives of every composite of the library against finite differences, and tangents against cotangents, in f64. A dozen of
;;;; them, drawn by CATEN_SEED; all of them with CATEN_DERIVATIVES=all.

(defparameter *without*
  '((all "gives bools") (any "gives bools") (argmax "gives integers") (argmin "gives integers") (argsort "gives integers")
    (categorical "gives integers") (count-nonzero "gives integers") (dequantize-int8 "takes a scale in f32" 201)
    (dequantize-q4-0 "takes scales in f16" 201) (dequantize-q8-0 "takes scales in f16" 201) (ge "gives bools") (gt "gives bools")
    (isfinite "gives bools") (isinf "gives bools") (isnan "gives bools") (le "gives bools") (linear-int8 "takes a scale in f32" 201)
    (linear-q4-0 "takes scales in f16" 201) (linear-q8-0 "takes scales in f16" 201) (ne "gives bools") (one-hot "takes integers")
    (pack-q4-0 "takes scales in f16" 201) (pack-q8-0 "takes scales in f16" 201) (philox "takes integers")
    (quantize-int8 "rounds" 703) (quantize-q4-0 "rounds" 703) (quantize-q8-0 "rounds" 703) (sample "gives integers") (searchsorted "gives integers")
    (shl "takes integers") (shr "takes integers") (top-k-logits "gives infinities" 703) (top-p-logits "gives infinities" 703) (unpack-q4-0 "takes integers") (unpack-q8-0 "takes integers"))
  "((name reason code) …): composites that have no derivative, or none in f64, and the error that says so, if not 705.")

(defvar *generator* 1)

(defun next-draw (limit)
  (setf *generator* (cl:mod (cl:+ (cl:* *generator* 6364136223846793005) 1442695040888963407) (cl:expt 2 64)))
  (cl:mod (cl:ash *generator* -33) limit))

(defun drawn-elements (shape low high)
  (if shape
      (loop repeat (first shape) collect (drawn-elements (rest shape) low high))
      (cl:+ low (cl:* (cl:- high low) (cl:/ (next-draw 1000003) 1000003d0)))))

(defun drawn-tensor (shape dtype low high)
  (cond ((member 0 shape) (full 0 shape :dtype dtype))
        ((member dtype '(:f16 :bf16 :f32 :f64)) (tensor (drawn-elements shape low high) :dtype :f64))
        ((member dtype '(:c64 :c128))
         (+ (cast (tensor (drawn-elements shape low high) :dtype :f64) :c128)
            (* #c(0 1) (cast (tensor (drawn-elements shape low high) :dtype :f64) :c128))))
        (t (random-tensor shape dtype))))

(defparameter *shapes*
  '((adaptive-avg-pool (1 2 4 4) :value 2) (attention (2 4 3) (2 5 3) (2 5 3)) (avg-pool (1 2 4 4)) (batch-norm (4 3)) (concat (2 3) (1 3))
    (cross-entropy (3 4) :value (tensor '(2 0 3))) (conv2d (1 2 4 4) (2 2 3 3) (2)) (conv3d (1 1 3 4 3) (2 1 2 2 2)) (cummax (7)) (cumprod (2 4)) (cumsum (2 4)) (diagonal (3 4))
    (einsum :value "ij,jk->ik" (2 3) (3 2)) (fmod (4) :value (drawn-tensor '(4) :f64 0.36d0 0.39d0)) (fold (1 4 4) :value '(3 3)) (gather (3 2) :value (tensor '((1 0)))) (glu (2 4))
    (group-norm (2 4 3) :value 2) (index-select (3 2) :value (tensor '(2 0 2))) (interpolate (1 2 3 3) :value :scale-factor :value 2)
    (layer-norm (3 5) (5) (5)) (log-softmax (3 5)) (masked-softmax (2 4) :value (tensor '(t nil t t))) (max-pool (1 2 4 4)) (nll (3 4) :value (tensor '(2 0 3)))
    (pad (2 3) :value '((1 2) (0 1))) (pick (3 4) :value (tensor '(2 0 3))) (rms-norm (3 5) (5)) (rope (2 3 4)) (scatter (5) :value (tensor '(0 3)) (2))
    (scatter-add (4) :value (tensor '(0 2 0)) (3)) (softmax (3 5)) (sort (7)) (split (5) :value 2) (std (6))
    (take-along-axis (2 3) :value (tensor '((1 0 1) (2 2 0)))) (topk (7) :value 3) (top-p-logits (7) :value 1/2) (unsqueeze (3) :value 0) (var (6))
    (cholesky :value (+ (* 0.1 (drawn-tensor '(3 3) :f64 0d0 1d0)) (* 3 (eye 3 :dtype :f64))))
    (triangular-solve :value (+ (drawn-tensor '(3 3) :f64 0d0 1d0) (* 2 (eye 3 :dtype :f64))) (3 2)))
  "((name argument…) …): shapes, or :value and a form, for composites whose signature does not say what fits.")

(defun listed-arguments (description low high)
  (loop while description
        collect (let ((item (pop description)))
                  (if (eq item :value) (eval (pop description)) (drawn-tensor item :f64 low high)))))

(defun drawn-arguments (composite low high)
  "Arguments of a composite with a test, of drawn sizes, in f64 where floats fit; nil if it has no test."
  (let* ((signature (caten/composite:composite-signature composite))
         (test (assoc :test (caten/composite:composite-clauses composite)))
         (sizes (loop for (name lo hi) in (second test) collect (cons name (cl:max 1 (cl:+ lo (next-draw (cl:1+ (cl:- hi lo)))))))))
    (loop for parameter in (caten/signature:signature-inputs signature)
          collect (cond ((caten/signature:size-parameter-p parameter)
                         (or (cdr (assoc (caten/signature:parameter-name parameter) sizes)) 3))
                        ((eq (caten/signature:parameter-mode parameter) :optional) nil)
                        (t (let ((made (drawn-tensor (if (listp (caten/signature:parameter-dims parameter))
                                                         (caten/testing::input-shape parameter sizes (caten/composite::composite-terms composite) '(2))
                                                         '(2 3))
                                                     (caten/match:placeholder-dtype parameter signature '()) low high)))
                             (if (eq (caten/signature:parameter-mode parameter) :rest) (list :rest made) made)))))))

(defun check-once (composite name low high)
  "The largest relative error on one draw, or (code words)."
  (handler-case
      (let ((listed (assoc name *shapes*)))
        (apply #'check-gradient name
               (append (if listed
                           (listed-arguments (rest listed) low high)
                           (loop for argument in (drawn-arguments composite low high)
                                 append (if (and (consp argument) (cl:eq (first argument) :rest))
                                            (list (second argument) (second argument))
                                            (list argument))))
                       (list :zeros t))))
    (caten-error (e)
      (let ((d (first (caten-error-diagnostics e))))
        (list (caten/diagnostic:diagnostic-code d) (caten/diagnostic:diagnostic-message d))))))

(defun check-derivatives (name)
  "The largest relative error of the composite's derivatives on inputs of three ranges, those left out that give NaN; or the code and
words of what stands in the way. A draw may come too near to where there is no derivative: then two more are made."
  (let ((composite (caten/composite:find-composite name)) (errors '()) (problem nil))
    (loop for (low high) in '((0.15d0 0.85d0) (-0.85d0 0.85d0) (1.1d0 1.9d0))
          do (let ((found (loop repeat 3
                                for once = (check-once composite name low high)
                                when (or (realp once) (not (eql 703 (first once)))) do (return once)
                                  finally (return once))))
               (cond ((realp found) (push found errors))
                     ((not (search "not a number" (second found))) (setf problem found)))))
    (or problem (if errors (cl:reduce #'cl:max errors) :nan))))

(deftest derivatives-of-composites
  (setf *generator* (or (parse-integer (or (ext:getenv "CATEN_SEED") "1") :junk-allowed t) 1))
  (format t "seed ~d~%" *generator*)
  (let* ((names (caten/composite:library-names))
         (composites (remove-if-not #'caten/composite:find-composite names))
         (drawn (if (equal (ext:getenv "CATEN_DERIVATIVES") "all")
                    composites
                    (loop repeat 12 collect (nth (next-draw (length composites)) composites))))
         (checked 0) (worst 0d0))
    (dolist (name drawn)
      (let ((found (check-derivatives name)))
        (if (assoc name *without*)
            ;; Where infinities are what stands in the way (703), a draw may have none.
            (let* ((code (or (third (assoc name *without*)) 705)) (fits (if (consp found) (eql code (first found)) (eql code 703))))
              (check (and name fits))
              (unless fits (format t "  ~(~a~): ~s~%" name found)))
            (progn (check (and name (realp found))) (unless (realp found) (format t "  ~(~a~): ~s~%" name found))))
        (when (realp found) (incf checked) (setf worst (cl:max worst found)))))
    (format t "derivatives of ~d composites, ~d without one; largest relative error ~,2e~%" checked (cl:- (length drawn) checked) worst)))

(defun second-order-error (name)
  "The largest relative error of derivatives of the composite's cotangents, or what stands in the way: products with the Hessian, both ways."
  (let ((composite (caten/composite:find-composite name)) (listed (assoc name *shapes*)))
    (loop repeat 4
          for (low high) in '((0.15d0 0.85d0) (0.15d0 0.85d0) (1.1d0 1.9d0) (1.1d0 1.9d0))
          for found = (let* ((arguments (if listed
                                            (listed-arguments (rest listed) 0.15d0 0.85d0)
                                            (loop for argument in (drawn-arguments composite low high)
                                                  append (if (and (consp argument) (cl:eq (first argument) :rest))
                                                             (list (second argument) (second argument))
                                                             (list argument)))))
                             (results (multiple-value-list (apply name arguments)))
                             (cotangents (loop repeat (count-if #'caten/derivative:smooth-p results) collect 0.7)))
                        (handler-case
                            (apply #'check-gradient
                                   (lambda (&rest same) (apply #'vjp name (append same (list :cotangent cotangents :zeros t))))
                                   (append arguments (list :zeros t :tolerance 2d-6)))
                          (caten-error (e) (caten/diagnostic:diagnostic-message (first (caten-error-diagnostics e))))))
          when (realp found) do (return found)
            finally (return found))))

(deftest second-derivatives-of-composites
  (let* ((composites (remove-if (lambda (name) (or (assoc name *without*) (not (caten/composite:find-composite name))))
                                (caten/composite:library-names)))
         (drawn (if (equal (ext:getenv "CATEN_DERIVATIVES") "all")
                    composites
                    (loop repeat 4 collect (nth (next-draw (length composites)) composites))))
         (worst 0d0))
    (dolist (name drawn)
      (let ((found (second-order-error name)))
        (check (and name (realp found)))
        (if (realp found) (setf worst (cl:max worst found)) (format t "  ~(~a~): ~a~%" name found))))
    (format t "second derivatives of ~d composites; largest relative error ~,2e~%" (length drawn) worst)))
