;;;; Suite digits of benchmarks/run: the classification of examples/digits.lisp in a process that stays.
;;;;
;;;;   caten run benchmarks/digits.lisp SHEET.png TIMES     what the example prints, then the milliseconds of a classification, TIMES times

(load (merge-pathnames "../examples/digits.lisp" *load-truename*))

(let* ((table (load-csv (merge-pathnames "../examples/data/digits.csv.gz" *load-truename*)))
       (size (first (shape table)))
       (images (! (slice table (0 size) (0 64))))
       (labels* (! (cast (reshape (slice table (0 size) (64 65)) size) :i64)))
       (known (! (rows images 0 1000)))
       (tested (! (rows images 1000 size)))
       (classes (! (take labels* 0 (index 0 1000)))))
  (flet ((classified () (! (majority (take classes 0 (nearest (squared-distances tested known) :k 3))))))
    (format t "~%classes~{ ~d~}~%" (tensor->list (classified)))
    (dotimes (k (parse-integer (second *arguments*)))
      (let ((start (get-internal-real-time)) (calls 5))  ; the clock counts milliseconds
        (dotimes (call calls) (classified))
        (format t "ms ~f~%" (cl:/ (cl:* 1000.0 (cl:- (get-internal-real-time) start)) calls internal-time-units-per-second))))))
