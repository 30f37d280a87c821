;;;; Files of arrays: npy, npz, csv, safetensors, png.

(defpackage :caten/files
  (:use :cl)
  (:import-from :caten
   #:load-npy #:save-npy #:load-npz #:save-npz #:load-csv #:save-csv #:load-safetensors #:save-safetensors #:save-png #:tensorp
   #:tensor)
  (:import-from :caten/primitive
   #:load-array #:load-all-arrays #:save-array #:save-all-arrays #:load-csv-array #:save-png-array)
  (:import-from :caten/tensor #:make-leaf #:tensor-value #:poison #:poison-p)
  (:import-from :caten/promotion #:resolve-dtype)
  (:import-from :caten/program #:compute-tensors)
  (:import-from :caten/diagnostic #:checked #:fail)
  (:export #:array-of #:leaf #:path-text))

(in-package :caten/files)

(defun path-text (path)
  "The path as a string."
  (typecase path
    (string path)
    (pathname (namestring path))
    (t (fail 705 "a path must be a string" :found (princ-to-string path)) "")))

(defun leaf (described)
  "A tensor over an array that a primitive described as (array dtype . shape)."
  (let ((described (checked described)))
    (if (poison-p described)
        (poison)
        (destructuring-bind (array dtype . shape) described
          (make-leaf :data dtype shape :value array)))))

(defun array-of (object)
  "The computed array of a tensor, a number or nested lists."
  (let ((tensor (if (tensorp object) object (tensor object))))
    (compute-tensors (list tensor))
    (tensor-value tensor)))

(defun expect-extension (path extensions)
  "The path as text, if its extension is one of these."
  (let ((text (path-text path)))
    (if (some (lambda (extension)
                (let ((start (- (length text) (length extension))))
                  (and (plusp start) (string-equal extension text :start2 start))))
              extensions)
        text
        (progn (fail 505 (format nil "the name ~s does not end in ~{~a~^ or ~}" text extensions)
                     :remedy "name the file by its format, or use the function for its format")
               text))))

(defun named-leaves (path extensions name)
  "One tensor of an archive, or all as ((name . tensor) …)."
  (let ((text (expect-extension path extensions)))
    (if name
        (leaf (load-array text name))
        (loop for (key . described) in (checked (load-all-arrays text))
              collect (cons key (leaf described))))))

(defun save-named (path extensions arguments)
  "Writes an archive from names and tensors in turn."
  (let ((text (expect-extension path extensions)))
    (unless (and (evenp (length arguments)) (loop for (name) on arguments by #'cddr always (stringp name)))
      (fail 705 "an archive is written from names and tensors in turn" :expected "\"name\" tensor …"))
    (compute-tensors (loop for (nil value) on arguments by #'cddr when (tensorp value) collect value))
    (checked (save-all-arrays text (loop for (name value) on arguments by #'cddr collect (cons name (array-of value)))))
    text))

(defun load-npy (path)
  "The array of a NumPy file: (load-npy \"x.npy\")."
  (leaf (load-array (expect-extension path '(".npy")) nil)))

(defun save-npy (path value)
  "Writes a NumPy file and returns its path: (save-npy \"x.npy\" (ones 2))."
  (let ((text (expect-extension path '(".npy"))))
    (checked (save-array text (array-of value)))
    text))

(defun load-npz (path &optional name)
  "One array of a NumPy archive, or all as ((name . tensor) …): (load-npz \"x.npz\" \"weight\")."
  (named-leaves path '(".npz") name))

(defun save-npz (path &rest names-and-values)
  "Writes a NumPy archive: (save-npz \"x.npz\" \"weight\" w \"bias\" b)."
  (save-named path '(".npz") names-and-values))

(defun load-csv (path &key (delimiter ",") (skip-lines 0) (dtype :f32))
  "The table of numbers in a text file, perhaps compressed, as a tensor of rank 2: (load-csv \"x.csv.gz\" :skip-lines 1)."
  (leaf (load-csv-array (path-text path) (string delimiter) skip-lines (resolve-dtype dtype))))

(defun save-csv (path value)
  "Writes a tensor of rank 0 to 2 as text, compressed if the name ends in .gz: (save-csv \"x.csv\" (ones 2 3))."
  (let ((text (expect-extension path '(".csv" ".csv.gz"))))
    (checked (save-array text (array-of value)))
    text))

(defun load-safetensors (path &optional name)
  "One tensor of a safetensors file, or all as ((name . tensor) …): (load-safetensors \"x.safetensors\" \"weight\")."
  (named-leaves path '(".safetensors") name))

(defun save-safetensors (path &rest names-and-values)
  "Writes a safetensors file: (save-safetensors \"x.safetensors\" \"weight\" w)."
  (save-named path '(".safetensors") names-and-values))

(defun save-png (path value)
  "Writes an image [height width] or [height width channels] of u8, bool, or floats from 0 to 1: (save-png \"x.png\" image)."
  (let ((text (expect-extension path '(".png"))))
    (checked (save-png-array text (array-of value)))
    text))
