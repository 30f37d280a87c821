;;;; Videos of moving digits as tokens, for seed-video.lmpm.
;;;;
;;;;   caten run moving-digits.lisp make FRAMES                    writes video.npy, start.npy, coarse.npy, text.npy, association.npy, prior.npy
;;;;   caten run moving-digits.lisp measure RESULT.npy [without]   how well what was made, with or without coarse.npy, leads to video.npy
;;;;
;;;; Three digits of ../data/ move over 32 × 32 pixels and bounce. A token stands for 2 × 2 pixels, a coarse token for the 16 × 16
;;;; pixels of 8 × 8 tokens: the nearest of 16 codes, which start as the patterns of four corners that are inked or not, and are
;;;; moved to the middle of what is nearest to them. The text of a video is its three digits. Tables are counted in 60 videos
;;;; of known digits; the video to work on shows others, and columns from 10 on are to be made: there start.npy is random.

(defvar *codes* 16)
(defvar *videos* 60)
(defvar *free* 10)
(defvar *models* (merge-pathnames "seed-video.lisp" *load-truename*))

;;; Random integers below n: the same ones everywhere.
(defvar *random-word* 1)
(defun random-below (n)
  (setf *random-word* (mod (+ (* 6364136223846793005 *random-word*) 1442695040888963407) (expt 2 64)))
  (mod (ash *random-word* -33) n))

(defun bounced (start speed frame)
  "A place in 0 … 24 that moves and turns at the ends."
  (let ((place (mod (+ start (* speed frame)) 48)))
    (if (> place 24) (- 48 place) place)))

(defcomposite rendered ((images{f32}[I 8 8] digit{i64}[M D] x{i64}[M D F] y{i64}[M D F]) -> (V{f32}[M F 32 32]))
  "Digits at their places in each frame, axes x and y; where two meet the darker ink."
  (setf dx (- (index 3 M D F 32 32) (reshape x M D F 1 1)))
  (setf dy (- (index 4 M D F 32 32) (reshape y M D F 1 1)))
  (setf inside (and (and (>= dx 0) (< dx 8)) (and (>= dy 0) (< dy 8))))
  (setf ink (take images (list (expand (reshape digit M D 1 1 1) M D F 32 32) dy dx)))
  (amax (if inside ink 0) :axis 1))

(defcomposite quarters ((V{f32}[M F A B] &key (side 2)) -> (X{f32}[P 4]))
  "Of each side × side pixels the mean ink of their four quarters."
  (setf h (/ side 2) columns (/ A side) rows (/ B side))
  (setf means (mean (reshape V M F columns 2 h rows 2 h) :axis (list 4 7)))
  (reshape (permute means 0 1 2 4 3 5) -1 4))

(defcomposite nearest-code ((X{f32}[P D] codes{f32}[K D]) -> (I{i64}[P]))
  "The code that is nearest to each row."
  (argmin (- (reshape (sum (* codes codes) :axis 1) 1 K) (* 2 (matmul X (permute codes 1 0)))) :axis 1))

(defcomposite moved-codes ((X{f32}[P D] codes{f32}[K D]) -> (Y{f32}[K D]))
  "Each code in the middle of the rows that are nearest to it; one that has none stays."
  (setf near (nearest-code X codes))
  (setf counts (put (const 0 :f32 K) 0 near (const 1 :f32 P) :add))
  (setf sums (put (const 0 :f32 K D) 0 near X :add))
  (if (> (reshape counts K 1) 0) (/ sums (max (reshape counts K 1) 1)) codes))

(defun corner-codes (ink)
  "16 patterns of four corners."
  (tensor (cl:loop for code below *codes*
                   collect (cl:loop for corner below 4 collect (if (logbitp corner code) ink 0.0)))
          :dtype :f32))

(defun trained-codes (rows ink)
  (let ((codes (corner-codes ink)))
    (dotimes (i 8 codes) (setf codes (! (moved-codes rows codes))))))

(defun make-videos (images labels* count frames first-digit digits)
  "Pixels of `count` videos of the images first-digit …, and the labels that they show."
  (flet ((drawn (function) (tensor (cl:loop repeat count collect (cl:loop repeat 3 collect (funcall function))) :dtype :i64))
         (paths () (tensor (cl:loop repeat count
                                    collect (cl:loop repeat 3
                                                     collect (let ((start (random-below 48)) (speed (+ 1 (random-below 2))))
                                                               (cl:loop for frame below frames collect (bounced start speed frame)))))
                           :dtype :i64)))
    (let ((digit (drawn (lambda () (+ first-digit (random-below digits))))))
      (values (! (rendered images digit (paths) (paths))) (! (take labels* 0 digit))))))

(defcomposite shifted ((V{i64}[M F A B] dt{size} dx{size} dy{size}) -> (S{i64}[M F A B]))
  "The id that each cell sees at this distance; 16 beyond the rim."
  (setf at (index 1 M F A B) ax (+ (index 2 M F A B) dx) ay (+ (index 3 M F A B) dy) before (- at dt))
  (setf inside (and (>= before 0) (and (and (>= ax 0) (< ax A)) (and (>= ay 0) (< ay B)))))
  (if inside (take V (list (index 0 M F A B) before ax ay)) 16))

