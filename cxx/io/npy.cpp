#include "io/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "io/elements.hpp"

namespace caten {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMagic = "\x93NUMPY"sv;
constexpr uint64_t kMaxHeader = uint64_t{1} << 20;
constexpr size_t kMaxRank = 64;  // NumPy's own limit

struct NumpyType {
  std::string_view name;
  DType dtype;
};
constexpr NumpyType kTypes[] = {
    {"b1", DType::kBool}, {"i1", DType::kI8},  {"i2", DType::kI16}, {"i4", DType::kI32},   {"i8", DType::kI64},
    {"u1", DType::kU8},   {"u2", DType::kU16}, {"u4", DType::kU32}, {"u8", DType::kU64},   {"f2", DType::kF16},
    {"f4", DType::kF32},  {"f8", DType::kF64}, {"c8", DType::kC64}, {"c16", DType::kC128},
};

/// Reads the header: a Python dictionary with exactly the keys descr, fortran_order and shape. It never recurses.
class HeaderReader {
 public:
  HeaderReader(const FileBytes& file, uint64_t begin, uint64_t end) : file_(file), at_(begin), end_(end) {}

  Status read(NpyHeader& header) {
    CATEN_TRY(expect('{', "a dictionary"));
    bool seen[3] = {};
    while (peek() != '}') {
      uint64_t key_at = at_;
      auto key = read_string("a key");
      CATEN_TRY(key);
      static constexpr std::string_view kKeys[] = {"descr", "fortran_order", "shape"};
      auto which = static_cast<size_t>(std::find(std::begin(kKeys), std::end(kKeys), *key) - std::begin(kKeys));
      if (which == std::size(kKeys) || seen[which])
        return file_.fail_at(key_at, {.code = Code::BadFileHeader,
                                      .message = which == 3 ? "an unknown key in the header" : "a key twice",
                                      .expected = "the keys 'descr', 'fortran_order' and 'shape', once each",
                                      .found = quote_briefly(*key),
                                      .remedy = kRewrite});
      seen[which] = true;
      CATEN_TRY(expect(':', "`:` after the key"));
      skip_blanks();
      switch (which) {
        case 0: CATEN_TRY(read_descr(header)); break;
        case 1: CATEN_TRY(read_order(header)); break;
        default: CATEN_TRY(read_shape(header)); break;
      }
      if (peek() != ',') break;
      ++at_;
    }
    CATEN_TRY(expect('}', "`,` or the `}` of the header"));
    if (!(seen[0] && seen[1] && seen[2])) return bad("the header lacks a key", "'descr', 'fortran_order' and 'shape'");
    skip_blanks();
    if (at_ != end_) return bad("text after the header", "blanks and a newline");
    return {};
  }

 private:
  static constexpr const char* kRewrite = "write the file again with numpy.save";

  char current() const { return at_ < end_ ? file_.text()[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < end_ && " \t\r\n"sv.find(current()) != std::string_view::npos) ++at_;
  }
  char peek() {
    skip_blanks();
    return current();
  }

  tl::unexpected<Diagnostic> bad(std::string message, std::string expected) const {
    std::string_view rest = file_.text().substr(at_, std::min<uint64_t>(end_ - at_, 24));
    return file_.fail_at(at_, {.code = Code::BadFileHeader,
                               .message = std::move(message),
                               .expected = std::move(expected),
                               .found = rest.empty() ? "the end of the header" : quote_briefly(rest),
                               .remedy = kRewrite});
  }

  Status expect(char wanted, const char* what) {
    if (peek() != wanted) return bad("the header is no dictionary as NumPy writes it", what);
    ++at_;
    return {};
  }

