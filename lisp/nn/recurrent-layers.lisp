;;;; Recurrent networks over [L B K], of several layers and both directions, as torch.nn.RNN, LSTM and GRU.

(in-package :nn)

(defun recurrent-parameters (gates in size layers directions bias)
  "The entries of a recurrent network: weights and biases of each layer and direction, with PyTorch's names."
  (loop for layer below layers
        append (loop for direction below directions
                     for suffix = (format nil "l~d~:[~;_reverse~]" layer (cl:= direction 1))
                     for inputs = (if (zerop layer) in (cl:* size directions))
                     append (loop for (name . dims) in (list* (list "weight_ih" (cl:* gates size) inputs) (list "weight_hh" (cl:* gates size) size)
                                                              (and bias (list (list "bias_ih" (cl:* gates size)) (list "bias_hh" (cl:* gates size)))))
                                  collect (cons (format nil "~a_~a" name suffix) (parameter (by-inputs dims size)))))))

(defun run-layers (module step gates size layers directions x states)
  "Runs each layer in each direction. `step` gets the input, the states of a direction [B H] and its parameters; it returns all hidden states and
then the last states. `states`: of each kind a tensor [layers·directions B H]. Returns the outputs and, of each kind, the last states."
  (let ((last '()) (zero (zeros (cl:* gates size) :dtype (dtype x))))
    (dotimes (layer layers)
      (let ((outputs '()))
        (dotimes (direction directions)
          (let ((suffix (format nil "l~d~:[~;_reverse~]" layer (cl:= direction 1))) (place (cl:+ (cl:* layer directions) direction)))
            (flet ((of (name) (entry module (format nil "~a_~a" name suffix))))
              (destructuring-bind (ys . finals)
                  (multiple-value-list
                   (apply step (if (cl:= direction 1) (flip x :axis 0) x)
                          (append (loop for state in states collect (take state 0 (const place :i64)))
                                  (list (of "weight_ih") (of "weight_hh") (or (of "bias_ih") zero) (or (of "bias_hh") zero)))))
                (push (if (cl:= direction 1) (flip ys :axis 0) ys) outputs)
                (push finals last)))))
        (setf x (if (rest outputs) (apply #'concat (append (reverse outputs) (list :axis -1))) (first outputs)))))
    (values-list (cons x (loop for k below (length states) collect (apply #'stack (mapcar (lambda (finals) (nth k finals)) (reverse last))))))))

(defun make-recurrent (kind gates state-count step in size layers bidirectional bias)
  "A recurrent network. Its call takes [L B in] and the states of each kind, zeros if not given."
  (constructed
   (lambda ()
     (let ((directions (if bidirectional 2 1)))
       (make-module kind (recurrent-parameters gates in size layers directions bias)
                    (lambda (module x &rest states)
                      (let ((states (or states (make-list state-count :initial-element (zeros (cl:* layers directions) (second (shape x)) size :dtype (dtype x))))))
                        (unless (cl:= (length states) state-count)
                          (fail 705 (format nil "nn:~(~a~) takes ~d states" kind state-count) :found (format nil "~d" (length states))
                                :remedy "give all of them, each [layers·directions B H], or none"))
                        (run-layers module step gates size layers directions x states))))))))

(defun rnn-steps (x h0 w-in w-h b-in b-h activation)
  "All hidden states of h ← activation(w-in·x + b-in + w-h·h + b-h), and the last."
  (multiple-value-bind (hn ys)
      (scan (first (shape x)) ((h h0)) (i)
        (setf h (funcall activation (+ (caten::linear (take x 0 i) w-in b-in) (caten::linear h w-h b-h))))
        (next h)
        :collect h)
    (values ys hn)))

(defun rnn (in size &key (layers 1) (activation 'tanh) (bidirectional nil) (bias t))
  "h ← tanh(W·x + b + V·h + c) over [L B in], as torch.nn.RNN: (nn:rnn 8 16). Called with x and perhaps the first state [layers B size]; values: all states of
the last layer [L B size], and the last states."
  (make-recurrent 'rnn 1 1 (lambda (x h w-in w-h b-in b-h) (rnn-steps x h w-in w-h b-in b-h activation)) in size layers bidirectional bias))

(defun lstm (in size &key (layers 1) (bidirectional nil) (bias t))
  "A long short-term memory over [L B in], as torch.nn.LSTM: (nn:lstm 8 16). Called with x and perhaps the first hidden and cell states
[layers B size]; values: all hidden states of the last layer, the last hidden states, the last cells."
  (make-recurrent 'lstm 4 2 (lambda (x h c w-in w-h b-in b-h) (caten::lstm x h c w-in w-h (+ b-in b-h))) in size layers bidirectional bias))

(defun gru (in size &key (layers 1) (bidirectional nil) (bias t))
  "A gated recurrent unit over [L B in], as torch.nn.GRU: (nn:gru 8 16). Called with x and perhaps the first state [layers B size]; values: all states of
the last layer, and the last states."
  (make-recurrent 'gru 3 1 (lambda (x h w-in w-h b-in b-h) (caten::gru x h w-in w-h b-in b-h)) in size layers bidirectional bias))
