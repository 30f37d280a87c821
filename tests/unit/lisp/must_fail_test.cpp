// The must-fail corpus of Lisp programs: every tests/errors/lisp/*.lisp fails with exactly the messages in golden text.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "golden.hpp"
#include "lisp/lisp.hpp"

using namespace caten;

TEST_CASE("Lisp programs that must fail") {
  static Session session({.runtime = "reference"});
  lisp::boot(session);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/errors/lisp")))
    if (entry.path().extension() == ".lisp") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 130);
  for (const std::filesystem::path& file : files) {
    CAPTURE(file.string());
    std::string name = file.filename().string();
    Diagnostics diagnostics;
    lisp::Outcome outcome =
        lisp::evaluate(session.sources().add(name, read_source_file("tests/errors/lisp/" + name)), diagnostics);
    CHECK(!outcome.ok);
    CHECK(diagnostics.errors() > 0);
    std::string messages;
    for (const Diagnostic& diagnostic : diagnostics.list()) messages += render(diagnostic, session.sources());
    check_golden("errors/lisp/" + file.stem().string() + ".txt", messages);
  }
}