(defun contexts (tokens coarse text)
  "What a cell sees, in the order of the program's reads: (cells, 8 neighbours + previous + 3 of the text + coarse)."
  (destructuring-bind (m f a b) (shape tokens)
    (let ((seen (append (cl:loop for (dx dy) in '((-1 -1) (-1 0) (-1 1) (0 -1) (0 1) (1 -1) (1 0) (1 1))
                                 collect (shifted tokens 0 dx dy))
                        (list (shifted tokens 1 0 0))
                        (cl:loop for k below 3 collect (expand (reshape (slice text :all (k (+ k 1))) m 1 1 1) m f a b))
                        (list (take coarse (list (index 0 m f a b) (index 1 m f a b) (/ (index 2 m f a b) 8) (/ (index 3 m f a b) 8)))))))
      (! (reshape (apply #'stack (append seen '(:axis 4))) (* m f a b) 13)))))

(defcomposite rounded ((x{f32}[~]) -> (y{f32}[~]))
  "Multiples of 1/256: what a processor rounds otherwise does not make another table."
  (/ (floor (+ (* 256 x) 0.5)) 256))

(defcomposite association ((context{i64}[P C] token{i64}[P] weights{f32}[C] &key (codes 16)) -> (A{f32}[C U V]))
  "How much more probable each token is where a cell sees an id, as weighted logarithms; 0 for what was never seen."
  (setf pairs (put (const 0 :f32 C (+ codes 1) codes)
                   (list (index 1 P C) context (expand (reshape token P 1) P C)) (const 1 :f32 P C) :add))
  (setf prior (+ (sum pairs :axis (list 0 1)) 1))
  (setf share (/ prior (sum prior)))
  (setf strength 20)
  (setf behind (/ (+ pairs (* strength (reshape share 1 1 codes)))
                  (+ (sum pairs :axis 2 :keepdims t) strength)))
  (rounded (* (reshape weights C 1 1) (log (/ behind (reshape share 1 1 codes))))))

(defun token-video (pixels codes)
  (destructuring-bind (m f a b) (shape pixels)
    (! (reshape (nearest-code (quarters pixels) codes) m f (floor a 2) (floor b 2)))))

(defun coarse-video (pixels codes)
  (destructuring-bind (m f a b) (shape pixels)
    (! (reshape (nearest-code (quarters pixels :side 16) codes) m f (floor a 16) (floor b 16)))))

(defun make-all (path frames)
  (let* ((table (load-csv path))
         (images (! (cast (reshape (slice table :all (0 64)) -1 8 8) :f32)))
         (labels* (! (cast (reshape (slice table :all (64 65)) -1) :i64))))
    (multiple-value-bind (known known-text) (make-videos images labels* *videos* 8 0 1000)
      (multiple-value-bind (pixels text) (make-videos images labels* 1 frames 1000 797)
        (let* ((fine (trained-codes (quarters known) 12.0))
               (coarse (trained-codes (quarters known :side 16) 3.0))
               (tokens (token-video known fine))
               (context (contexts tokens (coarse-video known coarse) known-text))
               (weights (tensor '(0.1 0.4 0.1 0.4 0.4 0.1 0.4 0.1 0.3 0.05 0.05 0.05 0.6) :dtype :f32))
               (flat (reshape tokens -1))
               (video (reshape (token-video pixels fine) frames 16 16))
               (noise (tensor (cl:loop repeat (* frames 256) collect (random-below *codes*)) :dtype :i64)))
          (save-npy "association.npy" (association context flat weights))
          (save-npy "prior.npy" (rounded (log (/ (+ 1 (put (const 0 :f32 *codes*) 0 flat (ones (first (shape flat))) :add))
                                                 (+ (first (shape flat)) *codes*)))))
          (save-npy "video.npy" (cast video :u8))
          (save-npy "start.npy" (cast (where (< (index 1 frames 16 16) *free*) video (reshape noise frames 16 16)) :u8))
          (save-npy "coarse.npy" (cast (reshape (coarse-video pixels coarse) frames 2 2) :u8))
          (save-npy "text.npy" (cast (reshape text 3) :u8)))))))

(defun measure (path coarse-p)
  "Bits for each free token of the video, by the program's own model and from what the program made around it."
  (load *models*)  ; they read the tables of this folder
  (let* ((video (reshape (cast (load-npy "video.npy") :i64) -1))
         (result (load-npy path)) (frames (first (shape result)))
         (coarse (if coarse-p (load-npy "coarse.npy") (const *codes* :i64 frames 2 2)))
         (seen (contexts (cast (reshape result 1 frames 16 16) :i64) (cast (reshape coarse 1 frames 2 2) :i64)
                         (cast (reshape (load-npy "text.npy") 1 3) :i64)))
         (logits (funcall 'token-logits (slice seen :all (0 8)) (take seen 1 8) (slice seen :all (9 12)) (take seen 1 12)))
         (bits (* (cl:/ -1 (cl:log 2.0)) (take (log-softmax logits :axis 1) (list (index 0 (* frames 256)) video))))
         (free (slice (reshape bits frames 16 16) :all (*free* 16) :all)))
    (format t "~,2f bits per token~%" (item (mean free)))))

(let ((task (first *arguments*)) (argument (second *arguments*)))
  (cond ((equal task "make") (make-all (merge-pathnames "../data/digits.csv.gz" *load-truename*) (parse-integer argument)))
        ((equal task "measure") (measure argument (cl:not (equal (third *arguments*) "without"))))))
