#include "lisp/yaml.hpp"

#include <doctest/doctest.h>

#include "lisp/lisp.hpp"

using namespace caten;

namespace {

std::string translate(std::string text) {
  SourceMap sources;
  Result<std::string> lisp = lisp::yaml_to_lisp(sources, sources.add("x.yaml", std::move(text)));
  return lisp ? *lisp : render(lisp.error(), sources);
}

}  // namespace

TEST_CASE("the YAML form of a composite becomes Lisp") {
  // As the seed prints it, tabs and ellipsis included.
  CHECK(
      translate(
          "conv2d:\n    - in:\n        - A{T}[M, N]<0 1>(where N = 1)\n\t- B{T} ...\n    - out:\n\t- B # symbols only\n"
          "    - impl:\n        - \"(+ A B)\"\n") ==
      "(defcomposite conv2d ((A{T}[M, N]<0 1>(where N = 1) B{T}) -> (B))\n  (+ A B))\n'conv2d\n");
}

TEST_CASE("a program in YAML is traced") {
  static Session session({.runtime = "reference"});
  lisp::boot(session);
  Diagnostics diagnostics;
  std::optional<lisp::Traced> traced =
      lisp::trace(session.sources().add("add.yaml",
                                        "axpy:\n  - in: ['A{T}[M, N]', 'B{T}[M, N]']\n  - out: ['C{T}[M, K]']\n"
                                        "  - where: K = (* 2 M)\n  - impl: (+ (* 2 A) B)\n"),
                  {{"T", DType::kF64}}, diagnostics);
  for (const Diagnostic& d : diagnostics.list()) MESSAGE(render(d, session.sources()));
  REQUIRE(traced.has_value());
  CHECK(traced->derived == std::vector<std::string>{"N = K = 2M"});
  CHECK(traced->graph.type(traced->graph.outputs[0].value).dtype == DType::kF64);
}

TEST_CASE("YAML is told from Lisp") {
  CHECK(lisp::looks_like_yaml("conv2d:\n  - in:\n"));
  CHECK(lisp::looks_like_yaml("# a comment\n\nf:\r\n"));
  CHECK_FALSE(lisp::looks_like_yaml("(composite (A) -> (B))"));
  CHECK_FALSE(lisp::looks_like_yaml("; (f :axis 1)\n:key"));
  CHECK_FALSE(lisp::looks_like_yaml(""));
}

TEST_CASE("malformed YAML is a diagnostic") {
  CHECK(translate("f: [").find("E0101") != std::string::npos);
  CHECK(translate("f:\n  - in: x\n").find("has no `out`") != std::string::npos);
  CHECK(translate("f:\n  - inn: x\n").find("has no `inn`") != std::string::npos);
  CHECK(translate("- a\n").find("no map") != std::string::npos);
  CHECK(translate("f g: 1\n").find("no name") != std::string::npos);
}
