// What of a program's schedule is otherwise than usual because it was measured to be faster (driver/tune.hpp): passes
// that are left out, limits, and a hint for each of some kernels. It never changes what is computed.
//
// In text one form, as (tuning (off row-blocks) (limit streamed-bytes 0) (kernel 3 (tile 4 64))). Tunings are kept in
// the store of compiled kernels, by the program and the device; whoever compiles an equal program there finds it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "cache/store.hpp"
#include "runtime/runtime.hpp"
#include "schedule/schedule.hpp"

namespace caten {

struct Tuning {
  std::set<std::string> off{};                 ///< passes
  std::map<std::string, int64_t> limits{};     ///< of tunable_limits
  std::map<uint32_t, ScheduleHint> kernels{};  ///< by their number in the schedule
  bool empty() const { return off.empty() && limits.empty() && kernels.empty(); }
  bool operator==(const Tuning&) const = default;
};

/// Limits of a schedule that may be otherwise, bytes: block-bytes and streamed-bytes.
const std::vector<std::string>& tunable_limits();

std::string print_tuning(const Tuning& tuning);
/// Nothing if it is no text of one.
std::optional<Tuning> parse_tuning(const std::string& text);

/// The options with what the tuning says besides.
ScheduleOptions with_tuning(ScheduleOptions options, const Tuning& tuning);

/// By the program that is compiled, the passes that are off without it, and what kernels run on.
std::string tuning_key(const Graph& graph, const ScheduleOptions& options, const Runtime& runtime);
std::optional<Tuning> load_tuning(const ArtifactStore& store, const std::string& key);
/// As ArtifactStore::save.
std::string save_tuning(const ArtifactStore& store, const std::string& key, const Tuning& tuning,
                        const std::string& description);

}  // namespace caten
