(defun second (x) x)
