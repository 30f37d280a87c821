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

}  // namespace

uint64_t first_step(const Journal& journal) {
  bool saved = !journal.records.empty() && journal.records[0].type == RecordType::kCheckpoint;
  return saved ? journal.records[0].k : 0;
}

uint64_t last_step(const Journal& journal) { return journal.records.empty() ? 0 : journal.records.back().k; }

Result<Replayed> replay(const Journal& journal, const Replayer& replayer, std::optional<uint64_t> to, ReplayFrom from) {
  uint64_t last = last_step(journal);
  uint64_t begin = first_step(journal);
  if (to && (*to > last || *to < begin))
    return fail({.code = Code::NoSuchStep,
                 .message = fmt::format("{} holds no step {}", journal.file.name(), *to),
                 .expected = begin > 0 ? fmt::format("a step from {} to {}", begin, last)
                                       : fmt::format("a step up to {}", last),
                 .found = std::to_string(*to),
                 .remedy = *to > last ? "run the program on to that step first"
                                      : "the journal begins with what was saved: ask for that step or a later one"});
  Replayed out;
  size_t first = from == ReplayFrom::kStart ? 0 : first_record(journal, to.value_or(last));
  for (size_t i = first; i < journal.records.size(); ++i) {
    const Record& record = journal.records[i];
    if (to && record.k > *to) break;
    if (record.type == RecordType::kStep) {
      CATEN_TRY(compare(journal, record, replayer.step(record)));
      ++out.steps;
    } else if (i == first) {
      CATEN_TRY(compare(journal, record, replayer.restore(record)));
    } else {
      CATEN_TRY(compare(journal, record, replayer.digest()));
    }
    out.k = record.k;
  }
  return out;
}

}  // namespace caten::consensus
