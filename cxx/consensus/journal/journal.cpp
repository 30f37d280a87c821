#include "consensus/journal/journal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/hash.hpp"
#include "consensus/journal/crc32c.hpp"
#include "consensus/journal/payload.hpp"

namespace caten::consensus {
namespace {

constexpr std::string_view kHead = "caten journal 1\n";
constexpr uint64_t kFixed = 17;   ///< bytes of a record before its payload
constexpr uint64_t kChecked = 8;  ///< where what the checksum covers begins

std::string framed(RecordType type, uint64_t k, std::string_view payload) {
  PayloadWriter writer;
  writer.fixed(static_cast<uint64_t>(type), 1);
  writer.fixed(k, 8);
  writer.raw(payload);
  std::string checked = writer.take();
  writer.fixed(payload.size(), 4);
  std::string out = writer.take();
  // The length is covered too, so that a record cannot be cut at its end.
  writer.fixed(crc32c(checked, crc32c(out)), 4);
  return out + writer.take() + checked;
}

std::optional<RunStart> start_of(std::string_view payload) {
  PayloadReader reader(payload);
  RunStart out;
  out.program = reader.text(kMaxPayload);
  out.seed = reader.fixed(8);
  for (uint64_t count = reader.fixed(4); count > 0 && !reader.failed(); --count) {
    RunStart::Input input;
    input.data = reader.fixed(1) != 0;
    input.name = reader.text(kMaxShort);
    input.text = reader.text(kMaxPayload);
    input.array = reader.text(kMaxPayload);
    out.inputs.push_back(std::move(input));
  }
  return reader.done() ? std::optional(std::move(out)) : std::nullopt;
}

/// The parts of a payload; nothing if it is not what its type asks for.
bool read_parts(std::string_view payload, Record& record) {
  PayloadReader reader(payload);
  if (record.type == RecordType::kStep) record.name = reader.text(kMaxShort);
  record.digest = reader.text(kMaxShort);
  if (record.type == RecordType::kCheckpoint) record.data = reader.text(kMaxPayload);
  return reader.done();
}

class JournalReader {
 public:
  explicit JournalReader(FileBytes file) : file_(std::move(file)), text_(file_.text()) {}

  Result<std::optional<Journal>> all() {
    std::string_view head = text_.substr(0, kHead.size());
    if (!kHead.starts_with(head)) return foreign();
    at_ = kHead.size();
    if (head.size() < kHead.size()) return std::optional<Journal>();
    Journal out{.file = file_};
    bool started = false;
    while (at_ < text_.size()) {
      std::optional<std::string_view> payload = framed_at(at_);
      if (!payload) break;
      auto type = static_cast<RecordType>(file_.little(at_ + 8, 1));
      if (started != (type != RecordType::kInit)) return damaged("a record INIT, once, at the beginning");
      if (!started) {
        std::optional<RunStart> start = start_of(*payload);
        if (!start) return damaged("a program, a seed and inputs");
        out.start = std::move(*start);
        started = true;
      } else {
        Record record{.type = type, .k = file_.little(at_ + 9, 8), .offset = at_};
        if (!read_parts(*payload, record)) return damaged("the parts of its type");
        if (!follows(out.records, record)) return damaged("steps one after another");
        out.records.push_back(record);
      }
      at_ += kFixed + payload->size();
    }
    out.whole = at_;
    if (at_ < text_.size() && whole_record_behind()) return damaged("a record whose checksum is right");
    if (!started) return std::optional<Journal>();
    return std::optional(std::move(out));
  }

 private:
  /// The payload of a record that is whole, of a type that there is.
  std::optional<std::string_view> framed_at(uint64_t offset) const {
    if (!file_.has(offset, kFixed)) return std::nullopt;
    uint64_t size = file_.little(offset, 4), type = file_.little(offset + 8, 1);
    bool known =
        type >= static_cast<uint64_t>(RecordType::kInit) && type <= static_cast<uint64_t>(RecordType::kCheckpoint);
    if (!known || !file_.has(offset + kFixed, size)) return std::nullopt;
    std::string_view checked = text_.substr(offset + kChecked, kFixed - kChecked + size);
    if (file_.little(offset + 4, 4) != crc32c(checked, crc32c(text_.substr(offset, 4)))) return std::nullopt;
    return text_.substr(offset + kFixed, size);
  }

