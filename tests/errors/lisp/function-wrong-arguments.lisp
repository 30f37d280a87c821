(defun scale (x factor) (* x factor))
(scale (ones 2))
