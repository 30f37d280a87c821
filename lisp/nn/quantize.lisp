;;;; Weights in few bits: of modules, and of states ((key . tensor) …) such as nn:state-dict and load-safetensors give. A weight `KEY` of format
;;;; F becomes `KEY.F`, its numbers, and `KEY.F.scale`, what they are multiples of: 0.weight.q8_0 and 0.weight.q8_0.scale.

(in-package :nn)

(defstruct (weight-format (:copier nil) (:predicate nil))
  name       ; the keyword
  suffix     ; of keys
  block      ; elements of a row that share a scale must fill so many
  encode     ; the composite that makes numbers and scales of a weight
  decode     ; a weight of numbers and scales
  product)   ; x, numbers, scales and bias: as linear

(si::set-documentation 'weight-format 'structure "A format of quantised weights.")

(defparameter *weight-formats*
  (list (make-weight-format :name :int8 :suffix "int8" :block 1 :encode (lambda (w) (caten::quantize-int8 w :axis 0))
                            :decode 'caten::dequantize-int8 :product 'caten::linear-int8)
        (make-weight-format :name :q8-0 :suffix "q8_0" :block 32 :encode 'caten::quantize-q8-0
                            :decode 'caten::dequantize-q8-0 :product 'caten::linear-q8-0)
        (make-weight-format :name :q4-0 :suffix "q4_0" :block 32 :encode 'caten::quantize-q4-0
                            :decode 'caten::dequantize-q4-0 :product 'caten::linear-q4-0))
  "The formats, the most exact one first.")

