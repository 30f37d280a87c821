// What Lisp calls in C++: the functions of package caten/primitive. Each file defines its own; define_all_primitives is
// called once, before any Lisp code of ours runs.
//
// A primitive never signals and never throws: it returns its value, or a diagnostic vector that the Lisp side signals.
#pragma once

namespace caten::lisp {

void define_text_primitives();

inline void define_all_primitives() { define_text_primitives(); }

}  // namespace caten::lisp
