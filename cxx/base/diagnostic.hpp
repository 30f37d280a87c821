// A Diagnostic says where, what was expected, what was found and what to do. Every message that a user can cause is
// one, with a code from base/codes.def; golden tests hold their texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/source.hpp"

namespace caten {

enum class Code : uint16_t {
#define CATEN_CODE(number, name, title) name = number,
#include "base/codes.def"
#undef CATEN_CODE
};

std::string code_name(Code code);             ///< "E0101"
std::string_view code_title(Code code);       ///< the one line of codes.def
std::string_view code_identifier(Code code);  ///< "UnknownOp"

enum class Severity : uint8_t { kError, kWarning, kNote };

struct Diagnostic {
  Code code{};
  std::string message;               ///< one line, lower case, no full stop
  SourceSpan span{};                 ///< where; may be unknown
  std::string expected{};            ///< what would have been right
  std::string found{};               ///< what is there
  std::string remedy{};              ///< what to do, "did you mean …" included
  std::vector<std::string> notes{};  ///< further facts: derived sizes, composite path, searched places
  Severity severity = Severity::kError;
};

/// Collects all errors of a program, so that they are reported at once.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic) {
    if (diagnostic.severity == Severity::kError) ++errors_;
    list_.push_back(std::move(diagnostic));
  }
  bool failed() const { return errors_ > 0; }
  size_t errors() const { return errors_; }
  const std::vector<Diagnostic>& list() const { return list_; }

 private:
  std::vector<Diagnostic> list_;
  size_t errors_ = 0;
};

/// The text a person sees: `file:line:col: error[E0123]: message`, the line, a caret, expected / found / help, notes.
/// Ends with a newline. `colour` adds ANSI escapes.
std::string render(const Diagnostic& diagnostic, const SourceMap& sources, bool colour = false);

/// One JSON object on one line, with the same fields (for --json).
std::string render_json(const Diagnostic& diagnostic, const SourceMap& sources);

/// "did you mean `add`?" when a candidate is near enough (edit distance at most a third of the length), else "".
/// Of equally near candidates the one that begins most like the word, then the first in the order given.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace caten
