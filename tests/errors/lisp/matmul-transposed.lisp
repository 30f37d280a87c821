(defvar *weights* (ones 128 64))
(defvar *batch* (ones 32 64))
(matmul *batch* *weights*)
