// Does a runtime compute what programs mean? Each op on each dtype over classes of shapes and edge values, composites,
// and generated programs are run on it and compared with the reference evaluator, within its error bounds.
//
// In: the name or file of a runtime. Out: a Report. Everything that touches the driver happens in child processes
// (isolated.hpp), so that a kernel that crashes is a row of the report; what differs is shrunk to the smallest case
// that does. Entry: test_runtime.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/source.hpp"
#include "conformance/isolated.hpp"
#include "conformance/report.hpp"
#include "driver/session.hpp"

namespace caten::conformance {

/// Tests that somebody else runs on a session, such as those that composites of Lisp carry.
struct NamedTest {
  std::string failure{};  ///< what is wrong, "" if nothing is
  bool empty = false;     ///< there is nothing to test
};
struct NamedTests {
  std::vector<std::string> names{};
  std::function<NamedTest(size_t)> run{};
};

/// What is tested.
struct Parts {
  bool ops = true, composites = true, programs = true, speed = true;
};

struct TestOptions {
  std::string runtime = "cpu";  ///< a name, or the path of a runtime file
  std::string device{};         ///< options of the driver
  RuntimeSearch search = default_runtime_search();
  uint64_t programs = 300;
  uint64_t seed = 1;
  Parts parts{};
  std::vector<DType> dtypes = all_dtypes();  ///< of the table of ops
  /// Called in a child, with a session on the runtime that compares each kernel with the evaluator. None: no
  /// composites.
  std::function<NamedTests(Session&)> composites{};
  std::chrono::milliseconds limit{600000};  ///< for one case; a program may have hundreds of kernels
  std::function<bool()> interrupted{};      ///< asked while waiting
  std::function<void(const std::string&)> progress{};
};

/// Errors are those of the runtime file and of a device that cannot be opened.
Result<Report> test_runtime(const TestOptions& options, SourceMap& sources);

}  // namespace caten::conformance
