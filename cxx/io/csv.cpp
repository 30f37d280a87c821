#include "io/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "io/atomic_file.hpp"

namespace caten {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return text.substr(text.size());
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

/// The number that is the whole of `text`; numbers too small for T become 0, numbers too large are none.
template <class T>
std::optional<T> read_float(std::string_view text) {
  T value{};
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (stop != text.data() + text.size()) return std::nullopt;
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  // Too large or too small? strtod tells; in the C locale, whatever the process has set.
  static const locale_t kPlain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  double wide = ::strtod_l(std::string(text).c_str(), nullptr, kPlain);
  if (std::abs(wide) < 1) return static_cast<T>(wide);
  return std::nullopt;
}

template <class T>
std::optional<T> read_integer(std::string_view text) {
  T value{};
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && stop == text.data() + text.size()) return value;
  if (error == std::errc::result_out_of_range) return std::nullopt;
  std::optional<double> wide = read_float<double>(text);      // 3.0 or 1e3
  constexpr T kHalf = std::numeric_limits<T>::max() / 2 + 1;  // a power of two, which a double holds
  constexpr double kEnd = 2.0 * static_cast<double>(kHalf);
  if (!wide || std::trunc(*wide) != *wide || *wide >= kEnd ||
      *wide < static_cast<double>(std::numeric_limits<T>::min()))
    return std::nullopt;
  return static_cast<T>(*wide);
}

template <class T>
std::optional<T> read_small_float(std::string_view text, T (*round)(double)) {
  std::optional<double> wide = read_float<double>(text);
  if (!wide) return std::nullopt;
  T value = round(*wide);
  if (std::isfinite(*wide) && !std::isfinite(to_double(value))) return std::nullopt;
  return value;
}

std::optional<uint8_t> read_bool(std::string_view text) {
  if (text == "0" || text == "1") return static_cast<uint8_t>(text[0] - '0');
  return std::nullopt;
}

/// Reads `text` as a number of `dtype` into `to`.
bool read_number(std::string_view text, DType dtype, std::byte* to) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  auto store = [to](const auto& value) {
    if (value) std::memcpy(to, &*value, sizeof *value);
    return value.has_value();
  };
  switch (dtype) {
    case DType::kBool: return store(read_bool(text));
    case DType::kI8: return store(read_integer<int8_t>(text));
    case DType::kI16: return store(read_integer<int16_t>(text));
    case DType::kI32: return store(read_integer<int32_t>(text));
    case DType::kI64: return store(read_integer<int64_t>(text));
    case DType::kU8: return store(read_integer<uint8_t>(text));
    case DType::kU16: return store(read_integer<uint16_t>(text));
    case DType::kU32: return store(read_integer<uint32_t>(text));
    case DType::kU64: return store(read_integer<uint64_t>(text));
    case DType::kF16: return store(read_small_float<Half>(text, to_half));
    case DType::kBF16: return store(read_small_float<BFloat16>(text, to_bfloat16));
    case DType::kF8E4M3: return store(read_small_float<Float8E4M3>(text, to_float8_e4m3));
    case DType::kF8E5M2: return store(read_small_float<Float8E5M2>(text, to_float8_e5m2));
    case DType::kF32: return store(read_float<float>(text));
    case DType::kF64: return store(read_float<double>(text));
    case DType::kC64:
    case DType::kC128: return false;
  }
  return false;
}

std::string expected_number(DType dtype) {
  if (is_bool(dtype)) return "0 or 1";
  return fmt::format("{} that {} can hold", is_integer(dtype) ? "an integer" : "a number", dtype_name(dtype));
}

class TableReader {
 public:
  TableReader(std::string_view name, std::string_view text, const CsvOptions& options)
      : name_(name), text_(text), options_(options), width_(dtype_size(options.dtype)) {}

