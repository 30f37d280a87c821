// A program as LCI and as text. Reading what they print gives an equal program.
#pragma once

#include <string>

#include "base/result.hpp"
#include "consensus/program.hpp"
#include "sexp/datum.hpp"

namespace caten::consensus {

Datum to_datum(const Program& program);
Datum to_datum(const Reference& reference);
Datum to_datum(const Expression& expression);
Datum to_datum(const Declaration& declaration);
/// E0401 for a declaration whose LCI nests more than kMaxDepth lists.
Status check_depth(const Declaration& declaration);
/// LCI, a declaration on one line or more. Ends with a newline.
std::string print_lci(const Program& program);

/// The text form. Ends with a newline.
std::string print_text(const Program& program);
std::string text_of(const Affine& affine);
std::string text_of(const Subscript& subscript);
std::string text_of(const Reference& reference);
std::string text_of(const Expression& expression);
std::string text_of(const Cells& cells);
/// The part of a visible edge that tells it from others: `Vid[t-1, x, y]`, with its condition.
std::string text_of_source(const Visible& edge);
/// The clause that stands for a parameter's type: `Int`, `Tensor[f32](N, 2)`.
std::string text_of_type(const Parameter& parameter);

}  // namespace caten::consensus
