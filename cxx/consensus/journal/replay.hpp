// Repeats a run from its journal: from the last checkpoint on, comparing what each step gives with what it gave.
#pragma once

#include <functional>

#include "consensus/journal/journal.hpp"

namespace caten::consensus {

/// What can be done again. Functions that are null must not be needed.
struct Replayer {
  /// The state of a checkpoint; gives its digest.
  std::function<Result<std::string>(const Record& checkpoint)> restore{};
  std::function<Status(const Record& event)> event{};
  std::function<Status(const Record& input)> input{};
  /// Does step k with its event; gives the digest of what it committed.
  std::function<Result<std::string>(const Record& step)> step{};
};

struct Replayed {
  uint64_t k = 0;      ///< the last step done, or that of the checkpoint; 0: none
  uint64_t steps = 0;  ///< how many were done again
};

/// Up to step `to`, or to the end. E1042 where a digest is not the journal's: the run cannot be repeated by this
/// program. E1043 where the journal holds no step `to`.
Result<Replayed> replay(const Journal& journal, const Replayer& replayer, std::optional<uint64_t> to = {});

}  // namespace caten::consensus
