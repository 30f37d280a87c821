;;;; Files of arrays: what is written is read again.

(defun in-folder (folder name)
  (concatenate 'string folder "/" name))

(defmacro with-folder ((folder) &body body)
  `(let ((,folder (caten/testing::make-folder)))
     (unwind-protect (progn ,@body)
       (dolist (file (directory (concatenate 'string ,folder "/*.*"))) (delete-file file))
       (si::rmdir (concatenate 'string ,folder "/")))))

(deftest files-round-trip
  (with-folder (folder)
    (let ((x (tensor '((1.5 -2) (0.25 4)) :dtype :f16)) (y (tensor '(1 2 3))))
      (let ((read (load-npy (save-npy (in-folder folder "x.npy") x))))
        (check (eq :f16 (dtype read)))
        (check (near read x)))
      (check (near (load-csv (save-csv (in-folder folder "x.csv.gz") x)) x))
      (let ((all (load-npz (save-npz (in-folder folder "x.npz") "x" x "y" (* y 2)))))
        (check (equal '("x" "y") (mapcar #'car all)))
        (check (near (cdr (second all)) '(2 4 6))))
      (check (near (load-npz (in-folder folder "x.npz") "x") x))
      (check (near (load-safetensors (save-safetensors (in-folder folder "x.safetensors") "y" y) "y") y))
      (check (probe-file (save-png (in-folder folder "x.png") (zeros 4 4)))))))

(deftest bad-files
  (check-error 501 (load-npy "/nowhere/x.npy"))
  (check-error 505 (load-npy "x.csv"))
  (check-error 502 (save-npy "/nowhere/x.npy" (ones 2)))
  (check-error 705 (load-npy 5))
  (with-folder (folder)
    (let ((path (in-folder folder "x.npz")))
      (save-npz path "weight" (ones 2))
      (check-error 507 (load-npz path "wieght")))
    (with-open-file (stream (in-folder folder "x.npy") :direction :output) (write-string "no array" stream))
    (check-error 503 (load-npy (in-folder folder "x.npy")))))
