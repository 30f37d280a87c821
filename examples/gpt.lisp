;;;; A small GPT over characters: trains on Newton's Opticks (examples/data/README.md), says how many bits a character of the last
;;;; tenth costs, which it has not seen, and goes on writing with a cache of keys and values.
;;;;
;;;;   caten run examples/gpt.lisp                         # some minutes; again: goes on from gpt.safetensors
;;;;   caten run examples/gpt.lisp --steps 100 --layers 2 --prompt 'The Colours of ' --temperature 0.7 --top-p 0.9
;;;;
;;;; A run that was interrupted goes on where it was; one that had ended only writes. Other settings need another :checkpoint.

(defun setting (name default)
  "What stands behind --name among the arguments, a number where the default is one."
  (let ((found (second (member (format nil "--~a" name) *arguments* :test #'string=))))
    (cond ((null found) default)
          ((or (stringp default) (null default)) found)
          (t (let ((*read-eval* nil)) (read-from-string found))))))

(defparameter *length* (setting "length" 64) "How many characters the model sees at once.")
(defparameter *batch* (setting "batch" 32) "Windows of a training step.")
(defparameter *steps* (setting "steps" 500) "Training steps.")
(defparameter *text*
  (with-open-file (in (setting "text" (namestring (merge-pathnames "data/opticks.txt" (or *load-truename* *default-pathname-defaults*)))))
    (let ((text (make-string (file-length in)))) (subseq text 0 (read-sequence text in)))))
(defparameter *alphabet* (cl:sort (remove-duplicates *text*) #'char<))

;;; The model

(nn:defmodule gpt (vocabulary length size layers heads)
  "Logits [B L vocabulary] of the character behind each of `length` or fewer (Radford and others, 2019): embeddings, blocks, norm, and the table of
characters once more. With :caches, one for each block, the characters follow those that the caches have, and the second value is the new caches."
  ((characters (nn:parameter (nn:initial-normal (list vocabulary size) :std 0.02)))
   (positions (nn:parameter (nn:initial-normal (list length size) :std 0.02)))
   (blocks (loop repeat layers collect (nn:transformer-block size heads)))
   (norm (nn:layer-norm size)))
  ((x &key caches)
   (let* ((count (second (shape x))) (first (if caches (nn:kv-cache-position (first caches)) 0)) (new '())
          (y (+ (embedding x characters) (embedding (+ (index 0 count) first) positions))))
     (dolist (block blocks)
       (multiple-value-bind (seen cache) (funcall block y :causal (null caches) :cache (pop caches))
         (setf y seen)
         (push cache new)))
     (values (linear (norm y) characters) (nreverse new)))))

(nn:manual-seed (setting "seed" 1))
(defparameter *heads* (setting "heads" 4))
(defparameter *size* (setting "size" 128))
(defparameter *layers* (setting "layers" 4))
(defparameter *gpt* (gpt (length *alphabet*) *length* *size* *layers* *heads*))

;;; Training: random windows of the text, each with the character behind it

(defun codes (text)
  "The characters of a text as their places in the alphabet."
  (tensor (map 'list (lambda (character) (position character *alphabet*)) text) :dtype :i64))

(defun windows (text starts)
  "The windows of length + 1 characters that begin at `starts`, a row each."
  (! (take text 0 (+ (reshape starts (first (shape starts)) 1) (index 1 (first (shape starts)) (cl:1+ *length*))))))

(defun nats (net windows)
  "The mean cross-entropy of the characters behind the first of each window."
  (let ((logits (funcall net (slice windows :all (0 *length*)))))
    (cross-entropy (reshape logits -1 (length *alphabet*)) (reshape (slice windows :all (1 (cl:1+ *length*))) -1))))

(defun bits-per-character (text)
  "What a character of a text costs, in windows one behind the other, of which each begins without a past."
  (let* ((count (cl:floor (cl:1- (first (shape text))) *length*)) (rows (windows text (* *length* (index 0 count)))) (each 64))
    (cl:/ (loop for from from 0 below count by each
                for to = (cl:min count (cl:+ from each))
                sum (cl:* (cl:- to from) (item (nats *gpt* (slice rows (from to))))))
          (cl:* count (cl:log 2d0)))))

(let* ((all (codes *text*)) (split (cl:floor (cl:* 9 (length *text*)) 10))
       (starts (cast (floor (* (rand (cl:* *steps* *batch*) :seed (setting "seed" 1) :dtype :f64) (cl:- split *length* 1))) :i64))
       (rows (windows (slice all (0 split)) starts))
       (trainer (optim:make-trainer *gpt* #'nats (list (slice rows (0 *batch*)))
                                    :optimizer (optim:adamw :weight-decay 0.1
                                                            :lr (optim:linear-warmup (cl:ceiling *steps* 10) (optim:cosine (setting "rate" 0.003) *steps*)))
                                    :groups '((:match :vectors :weight-decay 0)) :clip-norm 1)))
  (format t "~d characters, ~d of them different; ~d parameters~%" (length *text*) (length *alphabet*) (nn:parameter-count *gpt*))
  (when (setting "start" nil)                              ; for a comparison: all that decides what training does
    (apply #'save-npz (setting "start" "") "windows" rows "held-out" (slice all (split (length *text*)))
           (loop for (key . value) in (nn:state-dict *gpt*) collect key collect value)))
  (optim:train trainer (list rows) :batch-size *batch* :shuffle nil :checkpoint (setting "checkpoint" "gpt.safetensors") :checkpoint-every 100
                                   :log (setting "log" nil))
  (format t "held-out bits per character: ~,3f~%~%" (bits-per-character (slice all (split (length *text*))))))

;;; Writing

(defvar *positions* 0 "How many positions were computed.")

(defun chosen (logits step)
  "The characters that follow, drawn from logits [… vocabulary]."
  (sample logits step :temperature (setting "temperature" 0.8) :top-k (setting "top-k" (length *alphabet*)) :top-p (setting "top-p" 1) :seed (setting "seed" 1)))

(defun empty-caches ()
  (loop repeat *layers* collect (nn:make-kv-cache 1 *heads* *length* (cl:/ *size* *heads*))))

(defun states (caches)
  "The tensors of caches."
  (mapcan #'nn:kv-cache-tensors caches))

(defun cached ()
  "A function of all characters in view that gives the next one. What it has seen is in the states of a program that reads one character, so
each further one is a run of it; a view that begins anew is read from its start."
  (let ((stepper (nn:make-stepper (lambda (character step &rest states)
                                    (multiple-value-bind (logits caches)
                                        (funcall *gpt* character :caches (loop for tensors on states by #'cdddr
                                                                               collect (apply #'nn:kv-cache (subseq tensors 0 3))))
                                      (values (states caches) (chosen logits step))))
                                  (list (tensor '((0)) :dtype :i64) (tensor 0 :dtype :i64)) (states (empty-caches))))
        (seen '()) (found nil))
    (lambda (view step)
      (unless (eql (or (mismatch seen view) (length seen)) (length seen))
        (nn:set-stepper-states stepper (states (empty-caches)))
        (setf seen '()))
      (dolist (code (nthcdr (length seen) view) (item found))
        (setf found (nn:run-step stepper (tensor (list (list code)) :dtype :i64) (tensor step :dtype :i64)) seen view)
        (incf *positions*)))))

(defun recomputed ()
  "The same without a cache: all positions again for each character."
  (lambda (view step)
    (let ((padded (append view (make-list (cl:- *length* (length view)) :initial-element 0))))
      (incf *positions* *length*)
      (item (chosen (take (funcall *gpt* (tensor (list padded) :dtype :i64)) 1 (tensor (cl:1- (length view)) :dtype :i64))
                    (tensor step :dtype :i64))))))

(defun write-on (prompt count next)
  "Prints the prompt and so many characters behind it, each what `next` says of those in view: at most `length`; where they are as many, their second half
begins another view."
  (let ((view (map 'list (lambda (character) (or (position character *alphabet*) 0)) prompt)))
    (write-string prompt)
    (dotimes (step count)
      (when (cl:>= (length view) *length*) (setf view (last view (cl:floor *length* 2))))
      (let ((code (funcall next view step)))
        (write-char (char *alphabet* code))
        (finish-output)
        (setf view (append view (list code)))))
    (terpri)))

(defun seconds (function)
  "How long a call takes."
  (let ((begin (get-internal-real-time)))
    (funcall function)
    (cl:max 1d-6 (cl:/ (cl:- (get-internal-real-time) begin) (float internal-time-units-per-second 1d0)))))

(defun copied-per-second ()
  "How many bytes a second memory gives to be copied."
  (let ((x (! (ones (expt 2 24)))))
    (cl:/ (expt 2 26) (loop repeat 6 minimize (seconds (lambda () (! (neg x))))))))

(let* ((next (if (member "--recompute" *arguments* :test #'string=) (recomputed) (cached))) (prompt (setting "prompt" "The Rays of Light ")))
  (funcall next (list 0) 0)                                 ; compiled before it is measured
  (setf *positions* 0)
  (let* ((time (seconds (lambda () (write-on prompt (setting "characters" 400) next)))) (rate (cl:/ *positions* time))
         (read (cl:* rate 4 (nn:parameter-count *gpt*))) (roof (copied-per-second)))
    (format *error-output* "~%~,1f positions a second read weights at ~,2f GB/s, ~,1f % of the ~,1f GB/s at which memory is copied~%" rate (cl:/ read 1d9)
            (cl:/ (cl:* 100 read) roof) (cl:/ roof 1d9))))
