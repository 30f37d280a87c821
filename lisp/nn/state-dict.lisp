;;;; Parameters and buffers by their keys, to and from files.

(in-package :nn)

(defun state-dict (module)
  "((key . tensor) …) of parameters and buffers, in the order of definition and with the keys that PyTorch has: (nn:state-dict (nn:linear 3 2))."
  (loop for (key . owned) in (owned-of module) collect (cons key (owned-tensor owned))))

(defun misfits (places given)
  "A line for each key that is missing, unexpected, or of another type."
  (append (loop for (key) in places
                unless (assoc key given :test #'string=) collect (format nil "missing: ~a" key))
          (loop for (key) in given
                unless (assoc key places :test #'string=)
                  collect (format nil "unexpected: ~a~@[, ~a~]" key (suggest key (mapcar #'car places))))
          (loop for (key . owned) in places
                for tensor = (cdr (assoc key given :test #'string=))
                when (and tensor (not (equal (tensor-shape tensor) (tensor-shape (owned-tensor owned)))))
                  collect (format nil "wrong shape: ~a is ~a and should be ~a" key (describe-type tensor) (describe-type (owned-tensor owned))))))

(defun check-state (places given strict)
  "E1101 unless the tensors given fit the places ((key . owned) …); without `strict` only wrong shapes count."
  (let* ((found (misfits places given))
         (counted (if strict found (remove-if-not (lambda (line) (eql 0 (search "wrong" line))) found))))
    (when counted
      (fail 1101 (format nil "~d of the tensors given or expected do~:[~;es~] not fit" (length counted) (= 1 (length counted)))
            :expected (format nil "~d tensors" (length places))
            :found (format nil "~d tensors" (length given))
            :remedy "make the module with the arguments it was saved with, or load what fits with :strict nil"
            :notes (first-lines counted 20)))))

(defun load-state-dict (module given &key (strict t))
  "Gives parameters and buffers the values of ((key . tensor) …), cast to their dtypes, and returns the module; without :strict, keys that the
module does not have and its keys that are not given are passed over. E1101 names all that is missing, unexpected or of a wrong shape."
  (let ((places (owned-of module)))
    (check-state places given strict)
    (loop for (key . owned) in places
          for tensor = (cdr (assoc key given :test #'string=))
          when tensor do (setf (owned-tensor owned) (cast tensor (tensor-dtype (owned-tensor owned)))))
    (compute-tensors (mapcar #'cdr (state-dict module)))
    module))

(defun first-lines (lines count)
  "At most so many of the lines, and how many more there are."
  (if (cl:<= (length lines) count)
      lines
      (append (subseq lines 0 count) (list (format nil "and ~d more" (cl:- (length lines) count))))))

(defun save-state (module path)
  "Writes parameters and buffers to a safetensors file, whole or not at all, and returns its path: (nn:save-state m \"m.safetensors\")."
  (apply #'save-safetensors path (loop for (key . tensor) in (state-dict module) collect key collect tensor)))

(defun load-state (module path &key (strict t))
  "Reads parameters and buffers from a safetensors file, PyTorch's as well, and returns the module: (nn:load-state m \"m.safetensors\")."
  (load-state-dict module (load-safetensors path) :strict strict))
