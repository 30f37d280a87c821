#include "io/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "io/atomic_file.hpp"
#include "io/elements.hpp"
#include "io/safetensors_header.hpp"

namespace caten {
namespace {

constexpr uint64_t kMaxJson = 100'000'000;  // the specification's limit
constexpr uint64_t kPrefix = 8;

struct StoredType {
  std::string_view name;
  DType dtype;
};
constexpr StoredType kStoredTypes[] = {
    {"BOOL", DType::kBool}, {"I8", DType::kI8},   {"I16", DType::kI16},        {"I32", DType::kI32},
    {"I64", DType::kI64},   {"U8", DType::kU8},   {"U16", DType::kU16},        {"U32", DType::kU32},
    {"U64", DType::kU64},   {"F16", DType::kF16}, {"BF16", DType::kBF16},      {"F32", DType::kF32},
    {"F64", DType::kF64},   {"C64", DType::kC64}, {"F8_E4M3", DType::kF8E4M3}, {"F8_E5M2", DType::kF8E5M2},
};

std::optional<DType> find_stored(std::string_view name) {
  for (const StoredType& type : kStoredTypes)
    if (type.name == name) return type.dtype;
  return std::nullopt;
}

std::string_view stored_name(DType dtype) {
  for (const StoredType& type : kStoredTypes)
    if (type.dtype == dtype) return type.name;
  return "";
}

std::vector<std::string> names_of(const std::vector<ArrayEntry>& entries) {
  std::vector<std::string> names;
  for (const ArrayEntry& entry : entries) names.push_back(entry.name);
  return names;
}

/// The entries, sorted by offset, cover [0, data_size) exactly, and each has the size that its type asks for.
Status check_offsets(const FileBytes& file, const SafetensorsHeader& header, uint64_t data_at) {
  auto bad = [&](Code code, const SafetensorsEntry& entry, const char* what, std::string expected) {
    return file.fail_at(kPrefix,
                        {.code = code,
                         .message = fmt::format("{}: {}", quote_briefly(entry.name), what),
                         .expected = std::move(expected),
                         .found = fmt::format("data_offsets [{},{}]", entry.begin, entry.end),
                         .remedy = code == Code::TruncatedFile ? "copy or download the file again"
                                                               : "write the file again with the safetensors library"});
  };
  uint64_t data_size = file.size() - data_at;
  uint64_t covered = 0;
  for (const SafetensorsEntry& entry : header.entries) {
    if (entry.end < entry.begin) return bad(Code::BadFileHeader, entry, "its offsets go backwards", "begin ≤ end");
    if (auto dtype = find_stored(entry.dtype)) {
      auto bytes = checked_bytes(*dtype, entry.shape);
      if (!bytes || *bytes != entry.end - entry.begin)
        return bad(
            Code::BadFileHeader, entry, "its offsets do not fit its type",
            bytes ? fmt::format("{} bytes for {}", *bytes, describe_type(*dtype, entry.shape)) : bytes.error().message);
    }
    if (entry.begin != covered)
      return bad(Code::BadFileHeader, entry,
                 entry.begin < covered ? "it overlaps another array" : "there is a hole before it",
                 fmt::format("elements from {} on, where the ones before it end", covered));
    if (entry.end > data_size)
      return bad(Code::TruncatedFile, entry, "its elements lie beyond the end of the file",
                 fmt::format("at most {} bytes of elements", data_size));
    covered = entry.end;
  }
  if (covered != data_size)
    return file.fail_at(data_at + covered, {.code = Code::BadFileContent,
                                            .message = "bytes that belong to no array",
                                            .expected = fmt::format("{} bytes of elements", covered),
                                            .found = fmt::format("{} bytes", data_size),
                                            .remedy = "write the file again with the safetensors library"});
  return {};
}

}  // namespace

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  auto file = FileBytes::map(path);
  CATEN_TRY(file);
  return parse(std::move(*file));
}

