#include "io/npz.hpp"

#include <fmt/format.h>

#include "io/elements.hpp"
#include "io/npy.hpp"

namespace caten {

Result<NpzFile> NpzFile::open(const std::string& path, uint64_t max_unpacked) {
  auto file = FileBytes::map(path);
  CATEN_TRY(file);
  return parse(std::move(*file), max_unpacked);
}

Result<NpzFile> NpzFile::parse(FileBytes bytes, uint64_t max_unpacked) {
  NpzFile out;
  out.file_ = std::move(bytes);
  out.max_unpacked_ = max_unpacked;
  auto directory = read_zip_directory(out.file_);
  CATEN_TRY(directory);
  for (ZipEntry& entry : *directory) {
    constexpr std::string_view kEnding = ".npy";
    if (!entry.name.ends_with(kEnding)) continue;
    out.names_.push_back(entry.name.substr(0, entry.name.size() - kEnding.size()));
    out.entries_.push_back(std::move(entry));
  }
  return out;
}

Result<std::vector<ArrayEntry>> NpzFile::entries() const {
  std::vector<ArrayEntry> list;
  for (size_t i = 0; i < entries_.size(); ++i) {
    // Nearly all headers are shorter than this; a longer one is read with the whole entry.
    auto start = read_zip_entry_start(file_, entries_[i], 4096);
    CATEN_TRY(start);
    auto header = parse_npy_header(*start);
    if (!header && header.error().code == Code::TruncatedFile) {
      auto whole = read_zip_entry(file_, entries_[i], max_unpacked_);
      CATEN_TRY(whole);
      header = parse_npy_header(*whole);
    }
    CATEN_TRY(header);
    list.push_back({names_[i], std::move(header->descr), header->dtype, std::move(header->shape)});
  }
  return list;
}

Result<Array> NpzFile::read_entry(size_t index) const {
  auto content = read_zip_entry(file_, entries_[index], max_unpacked_);
  CATEN_TRY(content);
  return parse_npy(*content);
}

Result<Array> NpzFile::read(std::string_view name) const {
  for (size_t i = 0; i < names_.size(); ++i)
    if (names_[i] == name) return read_entry(i);
  return no_such_array(file_.name(), name, names_);
}

Result<std::vector<NamedArray>> NpzFile::read_all() const {
  std::vector<NamedArray> arrays;
  for (size_t i = 0; i < names_.size(); ++i) {
    auto array = read_entry(i);
    CATEN_TRY(array);
    arrays.push_back({names_[i], std::move(*array)});
  }
  return arrays;
}

Status write_npz(const std::string& path, std::span<const NamedArray> arrays) {
  CATEN_TRY(check_names(path, arrays));
  std::vector<std::string> headers;
  for (const NamedArray& named : arrays) {
    if (named.name.size() > 60000)
      return fail({.code = Code::FormatCannotHold,
                   .message = fmt::format("cannot write {}: a name is too long", path),
                   .expected = "at most 60000 bytes",
                   .found = fmt::format("{} bytes", named.name.size()),
                   .remedy = "rename the array"});
    auto header = format_npy_header(path, named.array.dtype(), named.array.shape());
    CATEN_TRY(header);
    headers.push_back(std::move(*header));
  }
  auto file = AtomicFile::create(path);
  CATEN_TRY(file);
  ZipWriter writer(*file);
  for (size_t i = 0; i < arrays.size(); ++i)
    writer.add(arrays[i].name + ".npy", headers[i], element_bytes(arrays[i].array));
  writer.finish();
  return file->commit();
}

}  // namespace caten
