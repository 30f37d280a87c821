// --journal: what a run of a consensual program leaves on disk, and goes on from.
#pragma once

#include <optional>

#include "consensus/journal/writer.hpp"
#include "worlds/run.hpp"

namespace caten {

class WorldJournal {
 public:
  /// A new file; or one of the same run, whose steps the run, which stands at its beginning, does again up to the last.
  /// A torn end is cut off, with a note. `every`: steps from one checkpoint to the next, 0 for none.
  static Result<WorldJournal> open(const std::string& path, const consensus::RunStart& start, uint64_t every,
                                   WorldRun& run, Diagnostics& diagnostics);

  /// Behind each step: on disk when this returns.
  Status record(const WorldRun& run);

  /// A line: the size of the file, of its steps and checkpoints; or the same as JSON.
  std::string summary(bool json) const;

 private:
  WorldJournal(consensus::JournalWriter writer, std::string path, uint64_t every)
      : writer_(std::move(writer)), path_(std::move(path)), every_(every) {}
  Status append(const consensus::Record& record);
  Status checkpoint_if_due(const WorldRun& run);
  void count(const consensus::Record& record, uint64_t bytes);

  consensus::JournalWriter writer_;
  std::string path_;
  uint64_t every_ = 0;
  uint64_t steps_ = 0, step_bytes_ = 0, checkpoints_ = 0, checkpoint_bytes_ = 0;
};

}  // namespace caten
