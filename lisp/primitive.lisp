;;;; The C++ functions that Lisp code calls. They are defined before any file here is loaded (cxx/lisp/primitives.hpp);
;;;; each returns its value, or a diagnostic vector where input can make it fail.

(defpackage :caten/primitive
  (:use)
  (:export
   ;; text
   #:did-you-mean #:print-float
   ;; the prompt
   #:ask #:tell #:error-page #:clock-seconds
   ;; sizes
   #:make-dim-env #:dim-declare #:dim-equate #:dim-require #:dim-add #:dim-sub #:dim-mul #:dim-div #:dim-mod #:dim-max #:dim-min
   #:dim-describe #:dim-resolve #:dim-solve #:dim-derived #:dim-equal #:dim-less-equal
   ;; values
   #:elementwise-ops #:infer #:define-rewrite #:switch-rewrite #:list-rewrites #:check-schedule #:read-consensual #:read-consensual-file #:read-ops #:check-ops #:use-ops #:set-precision #:get-precision #:precision-families #:compute #:resume #:print-graph #:keep-graph #:differentiate #:array-from-list #:array-to-list #:array-text
   ;; files
   #:add-source #:source-text #:load-array #:load-all-arrays #:save-array #:save-all-arrays #:load-csv-array #:save-png-array
   ;; training
   #:make-stepper #:planned-memory #:parse-bytes #:run-stepper #:stepper-program #:stepper-memory #:stepper-states #:set-stepper-states #:set-batches #:run-steps #:row-order
   ;; worlds
   #:make-world #:load-run #:save-run #:world-facts #:step-once #:step-report #:look-at #:grid-of #:ask-why #:edit-world #:begin-film
   #:end-film))

(defpackage :caten/size
  ;; The symbols of symbolic sizes, as they stand in shapes: M, (* 2 M). Uses no package, so that no name means anything.
  (:use))
