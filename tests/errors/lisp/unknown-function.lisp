(defvar *x* (ones 2 3))
(rellu *x*)
