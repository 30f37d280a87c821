#include "io/zip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace caten {
namespace {

using namespace std::string_view_literals;

// The records of the format and the bytes of their fixed parts.
constexpr std::string_view kLocalMark = "PK\x03\x04"sv;
constexpr std::string_view kCentralMark = "PK\x01\x02"sv;
constexpr std::string_view kEndMark = "PK\x05\x06"sv;
constexpr std::string_view kEnd64Mark = "PK\x06\x06"sv;
constexpr std::string_view kLocator64Mark = "PK\x06\x07"sv;
constexpr uint64_t kLocalSize = 30;
constexpr uint64_t kCentralSize = 46;
constexpr uint64_t kEndSize = 22;
constexpr uint64_t kEnd64Size = 56;
constexpr uint64_t kLocator64Size = 20;
constexpr uint64_t kNot16 = 0xFFFF;      // "see the zip64 record"
constexpr uint64_t kNot32 = 0xFFFFFFFF;  // the same

bool has_mark(const FileBytes& file, uint64_t at, std::string_view mark, uint64_t size) {
  return file.has(at, size) && file.text().substr(at, mark.size()) == mark;
}

tl::unexpected<Diagnostic> bad_archive(const FileBytes& file, uint64_t at, std::string message, std::string expected,
                                       std::string found) {
  return file.fail_at(at, {.code = Code::BadFileHeader,
                           .message = std::move(message),
                           .expected = std::move(expected),
                           .found = std::move(found),
                           .remedy = "copy or download the file again, or write it again with numpy.savez"});
}

struct Directory {
  uint64_t at = 0;
  uint64_t size = 0;
  uint64_t count = 0;
};

/// The end record lies at the end of the file, before a comment of at most 64 KiB that it counts.
Result<Directory> find_directory(const FileBytes& file) {
  std::optional<uint64_t> end;
  for (uint64_t back = kEndSize; back <= file.size() && back <= kEndSize + 0xFFFF && !end; ++back) {
    uint64_t at = file.size() - back;
    if (has_mark(file, at, kEndMark, kEndSize) && file.little(at + 20, 2) == back - kEndSize) end = at;
  }
  if (!end) {
    bool zip = has_mark(file, 0, kLocalMark, 4);
    std::string remedy = zip ? "copy or download the file again" : recognise_content(file.text());
    return file.fail_at(zip ? file.size() : 0,
                        {.code = zip ? Code::TruncatedFile : Code::BadFileHeader,
                         .message = zip ? "the archive ends before its directory" : "this is no npz file",
                         .expected = "a zip archive, which ends with its directory",
                         .found = file.size() == 0 ? "an empty file" : quote_briefly(file.text().substr(0, 8)),
                         .remedy = remedy.empty() ? "write it with numpy.savez" : remedy});
  }
  Directory directory{file.little(*end + 16, 4), file.little(*end + 12, 4), file.little(*end + 10, 2)};
  uint64_t disk = file.little(*end + 4, 2);
  uint64_t limit = *end;
  if (*end >= kLocator64Size && has_mark(file, *end - kLocator64Size, kLocator64Mark, kLocator64Size)) {
    uint64_t at = file.little(*end - kLocator64Size + 8, 8);
    if (!has_mark(file, at, kEnd64Mark, kEnd64Size))
      return bad_archive(file, *end - kLocator64Size, "the zip64 record is not where it should be",
                         fmt::format("it at byte {}", at), "other bytes");
    directory = {file.little(at + 48, 8), file.little(at + 40, 8), file.little(at + 32, 8)};
    disk = file.little(at + 16, 4);
    limit = at;
  } else if (directory.count == kNot16 || directory.size == kNot32 || directory.at == kNot32) {
    return bad_archive(file, *end, "the zip64 record is missing", "it before the end record", "none");
  }
  if (disk != 0)
    return bad_archive(file, *end, "this is a part of an archive in several", "an archive in one file",
                       fmt::format("part {}", disk));
  if (directory.at > limit || directory.size > limit - directory.at || directory.count > directory.size / kCentralSize)
    return bad_archive(file, *end, "the directory does not fit into the file",
                       fmt::format("{} entries in the {} bytes before byte {}", directory.count, directory.size, limit),
                       fmt::format("a directory at byte {}", directory.at));
  return directory;
}

/// Replaces the sizes and the offset that are too large for 32 bits by those of the zip64 field, in the format's order.
bool read_zip64(const FileBytes& file, uint64_t extra_at, uint64_t extra_size, ZipEntry& entry) {
  std::vector<uint64_t*> wanted;
  for (uint64_t* field : {&entry.size, &entry.packed_size, &entry.header_at})
    if (*field == kNot32) wanted.push_back(field);
  if (wanted.empty()) return true;
  for (uint64_t at = 0; at + 4 <= extra_size;) {
    uint64_t length = file.little(extra_at + at + 2, 2);
    if (length > extra_size - at - 4) return false;
    if (file.little(extra_at + at, 2) == 1) {
      if (length < wanted.size() * 8) return false;
      for (size_t i = 0; i < wanted.size(); ++i) *wanted[i] = file.little(extra_at + at + 4 + i * 8, 8);
      return true;
    }
    at += 4 + length;
  }
  return false;
}

/// Where the content begins, from the local header, which must tell of the same entry.
Status locate_content(const FileBytes& file, ZipEntry& entry) {
  uint64_t at = entry.header_at;
  if (!has_mark(file, at, kLocalMark, kLocalSize))
    return bad_archive(file, std::min(at, file.size()), fmt::format("{} is not here", quote_briefly(entry.name)),
                       "the header of an entry", "other bytes");
  uint64_t name_size = file.little(at + 26, 2);
  uint64_t extra_size = file.little(at + 28, 2);
  entry.content_at = at + kLocalSize + name_size + extra_size;
  if (!file.has(at + kLocalSize, name_size) || file.text().substr(at + kLocalSize, name_size) != entry.name)
    return bad_archive(file, at, "this entry has another name in the directory", quote_briefly(entry.name),
                       "another name");
  if (!file.has(entry.content_at, entry.packed_size))
    return file.fail_at(file.size(),
                        {.code = Code::TruncatedFile,
                         .message = fmt::format("the file ends inside {}", quote_briefly(entry.name)),
                         .expected = fmt::format("{} bytes from byte {} on", entry.packed_size, entry.content_at),
                         .found = fmt::format("{} bytes in all", file.size()),
                         .remedy = "copy or download the file again"});
  return {};
}

Status check_distinct(const FileBytes& file, const std::vector<ZipEntry>& entries) {
  std::vector<const ZipEntry*> order;
  for (const ZipEntry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->header_at < b->header_at; });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->content_at + order[i - 1]->packed_size > order[i]->header_at)
      return bad_archive(file, order[i]->header_at, "two entries overlap", "entries one after the other",
                         fmt::format("{} and {}", quote_briefly(order[i - 1]->name), quote_briefly(order[i]->name)));
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->name < b->name; });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->name == order[i]->name)
      return bad_archive(file, order[i]->header_at, "two entries have one name", "each name once",
                         quote_briefly(order[i]->name));
  return {};
}