  Result<std::string> read_string(const char* what) {
    char quote = peek();
    std::string_view text = file_.text().substr(0, end_);
    size_t close = quote == '\'' || quote == '"' ? text.find(quote, at_ + 1) : std::string_view::npos;
    if (close == std::string_view::npos)
      return bad("a string is missing in the header", fmt::format("{} in quotes", what));
    std::string value(text.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    return value;
  }

  Status read_descr(NpyHeader& header) {
    header.descr_at = at_;
    if (current() == '[' || current() == '(') return skip_structured(header);
    auto descr = read_string("a dtype such as '<f4'");
    CATEN_TRY(descr);
    header.descr = std::move(*descr);
    std::string_view name = header.descr;
    char order = name.empty() ? '\0' : name[0];
    if (order == '\0' || "<>|="sv.find(order) == std::string_view::npos) return {};
    name.remove_prefix(1);
    header.big_endian = order == '>';
    for (const NumpyType& type : kTypes)
      if (type.name == name) header.dtype = type.dtype;
    return {};
  }

  /// Goes past the list of fields of a structured dtype, which is only named in the message that rejects it.
  Status skip_structured(NpyHeader& header) {
    uint64_t begin = at_;
    int64_t open = 0;
    do {
      char c = peek();
      if (c == '\0') return bad("the list of fields is never closed", "`]`");
      if (c == '\'' || c == '"') {
        CATEN_TRY(read_string("a field"));
        continue;
      }
      open += c == '[' || c == '(' ? 1 : c == ']' || c == ')' ? -1 : 0;
      ++at_;
    } while (open > 0);
    header.descr = std::string(file_.text().substr(begin, at_ - begin));
    return {};
  }

  Status read_order(NpyHeader& header) {
    std::string_view rest = file_.text().substr(at_, end_ - at_);
    bool yes = rest.substr(0, 4) == "True";
    if (!yes && rest.substr(0, 5) != "False") return bad("fortran_order is neither true nor false", "True or False");
    at_ += yes ? 4 : 5;
    header.column_major = yes;
    return {};
  }

  Status read_shape(NpyHeader& header) {
    header.shape_at = at_;
    CATEN_TRY(expect('(', "a tuple of sizes"));
    while (peek() != ')') {
      std::string_view rest = file_.text().substr(at_, end_ - at_);
      int64_t size = 0;
      auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
      if (error == std::errc::result_out_of_range) return bad("a size beyond 64 bits", "sizes below 2^63");
      if (error != std::errc()) return bad("a size is no integer", "an integer");
      if (size < 0) return bad("a negative size", "sizes of 0 or more");
      at_ += static_cast<uint64_t>(stop - rest.data());
      if (current() == 'L') ++at_;  // Python 2 wrote long integers so
      header.shape.push_back(size);
      if (header.shape.size() > kMaxRank) return bad("too many axes", fmt::format("at most {}", kMaxRank));
      if (peek() != ',') break;
      ++at_;
    }
    return expect(')', "`,` or the `)` of the shape");
  }

  const FileBytes& file_;
  uint64_t at_;
  uint64_t end_;
};

std::string remedy_for_descr(std::string_view descr) {
  char kind = descr.size() > 1 ? descr[1] : '\0';
  if (descr.substr(0, 1) == "[") return "save each field as an array of its own: numpy.save(\"x.npy\", a[\"field\"])";
  switch (kind) {
    case 'V': return "NumPy has no name for bf16 and f8: save such arrays as .safetensors";
    case 'O': return "objects are never loaded, for they may run code: convert with a.astype('float64') first";
    case 'U':
    case 'S': return "convert the text to numbers first";
    case 'M':
    case 'm': return "convert times to numbers first: a.astype('int64')";
    case 'f': return "convert first: a.astype('float64')";
    case 'c': return "convert first: a.astype('complex128')";
    default: return "convert first: a.astype('float64')";
  }
}

}  // namespace

Result<NpyHeader> parse_npy_header(const FileBytes& file) {
  std::string_view text = file.text();
  if (text.substr(0, kMagic.size()) != kMagic) {
    std::string remedy = recognise_content(text);
    return file.fail_at(0, {.code = Code::BadFileHeader,
                            .message = "this is no npy file",
                            .expected = "the bytes \\x93NUMPY at its start",
                            .found = text.empty() ? "an empty file" : quote_briefly(text.substr(0, 8)),
                            .remedy = remedy.empty() ? "write it with numpy.save" : remedy});
  }
  auto truncated = [&](uint64_t needed) {
    return file.fail_at(file.size(), {.code = Code::TruncatedFile,
                                      .message = "the file ends inside its header",
                                      .expected = fmt::format("{} bytes of header", needed),
                                      .found = fmt::format("{} bytes", file.size()),
                                      .remedy = "copy or download the file again"});
  };
  if (!file.has(0, 8)) return truncated(10);
  uint64_t major = file.little(6, 1);
  uint64_t minor = file.little(7, 1);
  if (major < 1 || major > 3 || minor != 0)
    return file.fail_at(6, {.code = Code::UnsupportedFile,
                            .message = "an unknown version of the npy format",
                            .expected = "version 1.0, 2.0 or 3.0",
                            .found = fmt::format("{}.{}", major, minor),
                            .remedy = "write the file again with numpy.save"});
  size_t width = major == 1 ? 2 : 4;
  if (!file.has(8, width)) return truncated(8 + width);
  uint64_t length = file.little(8, width);
  uint64_t begin = 8 + width;
  if (length > kMaxHeader)
    return file.fail_at(8, {.code = Code::BadFileHeader,
                            .message = "the header is too long",
                            .expected = fmt::format("at most {} bytes", kMaxHeader),
                            .found = fmt::format("{} bytes", length),
                            .remedy = "write the file again with numpy.save"});
  if (!file.has(begin, length)) return truncated(begin + length);
  NpyHeader header;
  header.elements_at = begin + length;
  CATEN_TRY(HeaderReader(file, begin, begin + length).read(header));
  return header;
}

Result<Array> parse_npy(const FileBytes& file) {
  auto header = parse_npy_header(file);
  CATEN_TRY(header);
  if (!header->dtype)
    return file.fail_at(header->descr_at, {.code = Code::UnsupportedFile,
                                           .message = "a dtype that caten does not read from npy files",
                                           .expected = "bool, integers, f16 f32 f64, c64 or c128",
                                           .found = quote_briefly(header->descr),
                                           .remedy = remedy_for_descr(header->descr)});
  auto bytes = checked_bytes(*header->dtype, header->shape);
  if (!bytes)
    return file.fail_at(header->shape_at, {.code = bytes.error().code,
                                           .message = bytes.error().message,
                                           .expected = fmt::format("at most the {} bytes of the file", file.size()),
                                           .found = describe_type(*header->dtype, header->shape),
                                           .remedy = "write the file again with numpy.save"});
  uint64_t there = file.size() - header->elements_at;
  if (*bytes != there) {
    bool less = there < *bytes;
    return file.fail_at(
        less ? file.size() : header->elements_at + *bytes,
        {.code = less ? Code::TruncatedFile : Code::BadFileContent,
         .message = less ? "the file ends before its last element" : "bytes after the last element",
         .expected = fmt::format("{} bytes for {}", *bytes, describe_type(*header->dtype, header->shape)),
         .found = fmt::format("{} bytes", there),
         .remedy = less ? "copy or download the file again" : "save each array to a file of its own"});
  }
  return take_elements(file, header->elements_at, *header->dtype, std::move(header->shape),
                       {header->big_endian, header->column_major});
}

Result<Array> read_npy(const std::string& path) {
  auto file = FileBytes::map(path);
  CATEN_TRY(file);
  return parse_npy(*file);
}

Result<std::string> format_npy_header(const std::string& path, DType dtype, const std::vector<int64_t>& shape) {
  const NumpyType* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                       [&](const NumpyType& candidate) { return candidate.dtype == dtype; });
  if (type == std::end(kTypes))
    return fail({.code = Code::FormatCannotHold,
                 .message = fmt::format("cannot write {}: NumPy has no dtype for {}", path, dtype_name(dtype)),
                 .expected = "bool, integers, f16 f32 f64, c64 or c128",
                 .found = describe_type(dtype, shape),
                 .remedy = "save it as .safetensors, or cast it to f32"});
  std::string header =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}", dtype_size(dtype) == 1 ? '|' : '<',
                  type->name, fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr size_t kFixed = 10;
  size_t whole = (kFixed + header.size() + 1 + 63) / 64 * 64;
  header.resize(whole - kFixed - 1, ' ');
  header += '\n';
  if (header.size() > 0xFFFF || shape.size() > kMaxRank)
    return fail({.code = Code::FormatCannotHold,
                 .message = fmt::format("cannot write {}: NumPy has no arrays of so many axes", path),
                 .expected = fmt::format("at most {} axes", kMaxRank),
                 .found = std::to_string(shape.size()),
                 .remedy = "reshape it first"});
  std::string out(kMagic);
  out += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return out + header;
}

Status write_npy(const std::string& path, const Array& array) {
  auto header = format_npy_header(path, array.dtype(), array.shape());
  CATEN_TRY(header);
  auto file = AtomicFile::create(path);
  CATEN_TRY(file);
  file->write(*header);
  file->write(element_bytes(array));
  return file->commit();
}

}  // namespace caten
