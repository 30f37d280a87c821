#include "worlds/run_journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

namespace caten {

using consensus::Journal;
using consensus::Record;
using consensus::RecordType;

namespace {

/// The journal of a file, if it is there and its beginning is whole.
Result<std::optional<Journal>> journal_at(const std::string& path) {
  struct stat facts {};
  bool there = ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0;
  if (!there) return std::optional<Journal>();
  Result<FileBytes> file = FileBytes::map(path);
  if (!file) return tl::make_unexpected(file.error());
  return consensus::read_journal(std::move(*file));
}

}  // namespace

Result<WorldJournal> WorldJournal::open(const std::string& path, const consensus::RunStart& start, uint64_t every,
                                        WorldRun& run, Diagnostics& diagnostics) {
  Result<std::optional<Journal>> before = journal_at(path);
  if (!before) return tl::make_unexpected(before.error());
  if (!*before) {
    Result<consensus::JournalWriter> writer = consensus::JournalWriter::create(path, start);
    if (!writer) return tl::make_unexpected(writer.error());
    return WorldJournal(std::move(*writer), path, every);
  }
  const Journal& journal = **before;
  CATEN_TRY(check_start(journal, start));
  Result<consensus::Replayed> replayed = replay(journal, run.replayer([] { return Status{}; }));
  if (!replayed) return tl::make_unexpected(replayed.error());
  if (journal.torn())
    diagnostics.add({.message = fmt::format("{}: {} bytes at the end were torn, and are cut off", path,
                                            journal.file.size() - journal.whole),
                     .severity = Severity::kNote});
  Result<consensus::JournalWriter> writer = consensus::JournalWriter::resume(path, journal);
  if (!writer) return tl::make_unexpected(writer.error());
  WorldJournal out(std::move(*writer), path, every);
  for (size_t i = 0; i < journal.records.size(); ++i) {
    uint64_t end = i + 1 < journal.records.size() ? journal.records[i + 1].offset : journal.whole;
    out.count(journal.records[i], end - journal.records[i].offset);
  }
  // A run that ended between a step and its checkpoint: so that all journals of a run are the same bytes.
  bool stepped = !journal.records.empty() && journal.records.back().type == RecordType::kStep;
  if (stepped) CATEN_TRY(out.checkpoint_if_due(run));
  return out;
}

void WorldJournal::count(const Record& record, uint64_t bytes) {
  bool step = record.type == RecordType::kStep;
  ++(step ? steps_ : checkpoints_);
  (step ? step_bytes_ : checkpoint_bytes_) += bytes;
}

Status WorldJournal::append(const Record& record) {
  uint64_t before = writer_.size();
  CATEN_TRY(writer_.append(record));
  count(record, writer_.size() - before);
  return {};
}

Status WorldJournal::record(const WorldRun& run) {
  std::string event = run.event_text(), digest = run.cells_digest();
  CATEN_TRY(append({.type = RecordType::kStep, .k = run.steps(), .name = event, .digest = digest, .data = {}}));
  return checkpoint_if_due(run);
}

Status WorldJournal::checkpoint_if_due(const WorldRun& run) {
  if (every_ == 0 || run.steps() % every_ != 0) return {};
  std::string digest = run.digest(), data = run.checkpoint();
  return append({.type = RecordType::kCheckpoint, .k = run.steps(), .name = {}, .digest = digest, .data = data});
}

std::string WorldJournal::summary(bool json) const {
  if (json) {
    nlohmann::ordered_json out{
        {"journal", path_},          {"bytes", writer_.size()},     {"steps", steps_},
        {"step_bytes", step_bytes_}, {"checkpoints", checkpoints_}, {"checkpoint_bytes", checkpoint_bytes_}};
    return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  auto kind = [](std::string_view what, uint64_t count, uint64_t bytes) {
    if (count == 0) return std::string();
    double each = static_cast<double>(bytes) / static_cast<double>(count);
    return fmt::format("; {} {}{} of {:.1f} bytes", count, what, count == 1 ? "" : "s", each);
  };
  return fmt::format("journal {}: {} bytes{}{}\n", path_, writer_.size(), kind("step", steps_, step_bytes_),
                     kind("checkpoint", checkpoints_, checkpoint_bytes_));
}

}  // namespace caten
