(load "no-such-program.lisp")
