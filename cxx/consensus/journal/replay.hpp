// Repeats a run from its journal, comparing what each step gives with what it gave.
#pragma once

#include <functional>

#include "consensus/journal/journal.hpp"

namespace caten::consensus {

/// What can be done again.
struct Replayer {
  /// Takes over what a checkpoint holds; gives the digest of that state.
  std::function<Result<std::string>(const Record& checkpoint)> restore{};
  /// Does step k; gives the digest of what the cells hold behind it.
  std::function<Result<std::string>(const Record& step)> step{};
  /// The digest of the state that there is now.
  std::function<std::string()> digest{};
};

/// Where repeating begins: at the last checkpoint before the end, or at the first step, so that every step is compared.
enum class ReplayFrom : uint8_t { kCheckpoint, kStart };

struct Replayed {
  uint64_t k = 0;      ///< the last step done, or that of the checkpoint; 0: none
  uint64_t steps = 0;  ///< how many were done again
};

/// Up to step `to`, or to the end. E1042 where a digest is not the journal's: the run cannot be repeated by this
/// program. E1043 where the journal holds no step `to`.
Result<Replayed> replay(const Journal& journal, const Replayer& replayer, std::optional<uint64_t> to = {},
                        ReplayFrom from = ReplayFrom::kCheckpoint);

/// The step of the checkpoint that the journal begins with; 0: it begins where its run does.
uint64_t first_step(const Journal& journal);
/// The last step that the journal holds; 0: none.
uint64_t last_step(const Journal& journal);

}  // namespace caten::consensus
