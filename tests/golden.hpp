// Golden text: what caten printed once and a person accepted, kept in tests/golden/ beside the tests.
//
// In: a path below tests/golden/ and the text of this run. A difference fails the test and names the first line that
// differs. With CATEN_UPDATE_GOLDEN=1 in the environment the file is written instead (scripts/golden --update); look at
// the diff before committing it.
#pragma once

#include <string>
#include <string_view>

namespace caten {

/// Compares `actual` with tests/golden/<path>, byte for byte, as one doctest check.
void check_golden(std::string_view path, std::string_view actual);

/// The absolute path of a file of the source tree: source_path("tests/golden/x.txt").
std::string source_path(std::string_view relative);

/// The whole file; fails the test case when it cannot be read.
std::string read_source_file(std::string_view relative);

}  // namespace caten