tl::unexpected<Diagnostic> unsupported(const FileBytes& file, const ZipEntry& entry) {
  return file.fail_at(entry.header_at,
                      {.code = Code::UnsupportedFile,
                       .message = fmt::format("{} cannot be unpacked", quote_briefly(entry.name)),
                       .expected = "an entry stored or deflated",
                       .found = entry.encrypted ? "an encrypted one" : fmt::format("method {}", entry.method),
                       .remedy = "write it again with numpy.savez"});
}

std::string entry_name(const FileBytes& file, const ZipEntry& entry) {
  return fmt::format("{}: {}", file.name(), entry.name);
}

void put(std::string& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(const FileBytes& file) {
  auto directory = find_directory(file);
  CATEN_TRY(directory);
  std::vector<ZipEntry> entries;
  uint64_t at = directory->at;
  uint64_t end = directory->at + directory->size;
  for (uint64_t i = 0; i < directory->count; ++i) {
    if (end - at < kCentralSize || !has_mark(file, at, kCentralMark, kCentralSize))
      return bad_archive(file, at, "the directory is damaged", fmt::format("{} entries", directory->count),
                         fmt::format("{} entries", i));
    uint64_t flags = file.little(at + 8, 2);
    ZipEntry entry;
    entry.method = static_cast<uint16_t>(file.little(at + 10, 2));
    entry.deflated = entry.method == 8;
    entry.encrypted = (flags & 0x2041) != 0;
    entry.crc = static_cast<uint32_t>(file.little(at + 16, 4));
    entry.packed_size = file.little(at + 20, 4);
    entry.size = file.little(at + 24, 4);
    entry.header_at = file.little(at + 42, 4);
    uint64_t name_size = file.little(at + 28, 2);
    uint64_t extra_size = file.little(at + 30, 2);
    uint64_t whole = kCentralSize + name_size + extra_size + file.little(at + 32, 2);
    if (whole > end - at)
      return bad_archive(file, at, "the directory is damaged", "an entry inside the directory",
                         "one that ends after it");
    entry.name = std::string(file.text().substr(at + kCentralSize, name_size));
    if (!read_zip64(file, at + kCentralSize + name_size, extra_size, entry))
      return bad_archive(file, at, fmt::format("the sizes of {} are missing", quote_briefly(entry.name)),
                         "a zip64 field", "none that holds them");
    CATEN_TRY(locate_content(file, entry));
    entries.push_back(std::move(entry));
    at += whole;
  }
  CATEN_TRY(check_distinct(file, entries));
  return entries;
}

Result<FileBytes> read_zip_entry(const FileBytes& file, const ZipEntry& entry, uint64_t limit) {
  if (entry.encrypted || (!entry.deflated && entry.method != 0)) return unsupported(file, entry);
  FileBytes content =
      FileBytes::share(entry_name(file, entry), file.part(entry.content_at, entry.packed_size), file.owner());
  bool lies = entry.deflated ? entry.size / kMaxDeflateRatio > entry.packed_size : entry.size != entry.packed_size;
  if (lies)
    return bad_archive(
        file, entry.header_at, fmt::format("the size of {} cannot be right", quote_briefly(entry.name)),
        fmt::format("what {} {} bytes can hold", entry.packed_size, entry.deflated ? "deflated" : "stored"),
        fmt::format("{} bytes", entry.size));
  if (entry.deflated) {
    if (entry.size > limit)
      return file.fail_at(entry.header_at, {.code = Code::TooLarge,
                                            .message = fmt::format("{} unpacks to too much", quote_briefly(entry.name)),
                                            .expected = fmt::format("at most {} bytes", limit),
                                            .found = fmt::format("{} bytes", entry.size),
                                            .remedy = "if you trust it, unpack it with unzip and read the .npy file"});
    std::shared_ptr<std::byte> memory = allocate_bytes(entry.size);
    if (!memory)
      return file.fail_at(entry.header_at, {.code = Code::OutOfMemory,
                                            .message = fmt::format("no memory to unpack {}", quote_briefly(entry.name)),
                                            .expected = fmt::format("{} bytes", entry.size),
                                            .remedy = "unpack it with unzip and read the .npy file"});
    std::span<std::byte> bytes(memory.get(), entry.size);
    FileBytes packed = FileBytes::share(content.name(), file.bytes(), nullptr);  // names the entry, counts in the file
    CATEN_TRY(inflate(packed, entry.content_at, entry.packed_size, bytes, true));
    content = FileBytes::share(content.name(), bytes, memory);
  }
  if (uint32_t crc = checksum_crc32(content.bytes()); crc != entry.crc)
    return file.fail_at(entry.content_at, {.code = Code::BadFileContent,
                                           .message = fmt::format("{} is damaged", quote_briefly(entry.name)),
                                           .expected = fmt::format("the checksum {:08x}", entry.crc),
                                           .found = fmt::format("{:08x}", crc),
                                           .remedy = "copy or download the file again"});
  return content;
}

Result<FileBytes> read_zip_entry_start(const FileBytes& file, const ZipEntry& entry, uint64_t count) {
  if (entry.encrypted || (!entry.deflated && entry.method != 0)) return unsupported(file, entry);
  std::string name = entry_name(file, entry);
  if (!entry.deflated)
    return FileBytes::share(name, file.part(entry.content_at, std::min(count, entry.packed_size)), file.owner());
  count = std::min({count, entry.size, (entry.packed_size + 1) * kMaxDeflateRatio});
  std::shared_ptr<std::byte> memory = allocate_bytes(count);
  if (!memory) return unsupported(file, entry);
  std::span<std::byte> bytes(memory.get(), count);
  CATEN_TRY(inflate(FileBytes::share(name, file.bytes(), nullptr), entry.content_at, entry.packed_size, bytes, false));
  return FileBytes::share(name, bytes, memory);
}

void ZipWriter::add(const std::string& name, std::string_view head, std::span<const std::byte> body) {
  uint64_t size = head.size() + body.size();
  uint64_t header_at = file_.written();
  bool large = size >= kNot32;
  uint32_t crc = checksum_crc32(body, checksum_crc32(std::as_bytes(std::span(head.data(), head.size()))));

  // What the local header and the directory say alike: version, flags (names are UTF-8), method, date, checksum, sizes.
  auto common = [&](std::string& out, bool zip64) {
    put(out, zip64 ? 45 : 20, 2);
    put(out, 0x0800, 2);
    put(out, 0, 2);
    put(out, 0, 2);
    put(out, 0x0021, 2);
    put(out, crc, 4);
    put(out, large ? kNot32 : size, 4);
    put(out, large ? kNot32 : size, 4);
    put(out, name.size(), 2);
  };
  std::string extra;
  if (large) {
    put(extra, 1, 2);
    put(extra, 16, 2);
    put(extra, size, 8);
    put(extra, size, 8);
  }
  // Alignment, as a field that readers of zip files skip: its mark, its length, the alignment, zeros.
  constexpr uint64_t kAlignment = 64;
  uint64_t unaligned = header_at + kLocalSize + name.size() + extra.size() + 6;
  uint64_t padding = (kAlignment - unaligned % kAlignment) % kAlignment;
  put(extra, 0xD935, 2);
  put(extra, 2 + padding, 2);
  put(extra, kAlignment, 2);
  extra.append(padding, '\0');

  std::string local(kLocalMark);
  common(local, large);
  put(local, extra.size(), 2);
  file_.write(local + name + extra);
  file_.write(head);
  file_.write(body);

  std::string far;
  if (large) {
    put(far, size, 8);
    put(far, size, 8);
  }
  if (header_at >= kNot32) put(far, header_at, 8);
  directory_ += kCentralMark;
  put(directory_, far.empty() ? 20 : 45, 2);
  common(directory_, !far.empty());
  put(directory_, far.empty() ? 0 : far.size() + 4, 2);
  put(directory_, 0, 2 + 2 + 2);  // no comment, part 0, no internal attributes
  put(directory_, 0, 4);
  put(directory_, std::min(header_at, kNot32), 4);
  directory_ += name;
  if (!far.empty()) {
    put(directory_, 1, 2);
    put(directory_, far.size(), 2);
    directory_ += far;
  }
  ++count_;
}

void ZipWriter::finish() {
  uint64_t at = file_.written();
  uint64_t end = at + directory_.size();
  std::string out = std::move(directory_);
  uint64_t size = out.size();
  if (count_ >= kNot16 || at >= kNot32 || size >= kNot32) {
    out += kEnd64Mark;
    put(out, kEnd64Size - 12, 8);
    put(out, 45, 2);
    put(out, 45, 2);
    put(out, 0, 4 + 4);  // part 0
    put(out, count_, 8);
    put(out, count_, 8);
    put(out, size, 8);
    put(out, at, 8);
    out += kLocator64Mark;
    put(out, 0, 4);
    put(out, end, 8);
    put(out, 1, 4);
  }
  out += kEndMark;
  put(out, 0, 2 + 2);  // part 0
  put(out, std::min(count_, kNot16), 2);
  put(out, std::min(count_, kNot16), 2);
  put(out, std::min(size, kNot32), 4);
  put(out, std::min(at, kNot32), 4);
  put(out, 0, 2);
  file_.write(out);
}

}  // namespace caten
