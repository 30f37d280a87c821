;;;; einsum: products of tensors summed over the letters that the result does not have.

(in-package :caten)

(defun einsum-labels (text)
  "The labels of one operand or result: characters, and :dots for an ellipsis."
  (let ((labels '()) (k 0))
    (loop while (< k (length text))
          do (let ((character (char text k)))
               (cond ((char= character #\Space) (incf k))
                     ((alpha-char-p character) (push character labels) (incf k))
                     ((and (<= (+ k 3) (length text)) (string= "..." (subseq text k (+ k 3))) (not (member :dots labels)))
                      (push :dots labels)
                      (incf k 3))
                     (t (refuse "einsum cannot read its equation" "letters, commas, at most one ... for each operand, and ->" (format nil "~s" text)
                                "write an equation such as \"ij,jk->ik\"")))))
    (cl:reverse labels)))

(defun split-text (text separator)
  "The parts of a text between separators."
  (loop with start = 0
        for end = (position separator text :start start)
        collect (subseq text start end)
        while end
        do (setf start (1+ end))))

(defun einsum-equation (equation)
  "The labels of each operand, and those of the result; without an arrow the result has the letters that occur once, in their order."
  (unless (stringp equation) (refuse "the equation of einsum is no string" "a string such as \"ij,jk->ik\"" equation "write it between double quotes"))
  (let* ((arrow (search "->" equation))
         (operands (mapcar #'einsum-labels (split-text (subseq equation 0 arrow) #\,)))
         (all (apply #'append operands)))
    (values operands
            (if arrow
                (einsum-labels (subseq equation (cl:+ arrow 2)))
                (append (and (member :dots all) '(:dots))
                        (cl:sort (remove-duplicates (remove-if (lambda (label) (or (cl:eq label :dots) (cl:/= 1 (cl:count label all)))) all)) #'char<))))))

(defun without-dots (labels rank dots)
  "The labels with an ellipsis replaced by numbers, its last axis 0, the one before 1 …; the operand must have as many axes as labels."
  (let ((hidden (cl:- rank (cl:count-if-not (lambda (l) (cl:eq l :dots)) labels))))
    (when (or (minusp hidden) (and (plusp hidden) (not (member :dots labels)) (not dots)))
      (refuse "an operand of einsum has not as many axes as letters" (format nil "~d axes" (cl:- rank hidden)) (format nil "rank ~d" rank)
              "name each axis with a letter, or cover several with ..." 212))
    (loop for label in labels
          if (cl:eq label :dots) append (loop for k from (cl:1- hidden) downto 0 collect k)
          else collect label)))

(defun on-diagonals (x labels)
  "x with each repeated label taken along its diagonal, and its labels without repetition."
  (let ((distinct (remove-duplicates labels :from-end t)))
    (if (cl:= (length distinct) (length labels))
        (values x labels)
        (let* ((sizes (loop for label in distinct collect (nth (position label labels) (shape x)))))
          (loop for label in labels
                for size in (shape x)
                unless (eql size (nth (position label distinct) sizes))
                  do (refuse "a letter that an operand of einsum repeats has two sizes" (format nil "~a" (nth (position label distinct) sizes)) (format nil "~a" size)
                             "use another letter" 202))
          (values (take x (loop for label in labels collect (index (position label distinct) sizes))) distinct)))))

(defun aligned (x labels order)
  "x with its axes in the order of the labels, and size 1 for labels that it has not."
  (let ((present (remove-if-not (lambda (label) (member label labels)) order)))
    (reshape (permute x (loop for label in present collect (position label labels)))
             (loop for label in order collect (if (member label labels) (nth (position label labels) (shape x)) 1)))))

(defun sum-unneeded (x labels needed)
  "x summed over the labels that are not needed, and the labels left."
  (let ((gone (loop for label in labels for k from 0 unless (member label needed) collect k)))
    (values (if gone (reduce :add x gone) x) (remove-if-not (lambda (label) (member label needed)) labels))))

(defun einsum-pair (x x-labels y y-labels needed)
  "The product of two operands, summed over what is not needed afterwards."
  (let ((order (append x-labels (set-difference y-labels x-labels))))
    (setf order (append x-labels (remove-if (lambda (label) (member label x-labels)) y-labels)))
    (loop for label in x-labels
          for size in (shape x)
          for other = (and (member label y-labels) (nth (position label y-labels) (shape y)))
          do (when (and (integerp other) (integerp size) (cl:/= other size) (cl:/= other 1) (cl:/= size 1))
               (refuse "a letter of einsum has two sizes" (format nil "~(~a~) = ~a" label size) (format nil "~(~a~) = ~a" label other) "use another letter, or reshape" 202)))
    (sum-unneeded (* (aligned x x-labels order) (aligned y y-labels order)) order needed)))

(defcomposite einsum ((equation{lisp} &rest Xs{T}) -> (Y{T}) where T in numeric)
  "Products of the tensors, summed over the letters that the result does not have: (einsum \"ij,jk->ik\" a b) multiplies matrices. A letter
that an operand repeats takes its diagonal; ... stands for any axes, which broadcast; without an arrow the result has the letters that
occur once, in order (as NumPy and PyTorch, whose equations are meant). Operands are multiplied from left to right."
  (:example (einsum "ij,jk->ik" (tensor '((1 2) (3 4))) (tensor '((5 6) (7 8)))))
  (:test ((M 0 4) (N 1 4))
         (let ((a (random-tensor (list 2 M 3) :f32)) (b (random-tensor (list 3 N) :f32)))
           (and (near (einsum "bij,jk->bik" a b) (matmul a b) :atol 1e-5) (near (einsum "...j,jk" a b) (matmul a b) :atol 1e-5)
                (near (einsum "ii->i" (eye N)) (ones N)) (near (einsum "ij->" b) (sum b) :atol 1e-5) (near (einsum "ij->ji" b) (permute b 1 0)))))
  (:ulp 1 "of the number of terms times the sum of the magnitudes of the products")
  (multiple-value-bind (operands result) (einsum-equation equation)
    (unless (cl:= (length operands) (length Xs))
      (refuse "einsum has not as many operands as its equation" (format nil "~d" (length operands)) (format nil "~d" (length Xs)) "give a tensor for each part between commas" 105))
    (setf parts (loop for labels in operands for x in Xs collect (without-dots labels (rank x) nil)))
    (setf hidden (cl:reduce #'cl:max (loop for labels in parts append (remove-if-not #'integerp labels)) :initial-value -1))
    (setf wanted (loop for label in result if (cl:eq label :dots) append (loop for k from hidden downto 0 collect k) else collect label))
    (when (cl:/= (length wanted) (length (remove-duplicates wanted)))
      (refuse "the result of einsum repeats a letter" "each letter once" equation "multiply by eye to make a diagonal"))
    (dolist (label wanted)
      (unless (some (lambda (labels) (member label labels)) parts)
        (refuse "the result of einsum has a letter that no operand has" (format nil "letters of ~s" equation) (format nil "~(~a~)" label) "remove it, or check the equation")))
    (unless (or (member :dots result) (cl:= hidden -1))
      (refuse "the operands of einsum have ... and the result has not" "... in the result" equation "add ... after the arrow"))
    (setf value nil labels '())
    (loop for x in Xs
          for rest on parts
          for needed = (append wanted (apply #'append (rest rest)))
          do (multiple-value-bind (x own) (on-diagonals (widen x) (first rest))
               (multiple-value-setq (value labels)
                 (if (null value) (sum-unneeded x own needed) (einsum-pair value labels x own needed)))))
    (permute value (loop for label in wanted collect (position label labels)))))
