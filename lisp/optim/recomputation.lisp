;;;; How much of a step is computed a second time, so that its intermediate values fit into a number of bytes.
;;;;
;;;; A module is a list of blocks, as the layers of a transformer. Of a block that is recomputed only the arguments are kept for the way back. It costs
;;;; one more computation of the block whichever it is, and saves most where it comes first: the way back has then let go of all the others.

(in-package :optim)

(defun lists-of-modules (module)
  "Each list of modules that a module and its parts consist of: the parts of nn:sequential, and entries that are lists."
  (loop for (nil . part) in (nn:named-modules module)
        for entries = (mapcar #'cdr (nn::module-entries part))
        append (if (eq (nn::module-kind part) 'nn:sequential)
                   (list (remove-if-not #'nn:module-p entries))
                   (remove-if-not #'consp entries))))

(defun blocks-of (module)
  "The longest list of modules in a module, the outermost of several."
  (first (stable-sort (lists-of-modules module) #'cl:> :key #'length)))

(defun bytes-of (memory)
  "A number of bytes, or a text as \"200M\", as a number; E0705 and E0902."
  (typecase memory
    (string (checked (parse-bytes memory)))
    ((integer 0) memory)
    (t (fail 705 "the memory of a step is no number of bytes" :expected "an integer, or a text as \"200M\"" :found (format nil "~(~s~)" memory)
             :remedy "correct it"))))

(defun fewest-recomputed (limit most planned)
  "The least number of blocks with which `planned`, a function from 0 … most to bytes, stays within the limit; E0404 if there is none."
  (let ((none (funcall planned 0)))
    (if (cl:<= none limit)
        0
        (let ((all (funcall planned most)))
          (when (cl:> all limit)
            (fail 404 "a training step needs more memory than :memory allows" :expected (format nil "at most ~d bytes of intermediate values" limit)
                  :found (format nil "~d bytes where the ~d blocks of the module are recomputed, ~d where none is" all most none)
                  :remedy (if (cl:< most 2)
                              "make the layers parts of nn:sequential or a list of modules, or allow more"
                              "use smaller batches, or allow more")))
          (loop with few = 0 and many = most
                while (cl:< 1 (cl:- many few))
                do (let ((between (cl:floor (cl:+ few many) 2)))
                     (if (cl:<= (funcall planned between) limit) (setf many between) (setf few between)))
                finally (return many))))))
