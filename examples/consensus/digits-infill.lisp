;;;; The model of digits-infill.lmpm, and (as a program) the digits for it.
;;;;
;;;;   caten run digits-infill.lisp [N]      writes known.npy, images.npy, whole.npy and labels.npy
;;;;   caten run digits-infill.lmpm --plugin digits-infill.lisp …
;;;;
;;;; Of the 1,797 digits of ../data/ 1,000 are known, spread evenly over the file; of the others come N images (all 797
;;;; unless given) without their upper halves.

(defcomposite nearest-digits ((image{i32}[B 64] known{i32}[K 8 8]) -> (logits{f32}[B K]))
  "Minus the squared distance of each image to each known digit, over the cells that the image has: id 17 is none."
  (:example (nearest-digits (const 3 :i32 1 64) (const 5 :i32 2 8 8)))
  (setf given (cast (< image 17) :i32))
  (setf ink (* given image))
  (setf pixels (permute (reshape known K 64) 1 0))
  (setf own (reshape (sum (* ink ink) :axis 1) B 1))
  (cast (neg (+ own (- (matmul given (* pixels pixels)) (* 2 (matmul ink pixels))))) :f32))

(defun write-digits (path count)
  "Writes known digits, images to fill, whole images and labels of both."
  (let* ((table (load-csv path))
         (size (first (shape table)))
         (place (mod (* 1000 (index 0 size)) size))   ; 1000 and 1797 have no common divisor: a permutation
         (order (put (const 0 :i64 size) 0 place (index 0 size) :set))
         (spread (take table 0 order))
         (pixels (reshape (cast (slice spread :all (0 64)) :u8) size 8 8))
         (labels* (cast (reshape (slice spread :all (64 65)) size) :u8))
         (whole (slice pixels (1000 (+ 1000 count)) :all :all))
         (upper (< (index 1 count 8 8) 4)))
    (save-npy "known.npy" (slice pixels (0 1000) :all :all))
    (save-npy "whole.npy" whole)
    (save-npy "images.npy" (where upper (const 17 :u8 count 8 8) whole))
    (save-npy "labels.npy" (slice labels* (0 (+ 1000 count))))))

(when *arguments*
  (write-digits (merge-pathnames "../data/digits.csv.gz" *load-truename*) (parse-integer (first *arguments*))))
