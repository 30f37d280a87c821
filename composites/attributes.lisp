;;;; Checks of attributes: what is wrong with one is said with what was expected, what was found, and a remedy.

(in-package :caten)

(defun refuse (message expected found remedy &optional (code 705))
  "Signals an error about an attribute or a size and leaves the composite: (refuse \"a stride\" \"1 or more\" -1 \"…\")."
  (caten/diagnostic:fail code message :expected expected
                                      :found (let ((*print-length* 8)) (if (stringp found) found (format nil "~(~s~)" found)))
                                      :remedy remedy)
  (throw 'caten/match::misfit :poison))

(defun one-of (attribute value choices)
  "The value, if it is among the choices; a string or symbol stands for the keyword of its name."
  (let ((key (if (and value (typep value '(or string symbol)) (not (keywordp value))) (intern (string-upcase (string value)) :keyword) value)))
    (if (member key choices)
        key
        (refuse (format nil "no such ~(~a~)" attribute) (format nil "~{~(~s~)~^, ~}" choices) value
                (or (and (typep value '(or string symbol)) (caten/diagnostic:suggest (string value) (mapcar #'string choices)))
                    "choose one of them")))))

(defun whole-number (attribute value least)
  "The value, if it is an integer of at least `least`."
  (if (and (integerp value) (>= value least))
      value
      (refuse (format nil "~(~a~) is no integer of at least ~d" attribute least) (format nil "~d or more" least) value
              (format nil "give another ~(~a~)" attribute))))

(defun whole-numbers (attribute value count least)
  "A list of `count` integers: the value for each axis, or the list that it is."
  (let ((list (if (listp value) value (make-list count :initial-element value))))
    (unless (= (length list) count)
      (refuse (format nil "~(~a~) has ~d number~:p for ~d axes" attribute (length list) count) (format nil "~d numbers, or one for all" count)
              value "give one for each axis"))
    (mapcar (lambda (number) (whole-number attribute number least)) list)))
