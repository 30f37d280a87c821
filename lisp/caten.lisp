;;;; The public names: package caten, which owns every symbol a user sees, and caten-user, in which programs are read.

(defpackage :caten
  (:use :cl)
  ;; Common Lisp functions that are generic over numbers, sizes and tensors here.
  (:shadow #:+ #:- #:* #:/ #:1+ #:1- #:= #:/= #:< #:> #:<= #:>= #:max #:min #:abs #:signum #:floor #:ceiling #:round #:truncate
           #:mod #:rem #:exp #:expt #:log #:sqrt #:sin #:cos #:tan #:asin #:acos #:atan #:sinh #:cosh #:tanh #:asinh #:acosh
           #:atanh #:sort #:reverse #:reduce #:fill #:conjugate #:realpart #:imagpart #:phase #:logand #:logior #:logxor #:lognot
           #:ash #:pi #:isqrt #:gcd #:lcm #:eq #:load #:describe #:time #:step)
  (:export
   ;; definitions
   #:defcomposite #:composite #:composite-p #:defoptimizer #:disable-optimizer #:enable-optimizer #:optimizers #:deftest #:check #:check-error #:near #:numpy
   #:consensual-program #:param #:value #:visible #:rule #:constraint #:commit #:lci-of #:text-of #:load-consensual-program
   #:world #:look #:show #:why #:why-not #:add-constraint #:remove-constraint #:digest #:picture #:save-world #:load-world
   #:step-facts
   #:defmaker #:document-function #:random-tensor #:per-element
   ;; clauses of definitions
   #:where #:next #:-> #:~
   ;; the principal ops whose names Common Lisp does not have
   #:const #:index #:exp2 #:log2 #:add #:mul #:div #:lt #:xor #:cast #:bitcast #:reshape #:permute #:expand #:slice #:take
   #:put #:copy #:slice-along #:widen #:scan #:logical-and #:logical-or #:logical-not #:logical-xor
   ;; tensors
   #:tensor #:tensorp #:full #:zeros #:ones #:shape #:dtype #:rank #:item #:tensor->list #:!
   #:precision #:with-precision #:load-ops
   #:normalize-axis #:normalize-axes #:size-value #:dtype-in #:ir-of
   ;; derivatives
   #:grad #:value-and-grad #:vjp #:jvp #:hessian-vector #:check-gradient #:stop-gradient #:checkpoint
   ;; files
   #:load-npy #:save-npy #:load-npz #:save-npz #:load-csv #:save-csv #:load-safetensors #:save-safetensors #:save-png
   ;; numbers
   #:+inf #:-inf #:nan
   ;; the program
   #:*arguments* #:quit #:exit
   ;; the prompt
   #:doc #:help
   ;; conditions
   #:caten-error #:caten-error-diagnostics #:shape-error #:dtype-error #:name-error #:file-error* #:runtime-error #:limit-error
   #:interrupted))

(in-package :caten)

(defvar *arguments* '() "The words that follow the program's file on the command line, as strings: (first *arguments*).")

(defun export-everything-shadowed ()
  "Exports the shadowing symbols of package caten, so that caten-user sees them instead of Common Lisp's."
  (export (package-shadowing-symbols :caten) :caten))

(export-everything-shadowed)

(defun on-doubles (function)
  "The function with integers and ratios as double-floats: Common Lisp would compute in single-floats."
  (lambda (&rest arguments)
    (apply function (mapcar (lambda (x) (if (rationalp x) (coerce x 'double-float) x)) arguments))))

(defun define-plain-functions ()
  "Gives each shadowing symbol Common Lisp's function of its name, until a generic one or a composite replaces it. The property
:plain is what takes over where no operand is a tensor."
  (dolist (symbol (package-shadowing-symbols :caten))
    (let ((plain (find-symbol (symbol-name symbol) :cl)))
      (when (and plain (fboundp plain) (not (macro-function plain)))
        ;; A closure: a symbol whose function is Common Lisp's own would be compiled to a direct call of that.
        (let ((function (fdefinition plain)))
          (setf (fdefinition symbol) (lambda (&rest arguments) (apply function arguments)))
          (si::set-documentation symbol 'function (format nil "Common Lisp's function: (~(~a~) …)." plain))))))
  (dolist (name '("EXP" "LOG" "SQRT" "SIN" "COS" "TAN" "ASIN" "ACOS" "ATAN" "SINH" "COSH" "TANH" "ASINH" "ACOSH" "ATANH"))
    (let ((symbol (find-symbol name :caten)))
      (setf (get symbol :plain) (on-doubles (fdefinition (find-symbol name :cl)))
            (fdefinition symbol) (get symbol :plain))
      (si::set-documentation symbol 'function
                             (format nil "Common Lisp's function on double-floats: (~(~a~) 1). A composite of the name takes tensors."
                                     name)))))

(define-plain-functions)

(defpackage :caten-user
  (:use))

(shadowing-import (package-shadowing-symbols :caten) :caten-user)
(use-package '(:cl :caten) :caten-user)
