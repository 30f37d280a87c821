;;;; W13: ResNet-18 (He and others, 2015) for images of 224×224, as it infers: batch norm by statistics that are given.

(defcomposite conv-norm ((X{T}[N C H W] weight{T}[F C K K] mean{T}[F] variance{T}[F] scale{T}[F] shift{T}[F] &key (stride 1)) -> (Y{T}))
  "A convolution that keeps the size, but for its stride, and its batch norm."
  (batch-norm (conv2d X weight :stride stride :padding (floor K 2)) mean variance scale shift))

(defcomposite basic-block
    ((X{T}[N C H W] W1{T}[C C 3 3] M1{T}[C] V1{T}[C] G1{T}[C] B1{T}[C] W2{T}[C C 3 3] M2{T}[C] V2{T}[C] G2{T}[C] B2{T}[C]) -> (Y{T}[N C H W]))
  "Two convolutions, added to what they read."
  (relu (+ X (conv-norm (relu (conv-norm X W1 M1 V1 G1 B1)) W2 M2 V2 G2 B2))))

(defcomposite wider-block
    ((X{T}[N C H W] W1{T}[F C 3 3] M1{T}[F] V1{T}[F] G1{T}[F] B1{T}[F] W2{T}[F F 3 3] M2{T}[F] V2{T}[F] G2{T}[F] B2{T}[F]
      W3{T}[F C 1 1] M3{T}[F] V3{T}[F] G3{T}[F] B3{T}[F]) -> (Y{T}))
  "A block by steps of 2 with more channels; what it is added to is projected."
  (setf y (conv-norm (relu (conv-norm X W1 M1 V1 G1 B1 :stride 2)) W2 M2 V2 G2 B2))
  (relu (+ (conv-norm X W3 M3 V3 G3 B3 :stride 2) y)))

(defun layer (name to from size)
  "The names of a convolution's parameters and its norm's, and their types."
  (list (list (format nil "w~a" name) (format nil "~d ~d ~d ~d" to from size size))
        (list (format nil "mean~a" name) to) (list (format nil "variance~a" name) to)
        (list (format nil "scale~a" name) to) (list (format nil "shift~a" name) to)))

(defun block-layers (stage number from to)
  "The layers of a block of two convolutions, and of its projection where the channels change."
  (flet ((part (letter from size) (layer (format nil "~d~d~a" stage number letter) to from size)))
    (append (part "a" from 3) (part "b" to 3) (if (eql from to) '() (part "c" from 1)))))

(defmacro define-resnet-18 (name)
  "A composite of a convolution, eight blocks in four stages and a classification, every parameter an input."
  (let* ((parameters (layer "0" 64 3 7))
         (names (lambda (layers) (mapcar (lambda (one) (read-from-string (first one))) layers)))
         (value `(max-pool (relu (conv-norm X ,@(funcall names parameters) :stride 2)) :kernel 3 :stride 2 :padding 1))
         (from 64))
    (dolist (to '(64 128 256 512))
      (dotimes (number 2)
        (let ((layers (block-layers (floor to 64) number from to)))
          (setf value `(,(if (eql from to) 'basic-block 'wider-block) ,value ,@(funcall names layers)))
          (setf parameters (append parameters layers) from to))))
    `(defcomposite ,name
         ,(read-from-string (format nil "((X{f32}[N 3 224 224]~:{ ~a{f32}[~a]~} wout{f32}[1000 512] bout{f32}[1000]) -> (Y{f32}[N 1000]))" parameters))
       "Scores of 1000 classes."
       (linear (mean ,value :axis '(2 3)) wout bout))))

(define-resnet-18 resnet-18)
