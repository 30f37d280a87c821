#include <doctest/doctest.h>

#include "lisp/lisp.hpp"

using namespace caten;

namespace {

SourceMap& sources() {
  static SourceMap map;
  return map;
}

/// The printed values of the last form, or the rendered diagnostics.
std::string run(const std::string& text) {
  lisp::boot(sources());
  Diagnostics diagnostics;
  lisp::Outcome outcome = lisp::evaluate(sources().add("<test>", text), diagnostics, {.show = lisp::Show::kLast});
  std::string out;
  for (const std::string& value : outcome.values) out += (out.empty() ? "" : " ") + value;
  if (outcome.ok) return outcome.exit_code ? "exit " + std::to_string(*outcome.exit_code) : out;
  out.clear();
  for (const Diagnostic& d : diagnostics.list()) out += render(d, sources());
  return out;
}

}  // namespace

TEST_CASE("forms are evaluated one by one") {
  CHECK(run("(cl:+ 1 2)") == "3");
  CHECK(run("(defvar *a* 5) (values *a* \"b\")") == "5 \"b\"");
  CHECK(run("") == "");
  CHECK(run("0.1") == "0.1");
  CHECK(run("; nothing\n #| a #| b |# |# 'Kana") == "kana");
  CHECK(run("(string-length-of-nothing)").find("E0111") != std::string::npos);
}
