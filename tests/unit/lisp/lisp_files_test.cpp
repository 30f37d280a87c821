// Runs tests/lisp/*.lisp, and the examples and tests that composites carry.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "golden.hpp"
#include "lisp/lisp.hpp"

using namespace caten;

namespace {

Session& session() {
  static Session the_session({.runtime = "reference"});
  return the_session;
}

SourceMap& sources() { return session().sources(); }

std::string rendered(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics.list()) text += render(d, sources());
  return text;
}

}  // namespace

TEST_CASE("tests written in Lisp") {
  lisp::boot(session());
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/lisp")))
    if (entry.path().extension() == ".lisp") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(!files.empty());
  for (const std::filesystem::path& file : files) {
    CAPTURE(file.string());
    Diagnostics diagnostics;
    lisp::load(file.string(), diagnostics);
    CHECK(rendered(diagnostics) == "");
    lisp::Outcome outcome = lisp::call("caten/testing:run-tests", {}, diagnostics);
    CHECK(rendered(diagnostics) == "");
    CHECK(outcome.values == std::vector<std::string>{"0"});
  }
}

TEST_CASE("examples and tests of composites") {
  lisp::boot(session());
  Diagnostics diagnostics;
  lisp::Outcome outcome = lisp::call("caten/testing:run-composite-tests", {}, diagnostics);
  CHECK(rendered(diagnostics) == "");
  CHECK(outcome.values == std::vector<std::string>{"0"});
}
