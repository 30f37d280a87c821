#include "consensus/journal/journal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/journal/crc32c.hpp"

namespace caten::consensus {
namespace {

constexpr std::string_view kHead = "caten journal 1\n";
constexpr uint64_t kFixed = 17;   ///< bytes of a record before its payload
constexpr uint64_t kChecked = 8;  ///< where what the checksum covers begins

void put(std::string& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 4);
  out += text;
}

std::string framed(RecordType type, uint64_t k, std::string_view payload) {
  std::string checked;
  put(checked, static_cast<uint64_t>(type), 1);
  put(checked, k, 8);
  checked += payload;
  std::string out;
  put(out, payload.size(), 4);
  // The length is covered too, so that a record cannot be cut at its end.
  put(out, crc32c(checked, crc32c(out)), 4);
  return out + checked;
}

/// Numbers and texts of a payload, in order. Once something is missing all is missing.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t number(size_t width) {
    uint64_t out = 0;
    std::string_view bytes = take(width);
    for (size_t i = 0; i < bytes.size(); ++i) out |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return out;
  }
  std::string_view text(uint64_t most) {
    uint64_t size = number(4);
    if (size > most) failed_ = true;
    return take(size);
  }
  bool done() const { return !failed_ && rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view take(uint64_t count) {
    failed_ |= count > rest_.size();
    if (failed_) return {};
    std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }

  std::string_view rest_;
  bool failed_ = false;
};

std::optional<RunStart> start_of(std::string_view payload) {
  PayloadReader reader(payload);
  RunStart out;
  out.program = reader.text(kMaxShort);
  out.seed = reader.number(8);
  uint64_t count = reader.number(4);
  for (uint64_t i = 0; i < count && !reader.failed(); ++i) {
    RunStart::Input input;
    input.name = reader.text(kMaxShort);
    input.digest = reader.text(kMaxShort);
    out.inputs.push_back(std::move(input));
  }
  return reader.done() ? std::optional(std::move(out)) : std::nullopt;
}

/// The parts of a payload; nothing if it is not what its type asks for.
bool read_parts(std::string_view payload, Record& record) {
  PayloadReader reader(payload);
  bool named =
      record.type == RecordType::kEvent || record.type == RecordType::kInput || record.type == RecordType::kStep;
  if (named) record.name = reader.text(kMaxShort);
  if (record.type != RecordType::kEvent) record.digest = reader.text(kMaxShort);
  if (record.type != RecordType::kInput) record.data = reader.text(kMaxPayload);
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
        if (!start) return damaged("a program's hash, a seed and inputs");
        out.start = std::move(*start);
        started = true;
      } else {
        Record record{.type = type, .k = file_.little(at_ + 9, 8), .offset = at_};
        if (!read_parts(*payload, record)) return damaged("the parts of its type");
        if (!follows(out.records, record)) return damaged("steps in ascending order");
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
    if (before.empty()) return true;
    const Record& last = before.back();
    bool grows = record.type == RecordType::kStep && last.type == RecordType::kStep;
    return grows ? record.k > last.k : record.k >= last.k;
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

std::string hex(std::string_view bytes) {
  std::string out;
  for (char c : bytes.substr(0, 16)) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

std::string journal_head() { return std::string(kHead); }

std::string encode(const RunStart& start) {
  std::string payload;
  put_text(payload, start.program);
  put(payload, start.seed, 8);
  put(payload, start.inputs.size(), 4);
  for (const RunStart::Input& each : start.inputs) {
    put_text(payload, each.name);
    put_text(payload, each.digest);
  }
  return framed(RecordType::kInit, 0, payload);
}

std::string encode(const Record& record) {
  std::string payload;
  bool named =
      record.type == RecordType::kEvent || record.type == RecordType::kInput || record.type == RecordType::kStep;
  if (named) put_text(payload, record.name);
  if (record.type != RecordType::kEvent) put_text(payload, record.digest);
  if (record.type != RecordType::kInput) put_text(payload, record.data);
  return framed(record.type, record.k, payload);
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
    return other("the program is not the same", hex(before.program), hex(start.program));
  if (before.seed != start.seed)
    return other("the seed is not the same", std::to_string(before.seed), std::to_string(start.seed));
  if (before.inputs == start.inputs) return {};
  for (size_t i = 0; i < std::max(before.inputs.size(), start.inputs.size()); ++i) {
    auto text = [&](const std::vector<RunStart::Input>& inputs) {
      return i < inputs.size() ? fmt::format("{} {}", inputs[i].name, hex(inputs[i].digest)) : "no more inputs";
    };
    if (text(before.inputs) != text(start.inputs))
      return other("an input is not the same", text(before.inputs), text(start.inputs));
  }
  return other("an input is not the same", "the same inputs", "other inputs");
}

}  // namespace caten::consensus
