;;;; Recurrent networks over [L B K]: steps, batch, features.

(in-package :caten)

(defun gate (gates k size)
  "The k-th part of that size along axis 1."
  (slice-along gates 1 (* k size) (* (cl:1+ k) size) 1))

(defcomposite lstm ((X{T}[L B K] h0{T}[B H] c0{T}[B H] w-in{T}[(* 4 H) K] w-h{T}[(* 4 H) H] bias{T}[(* 4 H)])
                    -> (Y{T}[L B H] hn{T}[B H] cn{T}[B H]) where T in (f32 f64))
  "A long short-term memory over L steps, gates in the order input, forget, cell, output, as PyTorch's LSTM, whose two biases are added up
here (Hochreiter and Schmidhuber, 1997): all hidden states, and the last hidden and cell state."
  (:example (lstm (ones 3 1 2) (zeros 1 2) (zeros 1 2) (ones 8 2) (ones 8 2) (zeros 8)))
  (:test ((L 1 4) (B 1 2) (K 1 3) (H 1 3))
         (near (slice (lstm X h0 c0 w-in w-h bias) (-1 nil)) (unsqueeze (nth-value 1 (lstm X h0 c0 w-in w-h bias)) 0))
         ;; One step by hand.
         (let* ((g (+ (linear (slice X (0 1)) w-in bias) (linear h0 w-h))) (g (reshape g B 4 H)) (part (lambda (k) (take g 1 (const k :i64))))
                (c (+ (* (sigmoid (funcall part 1)) c0) (* (sigmoid (funcall part 0)) (tanh (funcall part 2))))))
           (near (slice (lstm X h0 c0 w-in w-h bias) (0 1)) (unsqueeze (* (sigmoid (funcall part 3)) (tanh c)) 0) :atol 1e-5)))
  (:ulp 1 "of the number of steps times the features and hidden elements, times the largest sum of magnitudes of a gate")
  (multiple-value-bind (hn cn ys)
      (loop L ((state h0) (cell c0)) (i)
        (setf gates (+ (linear (take X 0 i) w-in bias) (linear state w-h)))
        (setf input (sigmoid (gate gates 0 H)) forget (sigmoid (gate gates 1 H)) new (tanh (gate gates 2 H)) output (sigmoid (gate gates 3 H)))
        (setf next-cell (+ (* forget cell) (* input new)))
        (setf next-state (* output (tanh next-cell)))
        (next next-state next-cell)
        :collect next-state)
    (return ys hn cn)))

(defcomposite gru ((X{T}[L B K] h0{T}[B H] w-in{T}[(* 3 H) K] w-h{T}[(* 3 H) H] b-in{T}[(* 3 H)] b-h{T}[(* 3 H)])
                   -> (Y{T}[L B H] hn{T}[B H]) where T in (f32 f64))
  "A gated recurrent unit over L steps, gates in the order reset, update, new, as PyTorch's GRU: new is tanh of the input's part plus reset times
the whole part of the state, its bias included (Cho and others, 2014): all hidden states, and the last."
  (:example (gru (ones 3 1 2) (zeros 1 2) (ones 6 2) (ones 6 2) (zeros 6) (zeros 6)))
  (:test ((L 1 4) (B 1 2) (K 1 3) (H 1 3))
         (near (slice (gru X h0 w-in w-h b-in b-h) (-1 nil)) (unsqueeze (nth-value 1 (gru X h0 w-in w-h b-in b-h)) 0))
         (let* ((a (reshape (linear (slice X (0 1)) w-in b-in) B 3 H)) (b (reshape (linear h0 w-h b-h) B 3 H))
                (part (lambda (x k) (take x 1 (const k :i64))))
                (r (sigmoid (+ (funcall part a 0) (funcall part b 0)))) (z (sigmoid (+ (funcall part a 1) (funcall part b 1))))
                (n (tanh (+ (funcall part a 2) (* r (funcall part b 2))))))
           (near (slice (gru X h0 w-in w-h b-in b-h) (0 1)) (unsqueeze (lerp n h0 z) 0) :atol 1e-5)))
  (:ulp 1 "of the number of steps times the features and hidden elements, times the largest sum of magnitudes of a gate")
  (multiple-value-bind (hn ys)
      (loop L ((state h0)) (i)
        (setf a (linear (take X 0 i) w-in b-in) b (linear state w-h b-h))
        (setf r (sigmoid (+ (gate a 0 H) (gate b 0 H))) z (sigmoid (+ (gate a 1 H) (gate b 1 H))))
        (setf new (tanh (+ (gate a 2 H) (* r (gate b 2 H)))))
        (setf next-state (+ (* (- 1 z) new) (* z state)))
        (next next-state)
        :collect next-state)
    (return ys hn)))
