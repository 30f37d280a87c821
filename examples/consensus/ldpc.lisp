;;;; A random code for ldpc.lmpm, a word of it, and the word as it is received.
;;;;
;;;;   caten run ldpc.lisp BITS ERROR-PER-MILLE      writes at.npy, others.npy, ports.npy, sent.npy and received.npy
;;;;
;;;; Every bit is in three checks, every check has six bits, and no two checks share two: ports are exchanged until that
;;;; holds, which takes some hundreds of bits. The word is random, too: rows of checks, as integers, are solved for the bits
;;;; that others decide.

;;; Random integers below n: the same ones everywhere.
(defvar *random-word* 7)
(defun random-below (n)
  (setf *random-word* (mod (+ (* 6364136223846793005 *random-word*) 1442695040888963407) (expt 2 64)))
  (mod (ash *random-word* -33) n))

(defun exchange (ports e)
  (rotatef (aref ports e) (aref ports (random-below (cl:length ports)))))

(defun conflict-p (ports e pairs)
  "True if the bit of port e is in its check already, or meets one there that it has met elsewhere."
  (cl:loop for f from (cl:* 6 (cl:floor e 6)) below e
           for a = (cl:min (aref ports e) (aref ports f)) and b = (cl:max (aref ports e) (aref ports f))
           for key = (cl:+ (cl:* a 100000) b)
           thereis (or (cl:= a b) (gethash key pairs))
           do (setf (gethash key pairs) t)))

(defun random-code (bits)
  "The bit at each port."
  (let ((ports (make-array (cl:* 3 bits))))
    (dotimes (e (cl:length ports)) (setf (aref ports e) (cl:floor e 3)))
    (cl:loop for e from (cl:- (cl:length ports) 1) downto 1 do (rotatef (aref ports e) (aref ports (random-below (cl:+ e 1)))))
    (cl:loop
      (let ((pairs (make-hash-table)) (bad nil))
        (dotimes (e (cl:length ports))
          (when (conflict-p ports e pairs)
            (setf bad t)
            (exchange ports e)))
        (unless bad (cl:return ports))))))

(defun random-member (ports bits)
  "A word that satisfies all checks, as an integer: bit v is bit v."
  (let ((rows (make-array (cl:floor bits 2) :initial-element 0)) (pivots '()) (rank 0) (word 0))
    (dotimes (e (cl:length ports))
      (setf (aref rows (cl:floor e 6)) (logxor (aref rows (cl:floor e 6)) (ash 1 (aref ports e)))))
    (dotimes (v bits)
      (let ((found (position-if (lambda (row) (logbitp v row)) rows :start rank)))
        (cond (found
               (rotatef (aref rows rank) (aref rows found))
               (dotimes (r (cl:length rows))
                 (when (and (cl:/= r rank) (logbitp v (aref rows r)))
                   (setf (aref rows r) (logxor (aref rows r) (aref rows rank)))))
               (push (cons v rank) pivots)
               (incf rank))
              ((cl:= 1 (random-below 2)) (setf word (logior word (ash 1 v)))))))
    (let ((ones (cl:loop for (v . r) in pivots
                         when (oddp (logcount (logand (aref rows r) word))) collect v)))
      (dolist (v ones word) (setf word (logior word (ash 1 v)))))))

(defun save-integers (path integers dtype)
  (save-npy path (tensor integers :dtype dtype)))

(let* ((bits (parse-integer (first *arguments*))) (errors (parse-integer (second *arguments*)))
       (at (random-code bits))
       (ports (make-array bits :initial-element '()))
       (word (random-member at bits))
       (sent (cl:loop for v below bits collect (if (logbitp v word) 1 0))))
  (cl:loop for e from (cl:- (cl:length at) 1) downto 0 do (push e (aref ports (aref at e))))
  (save-integers "at.npy" (coerce at 'list) :i32)
  (save-integers "ports.npy" (cl:loop for own across ports append own) :i32)
  (save-integers "others.npy" (cl:loop for v across at for e from 0 append (remove e (aref ports v))) :i32)
  (save-integers "sent.npy" sent :u8)
  (save-integers "received.npy" (cl:loop for bit in sent collect (if (cl:< (random-below 1000) errors) (cl:- 1 bit) bit)) :u8))
