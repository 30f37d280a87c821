;;;; Layers of networks: convolution, pooling, attention, recurrence.

(in-package :caten)

(defun pair-of (value)
  "A number for both spatial axes, or one for each: (pair-of 2) is (2 2)."
  (if (listp value) value (list value value)))

(defcomposite conv2d ((X{T}[N C H W] weight{T}[F D KH KW] &optional bias{T}[F] &key (stride 1) (padding 0) (dilation 1) (groups 1))
                      -> (Y{T}) where T in numeric)
  "Cross-correlation of images with F kernels, as PyTorch's conv2d: X is [N C H W], weight [F C/groups KH KW], Y [N F OH OW];
f16 and bf16 accumulate in f32."
  (:example (conv2d (ones 1 1 3 3) (ones 1 1 2 2)))
  (destructuring-bind (ph pw) (pair-of padding)
    (setf padded (if (and (eql ph 0) (eql pw 0)) X (pad X (list '(0 0) '(0 0) (list ph ph) (list pw pw))))))
  (setf w (windows padded (list KH KW) (pair-of stride) (pair-of dilation)))
  (destructuring-bind (oh ow) (subseq (shape w) 2 4)
    ;; [N groups 1 D OH OW KH KW] · [1 groups F/groups D 1 1 KH KW], summed over D, KH and KW
    (setf per (floor F groups))
    (setf y (reduce :add (* (reshape w N groups 1 D oh ow KH KW) (reshape weight 1 groups per D 1 1 KH KW)) 3 6 7))
    (setf y (reshape y N F oh ow)))
  (when bias (setf y (+ y (reshape bias 1 F 1 1))))
  y)

(defcomposite max-pool ((X{T}[N C H W] &key (kernel 2) (stride nil) (padding 0) (dilation 1)) -> (Y{T}) where T in float)
  "The largest element of each window; padding counts as -inf."
  (:example (max-pool (reshape (index 0 16) 1 1 4 4)))
  (:ulp 0)
  (destructuring-bind (ph pw) (pair-of padding)
    (setf padded (if (and (eql ph 0) (eql pw 0)) X (pad X (list '(0 0) '(0 0) (list ph ph) (list pw pw)) :value -inf))))
  (reduce :max (windows padded (pair-of kernel) (pair-of (or stride kernel)) (pair-of dilation)) 4 5))

(defcomposite attention ((query{T}[~ M D] key{T}[~ N D] value{T}[~ N E] &optional mask{bool}[~ M N] &key (causal nil) (scale nil))
                         -> (Y{T}[~ M E]) where T in float)
  "softmax(query · keyᵀ · scale) · value over the visible positions: those of the mask, and with :causal those not later.
scale is 1/√D unless given. Where nothing is visible the result is 0, never NaN (Vaswani et al., 2017)."
  (:example (attention (ones 1 2) (ones 3 2) (ones 3 2)))
  (setf scores (* (matmul (widen query) (permute (widen key) (append (loop for k below (length ~) collect k) (list (cl:+ 1 (length ~)) (length ~)))))
                  (or scale (/ 1 (sqrt (size-value D (dtype (widen query))))))))
  (setf visible (const t :bool ~ M N))
  (if causal (setf visible (<= (index (cl:+ 1 (length ~)) ~ M N) (index (length ~) ~ M N))))
  (when mask (setf visible (logical-and visible mask)))
  (setf largest (amax (where visible scores -inf) :axis -1 :keepdims t))
  (setf e (where visible (exp (- scores (where (< (abs largest) +inf) largest 0))) 0))
  (setf total (sum e :axis -1 :keepdims t))
  (matmul (where (< 0 total) (/ e total) 0) (widen value)))

(defcomposite lstm ((X{T}[L B K] h0{T}[B H] c0{T}[B H] w-in{T}[(* 4 H) K] w-h{T}[(* 4 H) H] bias{T}[(* 4 H)])
                    -> (Y{T}[L B H] hn{T}[B H] cn{T}[B H]) where T in (f32 f64))
  "A long short-term memory over L steps, gates in the order input, forget, cell, output, as PyTorch's LSTM (Hochreiter and
Schmidhuber, 1997): all hidden states, and the last hidden and cell state."
  (:example (lstm (ones 3 1 2) (zeros 1 2) (zeros 1 2) (ones 8 2) (ones 8 2) (zeros 8)))
  (multiple-value-bind (hn cn ys)
      (loop L ((state h0) (cell c0)) (i)
        (setf gates (+ (linear (take X 0 i) w-in bias) (linear state w-h)))
        (setf input (sigmoid (slice-along gates 1 0 H 1)) forget (sigmoid (slice-along gates 1 H (* 2 H) 1)))
        (setf new (tanh (slice-along gates 1 (* 2 H) (* 3 H) 1)) output (sigmoid (slice-along gates 1 (* 3 H) (* 4 H) 1)))
        (setf next-cell (+ (* forget cell) (* input new)))
        (setf next-state (* output (tanh next-cell)))
        (next next-state next-cell)
        :collect next-state)
    (return ys hn cn)))