  Result<Array> read() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
    for (size_t begin = 0; begin < text_.size();) {
      size_t end = std::min(text_.find('\n', begin), text_.size());
      line_ = text_.substr(begin, end - begin);
      ++line_number_;
      begin = end + 1;
      if (line_number_ > options_.skip_lines) CATEN_TRY(read_line());
    }
    if (rows_ == 0)
      return fail({.code = Code::BadFileContent,
                   .message = fmt::format("{}: there are no numbers", name_),
                   .expected = "at least one row",
                   .found = fmt::format("{} lines, {} to skip", line_number_, options_.skip_lines),
                   .remedy = "check the file and the number of lines to skip"});
    Array array = Array::zeros(options_.dtype, {rows_, columns_});
    std::memcpy(array.mutable_data(), numbers_.data(), numbers_.size());
    return array;
  }

 private:
  Status read_line() {
    std::string_view line = line_;
    if (options_.comment != '\0') line = line.substr(0, line.find(options_.comment));
    if (trim(line).empty()) return {};
    fields_ = 0;
    if (options_.delimiter == ' ') {
      for (size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;) {
        size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
        CATEN_TRY(read_field(line.substr(at, end - at)));
        at = line.find_first_not_of(kBlanks, end);
      }
    } else {
      for (size_t at = 0; at <= line.size();) {
        size_t end = std::min(line.find(options_.delimiter, at), line.size());
        CATEN_TRY(read_field(line.substr(at, end - at)));
        at = end + 1;
      }
    }
    if (rows_ == 0) columns_ = fields_;
    if (fields_ < columns_) return ragged(line.substr(line.size()), "shorter", fmt::format("only {}", fields_));
    ++rows_;
    return {};
  }

  Status read_field(std::string_view field) {
    std::string_view number = trim(field);
    if (rows_ > 0 && fields_ == columns_) return ragged(number, "longer", "more");
    ++fields_;
    if (number.size() >= 2 && number.front() == '"' && number.back() == '"')
      number = trim(number.substr(1, number.size() - 2));
    size_t at = numbers_.size();
    numbers_.resize(at + width_);
    if (read_number(number, options_.dtype, numbers_.data() + at)) return {};
    return fail({.code = Code::BadFileContent,
                 .message = fmt::format("{}: no number of dtype {}", place(number), dtype_name(options_.dtype)),
                 .expected = expected_number(options_.dtype),
                 .found = number.empty() ? "an empty field" : quote_briefly(number),
                 .remedy = suggest(number)});
  }

  /// "t.csv:3:7"; `field` is a part of the line.
  std::string place(std::string_view field) const {
    std::string_view before = line_.substr(0, static_cast<size_t>(field.data() - line_.data()));
    auto characters = std::count_if(before.begin(), before.end(),
                                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    return fmt::format("{}:{}:{}", name_, line_number_, characters + 1);
  }

  tl::unexpected<Diagnostic> ragged(std::string_view where, const char* how, std::string found) const {
    return fail({.code = Code::BadFileContent,
                 .message = fmt::format("{}: this row is {} than the first", place(where), how),
                 .expected = fmt::format("{} {}", columns_, columns_ == 1 ? "field" : "fields"),
                 .found = std::move(found),
                 .remedy = "give every row as many fields, and check the delimiter"});
  }

  std::string suggest(std::string_view number) const {
    size_t other = number.find_first_of(";,|\t ");
    if (other != std::string_view::npos)
      return fmt::format("is the delimiter `{}`? it was taken to be `{}`", number[other], options_.delimiter);
    bool word = !number.empty() && std::string_view("+-.0123456789").find(number[0]) == std::string_view::npos;
    if (rows_ == 0 && word)
      return fmt::format("if this is a header, skip {}",
                         line_number_ == 1 ? "1 line" : fmt::format("{} lines", line_number_));
    return "correct the field, or read into another dtype";
  }

  std::string_view name_;
  std::string_view text_;
  const CsvOptions& options_;
  size_t width_;
  std::string_view line_;
  int64_t line_number_ = 0;
  int64_t rows_ = 0;
  int64_t columns_ = 0;
  int64_t fields_ = 0;              // of this row, so far
  std::vector<std::byte> numbers_;  // grows with the text read, whatever the first row promises
};

