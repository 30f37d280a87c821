// In: composites written as YAML. Out: the same as Lisp text.
//
//   conv2d:
//     - in:
//         - A{T}[M, N]<0 1>(where N = 1)
//         - B{T}
//     - out:
//         - B
//     - impl:
//         - "(setf B …)"
//
// becomes (defcomposite conv2d ((A{T}[M, N]<0 1>(where N = 1) B{T}) -> (B)) (setf B …)) and, as the last form, the name
// of the last composite, so that a traced text means it. Inputs are written as in signatures, outputs as names or
// signatures, the body as Lisp forms; `where` and `doc` entries may be added. The text is untrusted until Lisp reads
// its forms.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/source.hpp"

namespace caten::lisp {

/// Whether a text is meant as YAML: its first word ends in a colon, or a line says so.
bool looks_like_yaml(std::string_view text);

/// Translates source `source`; errors stand at its lines.
Result<std::string> yaml_to_lisp(const SourceMap& sources, uint32_t source);

}  // namespace caten::lisp
