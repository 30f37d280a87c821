#include <doctest/doctest.h>

#include "lisp/lisp.hpp"

using namespace caten;

namespace {

Session& session() {
  static Session the_session({.runtime = "reference"});
  return the_session;
}

SourceMap& sources() { return session().sources(); }

/// The printed values of the last form, or the rendered diagnostics.
std::string run(const std::string& text) {
  lisp::boot(session());
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
  CHECK(run("(+ 1 2)") == "3");
  CHECK(run("(defvar *a* 5) (values *a* \"b\")") == "5 \"b\"");
  CHECK(run("") == "");
  CHECK(run("0.1") == "0.1");
  CHECK(run("; nothing\n #| a #| b |# |# 'Kana") == "kana");
  CHECK(run("(string-length-of-nothing)").find("E0111") != std::string::npos);
}

TEST_CASE("lazy tensors are computed when a value is asked for") {
  CHECK(run("(+ (tensor '((1 2) (3 4))) 1)") == "#<i64[2 2]\n((2 3)\n (4 5))>");
  CHECK(run("(item (sum (matmul (ones 2 3) (ones 3 2))))") == "12.0");
}

TEST_CASE("the composite of the seed derives its sizes") {
  lisp::boot(session());
  Diagnostics diagnostics;
  uint32_t source = sources().add("<seed>", R"((composite ((A{T}[M, N], B{T}[M, N]) -> (A{T}[M, k]) where K = (* 2 M))
    (setf z1 (+ A B))
    (return z1)))");
  std::optional<lisp::Traced> traced = lisp::trace(source, {}, diagnostics);
  REQUIRE(traced.has_value());
  REQUIRE(traced->derived.size() == 1);
  CHECK(traced->derived[0] == "N = K = 2M");
  CHECK(traced->graph.inputs.size() == 2);
}
