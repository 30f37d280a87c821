#include "io/files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/csv.hpp"
#include "io/file_bytes.hpp"
#include "io/npy.hpp"
#include "io/npz.hpp"
#include "io/png.hpp"
#include "io/safetensors.hpp"

namespace caten {
namespace {

struct Extension {
  std::string_view name;
  FileFormat format;
};
constexpr Extension kExtensions[] = {
    {".npy", FileFormat::kNpy},
    {".npz", FileFormat::kNpz},
    {".csv", FileFormat::kCsv},
    {".csv.gz", FileFormat::kCsv},
    {".safetensors", FileFormat::kSafetensors},
    {".png", FileFormat::kPng},
};

std::string extension_names() {
  std::string names;
  for (const Extension& extension : kExtensions) names += fmt::format("{}{}", names.empty() ? "" : " ", extension.name);
  return names;
}

tl::unexpected<Diagnostic> not_an_archive(const std::string& path) {
  return fail({.code = Code::UnsupportedFile,
               .message = fmt::format("{} is no archive of named arrays", path),
               .expected = "a .npz or .safetensors file",
               .found = quote_briefly(path),
               .remedy = "load or save it as one array, or choose one of these formats"});
}

/// Calls `f` with the opened archive.
template <class T, class F>
Result<T> with_archive(const std::string& path, F&& f) {
  auto format = find_format(path);
  CATEN_TRY(format);
  auto use = [&f](const auto& archive) -> Result<T> {
    CATEN_TRY(archive);
    return f(*archive);
  };
  if (*format == FileFormat::kNpz) return use(NpzFile::open(path));
  if (*format == FileFormat::kSafetensors) return use(SafetensorsFile::open(path));
  return not_an_archive(path);
}

std::vector<std::string> names_in(const NpzFile& archive) { return archive.names(); }

std::vector<std::string> names_in(const SafetensorsFile& archive) {
  std::vector<std::string> names;
  for (const ArrayEntry& entry : archive.entries()) names.push_back(entry.name);
  return names;
}

Result<Array> load_only(const std::string& path) {
  return with_archive<Array>(path, [&path](const auto& archive) -> Result<Array> {
    std::vector<std::string> names = names_in(archive);
    if (names.size() == 1) return archive.read(names[0]);
    return fail({.code = Code::NoSuchArray,
                 .message = fmt::format("{} has {} arrays, and none was named", path, names.size()),
                 .expected = "the name of one of them, or a file with one array",
                 .found = list_names(names),
                 .remedy = names.empty() ? "check the file" : "name the array wanted"});
  });
}

}  // namespace

Result<FileFormat> find_format(const std::string& path) {
  std::string lower = path;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const Extension& extension : kExtensions)
    if (lower.ends_with(extension.name)) return extension.format;
  std::vector<std::string> known;
  for (const Extension& extension : kExtensions) known.emplace_back(extension.name);
  size_t dot = lower.find_last_of("./");
  bool has_dot = dot != std::string::npos && lower[dot] == '.';
  std::string suggestion = has_dot ? did_you_mean(lower.substr(dot), known) : "";
  return fail({.code = Code::UnsupportedFile,
               .message = fmt::format("the name of {} says no format that caten knows", path),
               .expected = fmt::format("one of {}", extension_names()),
               .found = has_dot ? quote_briefly(path.substr(dot)) : "no extension",
               .remedy = suggestion.empty() ? "convert the file, or correct its name" : suggestion});
}

Result<Array> load(const std::string& path) {
  auto format = find_format(path);
  CATEN_TRY(format);
  switch (*format) {
    case FileFormat::kNpy: return read_npy(path);
    case FileFormat::kCsv: return read_csv(path);
    case FileFormat::kNpz:
    case FileFormat::kSafetensors: return load_only(path);
    case FileFormat::kPng: break;
  }
  return fail({.code = Code::UnsupportedFile,
               .message = fmt::format("caten does not read {}", path),
               .expected = "a file of arrays",
               .found = "a PNG image, which caten only writes",
               .remedy = "convert it to .npy"});
}

Result<Array> load(const std::string& path, std::string_view name) {
  return with_archive<Array>(path, [name](const auto& archive) { return archive.read(name); });
}

Result<std::vector<NamedArray>> load_all(const std::string& path) {
  return with_archive<std::vector<NamedArray>>(path, [](const auto& archive) { return archive.read_all(); });
}

Result<std::vector<ArrayEntry>> list_arrays(const std::string& path) {
  using List = std::vector<ArrayEntry>;
  return with_archive<List>(path, [](const auto& archive) -> Result<List> { return archive.entries(); });
}

Status save(const std::string& path, const Array& array) {
  auto format = find_format(path);
  CATEN_TRY(format);
  switch (*format) {
    case FileFormat::kNpy: return write_npy(path, array);
    case FileFormat::kCsv: return write_csv(path, array);
    case FileFormat::kPng: return write_png(path, array);
    case FileFormat::kNpz:
    case FileFormat::kSafetensors: break;
  }
  NamedArray named{"arr_0", array};
  return save_all(path, {&named, 1});
}

Status save_all(const std::string& path, std::span<const NamedArray> arrays) {
  auto format = find_format(path);
  CATEN_TRY(format);
  if (*format == FileFormat::kNpz) return write_npz(path, arrays);
  if (*format == FileFormat::kSafetensors) return write_safetensors(path, arrays);
  return not_an_archive(path);
}

}  // namespace caten
