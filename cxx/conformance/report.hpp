// What a test of a runtime found, as data, and as a file for people (Markdown), a summary, or JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/dtype.hpp"

namespace caten::conformance {

enum class State : uint8_t {
  kNone,         ///< the op does not have the dtype
  kPass,         ///< all elements within their bounds
  kUnsupported,  ///< the runtime file says so
  kWrong,        ///< other elements than the program means
  kFailed,       ///< an error instead of results
  kCrashed,      ///< the process died or hung
};
std::string_view state_name(State state);
inline bool is_fault(State state) { return state >= State::kWrong; }

/// What became of one case: a cell of the table, a composite, a generated program.
struct Finding {
  State state = State::kNone;
  int64_t passed = 0, ill_conditioned = 0;  ///< elements
  double max_ulp = 0;
  std::string message{};  ///< what is wrong, on one line
  std::string program{};  ///< the smallest case that shows it: IR text and elements
  /// Ops of the smallest case that are wrong by themselves: what follows from them is no fault of its own.
  std::vector<std::string> follows{};
  std::vector<std::string> needed{};  ///< all ops of the smallest case
};

struct NamedFinding {
  std::string name;  ///< "softmax", "program 17"
  Finding finding;
};

struct SpeedRow {
  std::string name{};
  double seconds = 0, bytes = 0, flops = 0;
  double share_of_roof = 0;  ///< 0: not known, as on a device that is not the host
  std::string failure{};
};

struct DeviceFacts {
  std::string runtime{}, description{}, device{}, identity{};
  uint64_t memory_bytes = 0;
  uint32_t compute_units = 0;
  bool host_memory = true;
};

struct Report {
  DeviceFacts facts{};
  /// By row of op_rows(), then by dtype.
  std::vector<std::vector<Finding>> ops{};
  std::vector<NamedFinding> groups{};      ///< programs of many ops that are wrong where each op alone is right
  std::vector<NamedFinding> composites{};  ///< all that carry a test
  std::vector<NamedFinding> programs{};    ///< the faulty ones
  uint64_t seed = 0, programs_run = 0, programs_unsupported = 0;
  int64_t program_elements = 0, program_ill_conditioned = 0;
  std::vector<SpeedRow> speed{};
  bool complete = true;  ///< not interrupted

  /// Of everything: findings that are faults, whether they follow from others or not.
  size_t faults() const;
};

/// Says of each fault from which others it follows.
void find_consequences(Report& report);

std::string report_markdown(const Report& report);
std::string report_json(const Report& report);
/// A few lines; `file` is where the whole is, or "".
std::string report_summary(const Report& report, const std::string& file);

}  // namespace caten::conformance
