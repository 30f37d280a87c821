// Any bytes as a journal: an error that can be shown, or records that are written as they were read.
#include "consensus/journal/journal.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/utf8.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Bytes that somebody changed have another checksum: without the right ones no change would be looked at further.
std::string with_checksums(std::string bytes) {
  std::string out = journal_head();
  size_t at = out.size();
  while (at + 17 <= bytes.size()) {
    size_t size = static_cast<unsigned char>(bytes[at]);
    Record record{.type = static_cast<RecordType>(static_cast<unsigned char>(bytes[at + 8]) % 5),
                  .k = static_cast<unsigned char>(bytes[at + 9]),
                  .name = std::string_view(bytes).substr(at + 17, size)};
    out += record.type == RecordType::kInit ? encode(RunStart{.program = std::string(record.name)}) : encode(record);
    at += 17 + size;
  }
  return out;
}

void read(const std::string& bytes) {
  Result<std::optional<Journal>> journal =
      read_journal(FileBytes::borrow("fuzz", std::as_bytes(std::span(bytes.data(), bytes.size()))));
  if (!journal) {
    SourceMap sources;
    require(find_invalid_utf8(render(journal.error(), sources)) == std::string_view::npos);
    return;
  }
  if (!*journal) return;
  const Journal& found = **journal;
  std::string again = journal_head() + encode(found.start);
  for (const Record& each : found.records) again += encode(each);
  require(again == bytes.substr(0, found.whole));
  require(check_start(found, found.start).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  read(with_checksums(bytes));
  return 0;
}
