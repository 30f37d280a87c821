#include "io/files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/csv.hpp"
#include "io/file_bytes.hpp"
#include "io/npy.hpp"
#include "io/png.hpp"

namespace caten {
namespace {

struct Extension {
  std::string_view name;
  FileFormat format;
};
constexpr Extension kExtensions[] = {
    {".npy", FileFormat::kNpy},
    {".csv", FileFormat::kCsv},
    {".csv.gz", FileFormat::kCsv},
    {".png", FileFormat::kPng},
};

std::string extension_names() {
  std::string names;
  for (const Extension& extension : kExtensions) names += (names.empty() ? "" : " ") + std::string(extension.name);
  return names;
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
    default:
      return fail({.code = Code::UnsupportedFile,
                   .message = fmt::format("caten does not read {}", path),
                   .expected = "a file of arrays",
                   .found = "a PNG image, which caten only writes",
                   .remedy = "convert it to .npy"});
  }
}

Status save(const std::string& path, const Array& array) {
  auto format = find_format(path);
  CATEN_TRY(format);
  switch (*format) {
    case FileFormat::kNpy: return write_npy(path, array);
    case FileFormat::kCsv: return write_csv(path, array);
    default: return write_png(path, array);
  }
}

}  // namespace caten
