;;;; The text of a training run: sections of entries, read into a list. The text is untrusted: it is bounded, and nothing of it is evaluated here.

(defpackage :daten
  (:use :cl)
  (:import-from :caten/diagnostic #:fail #:suggest #:checked)
  (:import-from :caten/syntax #:with-caten-syntax)
  (:import-from :caten/evaluate #:with-guard #:read-diagnostics)
  (:import-from :caten/primitive #:add-source #:row-order)
  (:import-from :caten/signature #:named #:parse-signature #:signature-inputs #:signature-outputs #:signature-keys #:parameter-name #:parameter-dims
   #:parameter-mode)
  (:import-from :caten/syntax #:form-place)
  (:import-from :caten/tensor #:make-leaf)
  (:import-from :caten/body #:at)
  (:import-from :caten/match #:misfit)
  (:import-from :caten/composite #:written-name)
  (:export #:command #:read-run #:run-text-p #:trace-run #:define-run #:train #:evaluate #:infer))

(in-package :daten)

(defparameter *sections* '("setup" "data" "modules" "parameters" "main" "loss" "metrics" "optimizer" "train" "infer")
  "What a text may have, in the order in which it is used.")

(defparameter *most-characters* (ash 1 20) "Of a text.")
(defparameter *most-entries* 1000 "Of a text.")

(defstruct (entry (:constructor make-entry (name form place &optional signature)) (:copier nil) (:predicate nil))
  name    ; a symbol of caten-user, or nil
  form    ; what stands behind =, or the whole entry; of a mark A{Grad} alone :grad, of a function alone :given
  place       ; (source begin end)
  signature)  ; of a function, parsed; or nil

(defstruct (reader (:constructor make-reader (source text stream)) (:copier nil) (:predicate nil))
  source text stream (position 0) (count 0))

(defun bad (reader begin message &rest rest)
  "Signals E1105 at a position."
  (apply #'fail 1105 message :place (list (reader-source reader) begin (min (length (reader-text reader)) (1+ begin))) rest))

(defun line-end (reader)
  "Where the line ends that the reader is in."
  (or (position #\Newline (reader-text reader) :start (reader-position reader)) (length (reader-text reader))))

(defun next-line (reader)
  "Moves behind the line; its text."
  (let ((end (line-end reader)))
    (prog1 (subseq (reader-text reader) (reader-position reader) end)
      (setf (reader-position reader) (min (length (reader-text reader)) (1+ end))))))

(defun blank-line-p (line)
  "True of a line without an entry: empty, or a comment."
  (let ((first (find-if-not (lambda (c) (member c '(#\Space #\Tab #\Return))) line)))
    (or (null first) (char= first #\;) (char= first #\#))))

(defun section-of (line)
  "The name before the colon of a line that begins a section, and where the colon stands."
  (let ((colon (position #\: line)))
    (and colon (plusp colon) (every (lambda (c) (or (alpha-char-p c) (char= c #\-))) (subseq line 0 colon))
         (values (subseq line 0 colon) colon))))

(defun read-form (reader begin)
  "The form that begins at a position, behind which the reader then stands; only blanks or a comment may follow on its line."
  (let ((stream (reader-stream reader)))
    (file-position stream begin)
    (let ((form (with-guard (c (let ((d (first (read-diagnostics c (list (reader-source reader) begin (1+ begin))))))
                                 (caten/diagnostic:signal-diagnostic d)))
                  (let ((*read-eval* nil)) (read-preserving-whitespace stream)))))
      (setf (reader-position reader) (file-position stream))
      (let ((rest (reader-position reader)))
        (unless (blank-line-p (next-line reader))
          (bad reader rest "more text behind an entry" :expected "the end of the line" :remedy "begin another line")))
      form)))

;;; Signatures of functions: A{Dense}[M, N] B{Dense}[M, N] -> A{T}[M, k]

(defun words-of (text place)
  "The words of a part of a line."
  (let ((words '()) (*read-eval* nil))
    (with-input-from-string (stream text)
      (loop for word = (with-guard (c (caten/diagnostic:signal-diagnostic (first (read-diagnostics c place))))
                         (read-preserving-whitespace stream nil stream))
            until (eq word stream)
            do (push word words)))
    (nreverse words)))

(defun decided (outputs inputs)
  "The words of the outputs without the types {T} that no input has: those are whatever the function computes."
  (flet ((braces-p (word) (and (consp word) (eq (first word) :|{}|))))
    (remove-if (lambda (word)
                 (and (braces-p word) (null (cddr word)) (symbolp (second word)) (<= (length (symbol-name (second word))) 2)
                      (not (find word (remove-if-not #'braces-p inputs) :test #'equal))))
               outputs)))

(defun read-signature (text place)
  "The signature that stands behind the name of a function; E1105 and E0703."
  (let* ((words (words-of text place)) (arrow (position-if (lambda (word) (named word "->")) words)))
    (unless (and arrow (plusp arrow) (nthcdr (1+ arrow) words))
      (fail 1105 "a function without a signature" :expected "function NAME: inputs -> outputs" :found (string-trim " " text) :place place
                                                  :remedy "for example function f: x{f32}[N] -> y{f32}[N]"))
    (let ((inputs (subseq words 0 arrow)) (caten/diagnostic:*place* place))
      (parse-signature (list inputs (first (member "->" words :test (lambda (name word) (named word name))))
                             (decided (nthcdr (1+ arrow) words) inputs))))))

(defun symbol-of (name)
  "The symbol of caten-user that a name stands for."
  (intern (string-upcase name) :caten-user))

(defun name-end (line start)
  "Where the name ends that begins there."
  (or (position-if-not (lambda (c) (or (alphanumericp c) (find c "-_"))) line :start start) (length line)))

(defun read-entry (reader section)
  "The entry of a section at the reader."
  (when (> (incf (reader-count reader)) *most-entries*)
    (fail 402 "a text for daten has too many entries" :expected (format nil "at most ~d" *most-entries*) :remedy "split it"))
  (let* ((begin (reader-position reader)) (line (subseq (reader-text reader) begin (line-end reader)))
         (start (position-if-not (lambda (c) (member c '(#\Space #\Tab))) line))
         (function (and (string= section "modules") (eql (search "function " line) start)))
         (start (if function (position #\Space line :start (+ start 8) :test-not #'char=) start))
         (end (and start (name-end line start))) (equal (and end (position #\= line :start end)))
         (place (list (reader-source reader) (+ begin (or start 0)) (+ begin (or end 1)))))
    (flet ((name () (symbol-of (subseq line start end)))
           (behind () (+ begin equal 1)))
      (cond (function
             (unless (and (< start end) (eql (position #\: line :start end) end))
               (bad reader begin "a function without a name" :expected "function NAME: inputs -> outputs" :remedy "name it"))
             (let ((signature (read-signature (subseq line (1+ end) equal) place)))
               (if equal
                   (make-entry (name) (read-form reader (behind)) place signature)
                   (progn (next-line reader) (make-entry (name) :given place signature)))))
            ((string= section "parameters")
             (let ((name (name)) (mark (string-trim '(#\Space #\Tab #\Return) (subseq line end equal))))
               (unless (string-equal mark "{Grad}")
                 (bad reader begin "a parameter is not marked" :expected "NAME{Grad}, perhaps = form" :found (string-trim " " line)
                                                               :remedy "write for example net{Grad}"))
               (if equal
                   (make-entry name (read-form reader (behind)) place)
                   (progn (next-line reader) (make-entry name :grad place)))))
            ((and equal (< start end) (blank-line-p (subseq line end equal)))
             (make-entry (name) (read-form reader (behind)) place))
            (t (make-entry nil (read-form reader (+ begin start)) place))))))

(defun check-section (name sections place)
  "E1105 unless there is a section of this name, which is not yet among those that were read."
  (unless (member name *sections* :test #'string=)
    (fail 1105 (format nil "there is no section `~a`" name) :expected (format nil "~{~a~^, ~}" *sections*) :found name :place place
                                                            :remedy (or (suggest name *sections*) "remove it")))
  (when (assoc name sections :test #'string=)
    (fail 1105 (format nil "the section `~a` is there twice" name) :place place :remedy "join both")))

(defun run-text-p (text)
  "True of a text that begins with a section, after empty lines and comments: (run-text-p \"main: output = x\")."
  (with-input-from-string (stream text)
    (loop for line = (read-line stream nil)
          while (and line (blank-line-p line))
          finally (return (and line (member (section-of line) *sections* :test #'equal) t)))))

(defun read-run (source text)
  "The sections of a text, ((\"data\" entry…) …); E1105 names what it does not have, with its place."
  (when (> (length text) *most-characters*)
    (fail 402 "a text for daten is too long" :expected (format nil "at most ~d characters" *most-characters*) :found (format nil "~d" (length text))
          :remedy "load data from files"))
  (with-input-from-string (stream text)
    (with-caten-syntax (:source source)
      (let ((reader (make-reader source text stream)) (sections '()) (current nil))
        (loop while (< (reader-position reader) (length text))
              do (let* ((begin (reader-position reader)) (line (subseq text begin (line-end reader))))
                   (multiple-value-bind (name colon) (section-of line)
                     (cond ((blank-line-p line) (next-line reader))
                           (name
                            (check-section name sections (list source begin (min (length text) (1+ begin))))
                            (setf current (list name))
                            (push current sections)
                            (if (blank-line-p (subseq line (1+ colon)))
                                (next-line reader)
                                (progn (setf (reader-position reader) (+ begin colon 1))
                                       (nconc current (list (read-entry reader name))))))
                           ((null current)
                            (bad reader begin "an entry before the first section" :expected "a section, as data:" :remedy "begin with a section"))
                           (t (nconc current (list (read-entry reader (first current)))))))))
        (reverse sections)))))