(defun format-named (name)
  "The format of this keyword; E0705 if there is none."
  (or (find name *weight-formats* :key #'weight-format-name)
      (fail 705 "no such format of weights" :expected (format nil "~{~(~s~)~^, ~}" (mapcar #'weight-format-name *weight-formats*))
            :found (format nil "~(~s~)" name)
            :remedy (or (suggest (princ-to-string name) (mapcar (lambda (each) (string (weight-format-name each))) *weight-formats*)) "choose one of them"))))

(defun numbers-key (key format)
  "The key of a weight's numbers."
  (concatenate 'string key "." (weight-format-suffix format)))

(defun scale-key (key format)
  "The key of what they are multiples of."
  (concatenate 'string (numbers-key key format) ".scale"))

(defun ends-in-p (text end)
  "True if the text ends so: (ends-in-p \"0.weight\" \"weight\")."
  (let ((start (cl:- (length text) (length end))))
    (and (cl:<= 0 start) (string= end text :start2 start))))

(defun fits-format-p (tensor format)
  "True of a matrix of floats whose rows are whole blocks of the format."
  (destructuring-bind (&optional rows columns &rest more) (tensor-shape tensor)
    (and rows columns (null more) (cl:> columns 0) (member (tensor-dtype tensor) '(:f16 :bf16 :f32 :f64))
         (zerop (cl:mod columns (weight-format-block format))))))

(defun encoded (tensor format)
  "Numbers and scales of a weight, computed."
  (let ((both (multiple-value-list (funcall (weight-format-encode format) tensor))))
    (compute-tensors both)
    (values-list both)))

(defun decoded (numbers scale format &optional (dtype :f32))
  "The weight that numbers and scales stand for."
  (funcall (weight-format-decode format) numbers scale :dtype dtype))

;;; States

(defun chosen-format (key tensor formats except)
  "The format of a weight of a state, or nil if it stays: the one that `formats` has for its key, or `formats` itself for matrices whose key
ends in weight and contains no text of `except`."
  (if (listp formats)
      (let ((name (cdr (assoc key formats :test #'string=))))
        (when name
          (let ((format (format-named name)))
            (unless (fits-format-p tensor format)
              (fail 804 (format nil "the tensor ~a does not fit ~(~s~)" key name) :found (describe-type tensor)
                    :expected (format nil "a matrix of floats with rows of ~d elements each, or a multiple of that" (weight-format-block format))
                    :remedy "choose another format for it, or none"))
            format)))
      (let ((format (format-named formats)))
        (and (ends-in-p key "weight") (fits-format-p tensor format) (notany (lambda (text) (search text key)) except) format))))

(defun quantize-state (state &key (format :q8-0) (except '()))
  "A state with its weights in a format, :int8 (a scale for each row), :q8-0 or :q4-0: each matrix of floats whose key ends in weight, whose rows
are whole blocks, and whose key contains none of the texts of :except. :format may also be ((key . format) …), for what stands there
alone. All else stays. (nn:quantize-state (load-safetensors \"m.safetensors\") :format :q4-0 :except '(\"embed\"))."
  (loop for (key . tensor) in state
        for chosen = (chosen-format key tensor format except)
        append (if chosen
                   (multiple-value-bind (numbers scale) (encoded tensor chosen)
                     (list (cons (numbers-key key chosen) numbers) (cons (scale-key key chosen) scale)))
                   (list (cons key tensor)))))

(defun quantized-entries (state)
  "((key format numbers scale) …) of the quantised weights of a state."
  (loop for (key . tensor) in state
        for format = (find-if (lambda (each) (ends-in-p key (numbers-key "" each))) *weight-formats*)
        for scale = (and format (assoc (concatenate 'string key ".scale") state :test #'string=))
        when scale
          collect (list (subseq key 0 (cl:- (length key) (length (numbers-key "" format)))) format tensor (cdr scale))))

(defun dequantize-state (state &key (dtype :f32))
  "The state with quantised weights as floats again, under their keys: what nn:load-state-dict takes for a module whose weights are floats.
(nn:dequantize-state (nn:quantize-state state)) has what quantising changes."
  (let ((quantized (quantized-entries state)))
    (loop for (key . tensor) in state
          for entry = (find key quantized :test #'string= :key (lambda (each) (numbers-key (first each) (second each))))
          unless (find key quantized :test #'string= :key (lambda (each) (scale-key (first each) (second each))))
            collect (if entry
                        (destructuring-bind (name format numbers scale) entry (cons name (decoded numbers scale format dtype)))
                        (cons key tensor)))))

;;; What it costs and saves

(defun bytes-of (tensor)
  "The bytes that the elements of a tensor take."
  (cl:* (reduce #'cl:* (tensor-shape tensor)) (cl:floor (caten/promotion:dtype-bits (tensor-dtype tensor)) 8)))

(defun relative-error (tensor other)
  "The norm of the difference of two tensors by that of the first; 0 for zeros."
  (let ((size (caten:item (caten::norm (cast tensor :f64)))))
    (if (zerop size) 0d0 (cl:/ (caten:item (caten::norm (- (cast tensor :f64) (cast other :f64)))) size))))

(defun compare-states (state quantized)
  "What quantising changed, a list for each weight: (key format bytes bytes-now error), where the error is the norm of what the weight changed by, by
its own norm. (nn:compare-states state (nn:quantize-state state))."
  (loop for (key format numbers scale) in (quantized-entries quantized)
        for tensor = (cdr (assoc key state :test #'string=))
        unless tensor
          do (fail 804 (format nil "the state has no tensor ~a" key) :expected "the state that was quantised"
                   :found (format nil "~d other tensors" (length state)) :remedy "give the state with its weights as floats first")
        collect (list key (weight-format-name format) (bytes-of tensor) (cl:+ (bytes-of numbers) (bytes-of scale))
                      (relative-error tensor (reshape (decoded numbers scale format) (tensor-shape tensor))))))

(defun replaced (state key tensor)
  "The state with another tensor under this key."
  (loop for entry in state collect (if (string= key (car entry)) (cons key tensor) entry)))

(defun choose-formats (state &key (formats '(:q4-0 :q8-0)) (limit 1/20) loss (except '()))
  "((key . format) …) for nn:quantize-state: for each weight the first of the formats that costs no more than the limit, weights apart from each other. The
cost is the relative error of the weight (nn:compare-states), or, with :loss, how much a function of a state gains when this weight alone is
quantised: (nn:choose-formats state :limit 1/1000 :loss (lambda (s) (nn:load-state-dict m s) (mse (funcall m x) y)))."
  (let ((at-first (and loss (loss-of loss state))))
    (flet ((cost (key tensor format)
             (let ((changed (multiple-value-call (lambda (numbers scale) (decoded numbers scale format)) (encoded tensor format))))
               (if loss (cl:- (loss-of loss (replaced state key changed)) at-first) (relative-error tensor changed)))))
      (let ((chosen (loop for (key . tensor) in state
                          for name = (find-if (lambda (name)
                                                (let ((format (chosen-format key tensor name except)))
                                                  (and format (cl:<= (cost key tensor format) limit))))
                                              formats)
                          when name collect (cons key name))))
        (when loss (funcall loss state))
        chosen))))

(defun loss-of (loss state)
  "The number that a function gives of a state."
  (let ((value (funcall loss state)))
    (if (tensorp value) (caten:item value) value)))

;;; Modules

(defun matrix-of (tensor)
  "A weight of two or more axes as a matrix: its rows are those of the first axis."
  (if (cddr (tensor-shape tensor)) (reshape tensor (list (first (tensor-shape tensor)) -1)) tensor))

(defun product-of (module format weight)
  "What a linear module computes of numbers and scales: they are taken apart in the product's loop."
  (declare (ignore weight))
  (lambda (numbers scale) (lambda (x) (funcall (weight-format-product format) x numbers scale (entry module "bias")))))

(defun rows-of (module format weight)
  "What an embedding computes: the rows at the indices alone are taken apart."
  (declare (ignore module weight))
  (lambda (numbers scale)
    (lambda (indices)
      (let ((flat (reshape indices -1)))
        (reshape (decoded (caten:take numbers 0 flat) (caten:take scale 0 flat) format)
                 (append (tensor-shape indices) (list -1)))))))

(defun weight-of (module format weight)
  "What a convolution computes: its weight is taken apart where it is read."
  (let ((sizes (tensor-shape weight)))
    (lambda (numbers scale)
      (lambda (&rest inputs)
        (let ((before (module-entries module)))
          (unwind-protect
               (progn (setf (module-entries module) (acons "weight" (buffer (reshape (decoded numbers scale format) sizes)) before))
                      (apply (module-body module) module inputs))
            (setf (module-entries module) before)))))))

(defparameter *quantized-kinds* '((linear . product-of) (embedding . rows-of) (conv1d . weight-of) (conv2d . weight-of))
  "Kinds of modules whose weights may be in few bits, and what they then compute: functions of module, format and weight.")

(defun quantize-part (module format)
  "Makes a module compute with numbers and scales; they take the place of its weight."
  (let* ((weight (entry module "weight")) (numbers-name (numbers-key "weight" format)) (scale-name (scale-key "weight" format))
         (function (funcall (cdr (assoc (module-kind module) *quantized-kinds*)) module format weight)))
    (multiple-value-bind (numbers scale) (encoded (matrix-of weight) format)
      (setf (module-entries module)
            (list* (cons numbers-name (buffer numbers)) (cons scale-name (buffer scale))
                   (remove "weight" (module-entries module) :key #'car :test #'string=)))
      (clos:set-funcallable-instance-function
       module (lambda (&rest inputs) (apply (funcall function (entry module numbers-name) (entry module scale-name)) inputs))))))

(defun quantize-module (module &key (format :q8-0) (except '()))
  "Changes the weights of linear layers, embeddings and convolutions of a module into a format, as nn:quantize-state does with states, and returns the
module: its calls read numbers and scales, which its state-dict has, too; it can be saved and, with a module quantised the same way, loaded. The
rows of a convolution's weight are those of its output channels. (nn:save-state (nn:quantize-module m :format :q4-0) \"m.safetensors\")."
  (loop for (key . part) in (named-modules module)
        for tensor = (and (assoc (module-kind part) *quantized-kinds*) (entry part "weight"))
        for chosen = (and tensor (chosen-format (if (string= key "") "weight" (concatenate 'string key ".weight")) (matrix-of tensor) format except))
        when chosen do (quantize-part part chosen))
  module)
