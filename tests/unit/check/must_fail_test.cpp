// The must-fail corpus: every tests/errors/*.ir is rejected with exactly the messages beside it in golden text, and
// without a crash. The first line of each file says what is wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "check/elaborate.hpp"
#include "golden.hpp"

using namespace caten;

TEST_CASE("must-fail programs are rejected with golden diagnostics") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/errors")))
    if (entry.path().extension() == ".ir") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 80);
  for (const auto& file : files) {
    CAPTURE(file.filename().string());
    SourceMap sources;
    uint32_t source =
        sources.add(file.filename().string(), read_source_file("tests/errors/" + file.filename().string()));
    Diagnostics diagnostics;
    std::optional<Graph> graph = read_program(sources, source, {}, diagnostics);
    CHECK(!graph);
    CHECK(diagnostics.failed());
    std::string messages;
    for (const Diagnostic& d : diagnostics.list()) messages += render(d, sources);
    check_golden("errors/" + file.stem().string() + ".txt", messages);
  }
}
