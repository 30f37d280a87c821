// The must-fail corpus: every program of tests/errors/consensus is rejected with exactly the messages in golden text.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "golden.hpp"
#include "reading.hpp"

using namespace caten;
using namespace caten::consensus;

TEST_CASE("consensual programs that must fail have golden diagnostics") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/errors/consensus")))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 50);
  for (const std::filesystem::path& file : files) {
    std::string name = file.filename().string();
    CAPTURE(name);
    std::string text = read_source_file("tests/errors/consensus/" + name);
    Reading reading = file.extension() == ".lci" ? read_as_lci(text, name) : read_as_text(text, name);
    CHECK_FALSE((reading.program && reading.names));
    CHECK(reading.messages.find("error[") != std::string::npos);
    check_golden("errors/consensus/" + name + ".txt", reading.messages);
  }
}