Result<SafetensorsFile> SafetensorsFile::parse(FileBytes bytes) {
  SafetensorsFile out;
  out.file_ = std::move(bytes);
  const FileBytes& file = out.file_;
  // Only what fails is suspected to be of another kind: any length may look like the mark of some format.
  std::string other = recognise_content(file.text());
  auto remedy = [&other](const char* otherwise) { return other.empty() ? std::string(otherwise) : other; };
  if (!file.has(0, kPrefix))
    return file.fail_at(file.size(), {.code = Code::TruncatedFile,
                                      .message = "the file ends inside its first number",
                                      .expected = "8 bytes with the length of the header",
                                      .found = fmt::format("{} bytes", file.size()),
                                      .remedy = "copy or download the file again"});
  uint64_t length = file.little(0, kPrefix);
  if (length > kMaxJson)
    return file.fail_at(0, {.code = Code::BadFileHeader,
                            .message = "the header is too long, or this is no safetensors file",
                            .expected = fmt::format("at most {} bytes", kMaxJson),
                            .found = fmt::format("{} bytes", length),
                            .remedy = remedy("check that it is a safetensors file")});
  if (!file.has(kPrefix, length))
    return file.fail_at(file.size(), {.code = Code::TruncatedFile,
                                      .message = "the file ends inside its header",
                                      .expected = fmt::format("{} bytes of header", length),
                                      .found = fmt::format("{} bytes", file.size() - kPrefix),
                                      .remedy = remedy("copy or download the file again")});
  auto header = parse_safetensors_header(file, kPrefix, length);
  if (!header && !other.empty()) header.error().remedy = other;
  CATEN_TRY(header);
  uint64_t data_at = kPrefix + length;
  CATEN_TRY(check_offsets(file, *header, data_at));
  for (SafetensorsEntry& entry : header->entries) {
    out.offsets_.push_back(data_at + entry.begin);
    auto dtype = find_stored(entry.dtype);
    out.entries_.push_back({std::move(entry.name), std::move(entry.dtype), dtype, std::move(entry.shape)});
  }
  out.metadata_ = std::move(header->metadata);
  return out;
}

Result<Array> SafetensorsFile::read_entry(size_t index) const {
  const ArrayEntry& entry = entries_[index];
  if (!entry.dtype)
    return file_.fail_at(kPrefix, {.code = Code::UnsupportedFile,
                                   .message = fmt::format("{} has a dtype that caten lacks", quote_briefly(entry.name)),
                                   .expected = describe(kAnySet & ~set_of(DType::kC128)),
                                   .found = quote_briefly(entry.stored),
                                   .remedy = "convert it to one of these before saving"});
  return take_elements(file_, offsets_[index], *entry.dtype, entry.shape);
}

Result<Array> SafetensorsFile::read(std::string_view name) const {
  for (size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].name == name) return read_entry(i);
  return no_such_array(file_.name(), name, names_of(entries_));
}

Result<std::vector<NamedArray>> SafetensorsFile::read_all() const {
  std::vector<NamedArray> arrays;
  for (size_t i = 0; i < entries_.size(); ++i) {
    auto array = read_entry(i);
    CATEN_TRY(array);
    arrays.push_back({entries_[i].name, std::move(*array)});
  }
  return arrays;
}

Status write_safetensors(const std::string& path, std::span<const NamedArray> arrays, const Metadata& metadata) {
  CATEN_TRY(check_names(path, arrays));
  auto cannot = [&path](std::string why, std::string expected, std::string found, std::string remedy) {
    return fail({.code = Code::FormatCannotHold,
                 .message = fmt::format("cannot write {}: {}", path, why),
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .remedy = std::move(remedy)});
  };
  SafetensorsHeader header;
  header.metadata = metadata;
  std::sort(header.metadata.begin(), header.metadata.end());
  for (size_t i = 0; i < header.metadata.size(); ++i) {
    const auto& [key, value] = header.metadata[i];
    if (find_invalid_utf8(key + value) != std::string_view::npos || (i > 0 && key == header.metadata[i - 1].first))
      return cannot("metadata are text, each key once", "UTF-8, each key once", quote_briefly(key),
                    "correct the metadata");
  }
  std::vector<const NamedArray*> order;
  for (const NamedArray& named : arrays) order.push_back(&named);
  std::sort(order.begin(), order.end(), [](const NamedArray* a, const NamedArray* b) {
    size_t left = dtype_size(a->array.dtype());
    size_t right = dtype_size(b->array.dtype());
    return left != right ? left > right : a->name < b->name;
  });
  uint64_t at = 0;
  for (const NamedArray* named : order) {
    if (named->name == "__metadata__")
      return cannot("`__metadata__` is the format's own name", "another name", "`__metadata__`", "rename the array");
    std::string_view dtype = stored_name(named->array.dtype());
    if (dtype.empty())
      return cannot("the format has no such dtype", describe(kAnySet & ~set_of(DType::kC128)), describe(named->array),
                    "save it as .npy or .npz");
    uint64_t end = at + named->array.bytes();
    header.entries.push_back({named->name, std::string(dtype), named->array.shape(), at, end});
    at = end;
  }
  std::string text = format_safetensors_header(header);
  text.resize((kPrefix + text.size() + 63) / 64 * 64 - kPrefix, ' ');  // elements at a multiple of 64 bytes
  if (text.size() > kMaxJson)
    return cannot("its header would be too long", fmt::format("at most {} bytes", kMaxJson),
                  fmt::format("{} bytes", text.size()), "write fewer arrays or less metadata");
  auto file = AtomicFile::create(path);
  CATEN_TRY(file);
  std::string prefix(kPrefix, '\0');
  for (size_t i = 0; i < kPrefix; ++i) prefix[i] = static_cast<char>(text.size() >> (8 * i) & 0xFF);
  file->write(prefix);
  file->write(text);
  for (const NamedArray* named : order) file->write(element_bytes(named->array));
  return file->commit();
}

}  // namespace caten
