#include "consensus/journal/replay.hpp"

#include <fmt/format.h>

namespace caten::consensus {
namespace {

/// The last checkpoint at or before the step, or the beginning.
size_t first_record(const Journal& journal, uint64_t to) {
  size_t out = 0;
  for (size_t i = 0; i < journal.records.size(); ++i)
    if (journal.records[i].type == RecordType::kCheckpoint && journal.records[i].k <= to) out = i;
  return out;
}

Status compare(const Journal& journal, const Record& record, const Result<std::string>& digest) {
  if (!digest) return tl::make_unexpected(digest.error());
  if (*digest == record.digest) return {};
  return journal.file.fail_at(
      record.offset,
      {.code = Code::ReplayDiffers,
       .message = fmt::format("step {} does not give what it gave when the journal was written", record.k),
       .expected = "the digest of the journal",
       .found = "another one",
       .remedy = "replay with the caten, the models and the files that the run had"});
}

uint64_t last_step(const Journal& journal) {
  for (size_t i = journal.records.size(); i-- > 0;) {
    RecordType type = journal.records[i].type;
    if (type == RecordType::kStep || type == RecordType::kCheckpoint) return journal.records[i].k;
  }
  return 0;
}

}  // namespace

Result<Replayed> replay(const Journal& journal, const Replayer& replayer, std::optional<uint64_t> to) {
  uint64_t last = last_step(journal);
  if (to && *to > last)
    return fail({.code = Code::NoSuchStep,
                 .message = fmt::format("{} holds no step {}", journal.file.name(), *to),
                 .expected = fmt::format("a step up to {}", last),
                 .found = std::to_string(*to),
                 .remedy = "run the program on to that step first"});
  Replayed out;
  for (size_t i = first_record(journal, to.value_or(last)); i < journal.records.size(); ++i) {
    const Record& record = journal.records[i];
    // What came from outside behind step `to` belongs to the next one.
    if (to && record.k > *to) break;
    switch (record.type) {
      case RecordType::kInit: break;
      case RecordType::kEvent: CATEN_TRY(replayer.event(record)); break;
      case RecordType::kInput: CATEN_TRY(replayer.input(record)); break;
      case RecordType::kCheckpoint:
        // Behind the steps that lead to it a checkpoint says nothing new.
        if (out.steps == 0) CATEN_TRY(compare(journal, record, replayer.restore(record)));
        out.k = record.k;
        break;
      case RecordType::kStep:
        CATEN_TRY(compare(journal, record, replayer.step(record)));
        out.k = record.k;
        ++out.steps;
        break;
    }
  }
  return out;
}

}  // namespace caten::consensus
