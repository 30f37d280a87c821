(ecase :gpu (:cpu 1) (:cuda 2))