  /// What was torn is the last record. Where a whole one stands behind, this one was damaged later.
  bool whole_record_behind() const {
    uint64_t budget = kMostSearched;
    for (uint64_t offset = at_ + 1; offset + kFixed <= text_.size(); ++offset) {
      uint64_t size = file_.little(offset, 4);
      if (!file_.has(offset + kFixed, size)) continue;
      if (size + kFixed > budget) return true;  // too much looks like records to be one that was torn
      budget -= size + kFixed;
      if (framed_at(offset)) return true;
    }
    return false;
  }

  static bool follows(const std::vector<Record>& before, const Record& record) {
    // What was saved by hand begins with its checkpoint.
    if (before.empty() && record.type == RecordType::kCheckpoint) return record.k <= INT64_MAX;
    uint64_t last = before.empty() ? 0 : before.back().k;
    return record.k == (record.type == RecordType::kStep ? last + 1 : last);
  }

  tl::unexpected<Diagnostic> foreign() const {
    return fail({.code = Code::ForeignJournal,
                 .message = fmt::format("{} is no journal", file_.name()),
                 .expected = "a file that begins with \"caten journal 1\"",
                 .found = quote_briefly(text_.substr(0, kHead.size())),
                 .remedy = "name another file; nothing was changed"});
  }
  tl::unexpected<Diagnostic> damaged(std::string expected) const {
    return file_.fail_at(at_, {.code = Code::DamagedJournal,
                               .message = "the journal is damaged here",
                               .expected = std::move(expected),
                               .found = "something else, and more records behind it",
                               .remedy = "restore the file from a copy; nothing was changed"});
  }

  static constexpr uint64_t kMostSearched = uint64_t{1} << 26;

  FileBytes file_;
  std::string_view text_;
  uint64_t at_ = 0;
};

/// In few words, and the same for the same bytes.
std::string short_digest(const std::string& bytes) {
  Hash hash;
  hash.add_text(bytes);
  return fmt::format("{} bytes, digest {}", bytes.size(), hash.hexadecimal());
}

std::string describe_input(const RunStart::Input& input) {
  std::string what = input.array.empty() ? quote_briefly(input.text) : short_digest(input.array);
  return fmt::format("{} {}: {}", input.data ? "--in" : "--param", input.name, what);
}

}  // namespace

std::string journal_head() { return std::string(kHead); }

std::string encode(const RunStart& start) {
  PayloadWriter payload;
  payload.text(start.program);
  payload.fixed(start.seed, 8);
  payload.fixed(start.inputs.size(), 4);
  for (const RunStart::Input& each : start.inputs) {
    payload.fixed(each.data ? 1 : 0, 1);
    payload.text(each.name);
    payload.text(each.text);
    payload.text(each.array);
  }
  return framed(RecordType::kInit, 0, payload.take());
}

std::string encode(const Record& record) {
  PayloadWriter payload;
  if (record.type == RecordType::kStep) payload.text(record.name);
  payload.text(record.digest);
  if (record.type == RecordType::kCheckpoint) payload.text(record.data);
  return framed(record.type, record.k, payload.take());
}

Result<std::optional<Journal>> read_journal(FileBytes file) { return JournalReader(std::move(file)).all(); }

Status check_start(const Journal& journal, const RunStart& start) {
  const RunStart& before = journal.start;
  auto other = [&](std::string what, std::string expected, std::string found) {
    return fail({.code = Code::ForeignJournal,
                 .message = fmt::format("the journal {} is of another run: {}", journal.file.name(), what),
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .remedy = "give the program, seed and inputs that the journal began with, or a new file"});
  };
  if (before.program != start.program)
    return other("the program is not the same", short_digest(before.program), short_digest(start.program));
  if (before.seed != start.seed)
    return other("the seed is not the same", std::to_string(before.seed), std::to_string(start.seed));
  for (size_t i = 0; i < std::max(before.inputs.size(), start.inputs.size()); ++i) {
    auto text = [&](const std::vector<RunStart::Input>& inputs) {
      return i < inputs.size() ? describe_input(inputs[i]) : "nothing more";
    };
    if (i >= before.inputs.size() || i >= start.inputs.size() || before.inputs[i] != start.inputs[i])
      return other("what is given is not the same", text(before.inputs), text(start.inputs));
  }
  return {};
}

}  // namespace caten::consensus