bool usable_delimiter(char c) {
  return !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
         std::string_view("+-.\"\n\r").find(c) == std::string_view::npos && c != '\0' &&
         static_cast<signed char>(c) > 0;
}

Status check_delimiter(char delimiter, char comment) {
  if (usable_delimiter(delimiter) && delimiter != comment) return {};
  return fail({.code = Code::BadOptionValue,
               .message = "a delimiter that cannot stand between numbers",
               .expected = "a character such as `,` `;` `|`, a tab or a blank",
               .found = quote_briefly({&delimiter, 1}),
               .remedy = "choose the one that the file uses"});
}

Status check_dtype(std::string_view name, DType dtype) {
  if (!is_complex(dtype)) return {};
  return fail({.code = Code::FormatCannotHold,
               .message = fmt::format("{}: a csv file holds no complex numbers", name),
               .expected = describe(kAnySet & ~kComplexSet),
               .found = std::string(dtype_name(dtype)),
               .remedy = "use .npy, or keep real and imaginary parts in columns of their own"});
}

void append_number(fmt::memory_buffer& out, DType dtype, const std::byte* from) {
  auto to = std::back_inserter(out);
  dispatch(dtype, [&]<class T>() {
    if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
      (void)to;
    } else {
      T value;
      std::memcpy(&value, from, sizeof value);
      if constexpr (std::is_integral_v<T>)
        fmt::format_to(to, "{}", static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(value));
      else if constexpr (std::is_floating_point_v<T>)
        fmt::format_to(to, "{}", value);
      else
        fmt::format_to(to, "{}", static_cast<float>(to_double(value)));
    }
  });
}

}  // namespace

Result<Array> parse_csv(const FileBytes& file, const CsvOptions& options) {
  CATEN_TRY(check_delimiter(options.delimiter, options.comment));
  CATEN_TRY(check_dtype(file.name(), options.dtype));
  if (file.text().substr(0, 2) != "\x1f\x8b") return TableReader(file.name(), file.text(), options).read();
  auto text = unpack_gzip(file, options.max_unpacked);
  CATEN_TRY(text);
  return TableReader(file.name(), *text, options).read();
}

Result<Array> read_csv(const std::string& path, const CsvOptions& options) {
  auto file = FileBytes::map(path);
  CATEN_TRY(file);
  return parse_csv(*file, options);
}

Status write_csv(const std::string& path, const Array& array, char delimiter) {
  CATEN_TRY(check_delimiter(delimiter, '\0'));
  CATEN_TRY(check_dtype(path, array.dtype()));
  if (array.rank() > 2)
    return fail({.code = Code::FormatCannotHold,
                 .message = fmt::format("cannot write {}: a csv file holds at most two axes", path),
                 .expected = "an array of rank 0, 1 or 2",
                 .found = describe(array),
                 .remedy = "reshape it, or save it as .npy"});
  auto file = AtomicFile::create(path);
  CATEN_TRY(file);
  bool packed = path.ends_with(".gz");
  int64_t columns = array.rank() == 2 ? array.shape()[1] : 1;
  int64_t rows = columns == 0 ? 0 : array.elements() / columns;
  constexpr size_t kPiece = size_t{1} << 16;
  std::string whole;
  fmt::memory_buffer out;
  const std::byte* from = array.data();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column, from += dtype_size(array.dtype())) {
      if (column > 0) out.push_back(delimiter);
      append_number(out, array.dtype(), from);
    }
    out.push_back('\n');
    if (out.size() < kPiece && row + 1 < rows) continue;
    if (packed)
      whole.append(out.data(), out.size());
    else
      file->write(std::string_view(out.data(), out.size()));
    out.clear();
  }
  if (packed) file->write(pack_gzip(whole));
  return file->commit();
}

}  // namespace caten
