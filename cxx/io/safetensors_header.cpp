#include "io/safetensors_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "base/utf8.hpp"

namespace caten {
namespace {

using Json = nlohmann::json;

/// Receives the header token by token, and stops at the first that has no place in it: nothing deeper or larger than
/// the format's own objects is ever kept.
class HeaderSink : public nlohmann::json_sax<Json> {
 public:
  SafetensorsHeader header;
  std::string problem;  // of the header's content; "" for a syntax error
  std::string expected;
  size_t syntax_error_at = 0;

  bool null() override { return reject("null"); }
  bool boolean(bool) override { return reject("a boolean"); }
  bool binary(binary_t&) override { return reject("bytes"); }
  bool number_float(number_float_t, const string_t& text) override { return reject(text); }
  bool number_integer(number_integer_t value) override { return reject(std::to_string(value)); }  // only negative ones

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ == State::kShape) {
      if (value > static_cast<uint64_t>(INT64_MAX)) return reject(std::to_string(value));
      entry().shape.push_back(static_cast<int64_t>(value));
      if (entry().shape.size() > kMaxRank) return reject(fmt::format("more than {} axes", kMaxRank));
      return true;
    }
    if (state_ == State::kOffsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry().begin : entry().end) = value;
      return true;
    }
    return reject(std::to_string(value));
  }

  bool string(string_t& value) override {
    if (state_ == State::kMetadataValue) {
      header.metadata.back().second = std::move(value);
      state_ = State::kMetadata;
      return true;
    }
    if (state_ != State::kDType) return reject("a string");
    entry().dtype = std::move(value);
    state_ = State::kEntry;
    return true;
  }

  bool start_object(size_t) override {
    switch (state_) {
      case State::kStart: state_ = State::kTop; return true;
      case State::kEntryValue: state_ = State::kEntry; return true;
      case State::kMetadataObject: state_ = State::kMetadata; return true;
      default: return reject("an object");
    }
  }

  bool key(string_t& name) override {
    switch (state_) {
      case State::kTop:
        if (name == "__metadata__") {
          if (std::exchange(has_metadata_, true)) return reject("`__metadata__` twice");
          state_ = State::kMetadataObject;
        } else {
          header.entries.push_back({.name = std::move(name)});
          seen_ = 0;
          state_ = State::kEntryValue;
        }
        return true;
      case State::kMetadata:
        header.metadata.emplace_back(std::move(name), "");
        state_ = State::kMetadataValue;
        return true;
      case State::kEntry: {
        unsigned bit = name == "dtype" ? 1 : name == "shape" ? 2 : name == "data_offsets" ? 4 : 0;
        if (bit == 0 || (seen_ & bit))
          return reject(fmt::format("the key {}{}", quote_briefly(name), bit ? " twice" : ""));
        seen_ |= bit;
        state_ = bit == 1 ? State::kDType : bit == 2 ? State::kShapeValue : State::kOffsetsValue;
        return true;
      }
      default: return reject("a key");
    }
  }

  bool end_object() override {
    switch (state_) {
      case State::kTop: state_ = State::kDone; return true;
      case State::kMetadata: state_ = State::kTop; return true;
      case State::kEntry:
        if (seen_ != 7) return reject("the end of the object");
        state_ = State::kTop;
        return true;
      default: return reject("the end of an object");
    }
  }

  bool start_array(size_t) override {
    if (state_ != State::kShapeValue && state_ != State::kOffsetsValue) return reject("an array");
    state_ = state_ == State::kShapeValue ? State::kShape : State::kOffsets;
    offsets_ = 0;
    return true;
  }

  bool end_array() override {
    if (state_ == State::kOffsets && offsets_ != 2) return reject("the end of the array");
    state_ = State::kEntry;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    syntax_error_at = position;
    return false;
  }

 private:
  static constexpr size_t kMaxRank = 64;
  enum class State : uint8_t {
    kStart,
    kTop,
    kEntryValue,
    kEntry,
    kDType,
    kShapeValue,
    kShape,
    kOffsetsValue,
    kOffsets,
    kMetadataObject,
    kMetadata,
    kMetadataValue,
    kDone
  };

  SafetensorsEntry& entry() { return header.entries.back(); }

  bool reject(std::string found) {
    problem = std::move(found);
    expected = wanted();
    return false;
  }

  std::string wanted() const {
    auto of = [this](const char* what) {
      return fmt::format("for {}: {}", quote_briefly(header.entries.back().name), what);
    };
    switch (state_) {
      case State::kStart: return "an object";
      case State::kTop: return "names of arrays, and `__metadata__` once";
      case State::kEntryValue: return of("an object");
      case State::kEntry: return of("dtype, shape and data_offsets, once each");
      case State::kDType: return of("dtype as a string");
      case State::kShapeValue: return of("shape as an array");
      case State::kShape: return of("shape with at most 64 sizes from 0 to 2^63 - 1");
      case State::kOffsetsValue: return of("data_offsets as an array");
      case State::kOffsets: return of("data_offsets with two integers of 0 or more");
      case State::kMetadataObject:
      case State::kMetadata:
      case State::kMetadataValue: return "`__metadata__` as an object of strings";
      case State::kDone: break;
    }
    return "the end of the header";
  }

  State state_ = State::kStart;
  unsigned seen_ = 0;  // keys of this entry: 1 dtype, 2 shape, 4 data_offsets
  int offsets_ = 0;
  bool has_metadata_ = false;
};

tl::unexpected<Diagnostic> bad_header(const FileBytes& file, uint64_t at, std::string message, std::string expected,
                                      std::string found) {
  return file.fail_at(at, {.code = Code::BadFileHeader,
                           .message = std::move(message),
                           .expected = std::move(expected),
                           .found = std::move(found),
                           .remedy = "write the file again with the safetensors library"});
}

/// The first value that is there twice, by `key`, in a sorted list of keys.
template <class List, class Key>
std::optional<std::string> find_twice(const List& list, Key key) {
  std::vector<std::string_view> keys;
  for (const auto& item : list) keys.push_back(key(item));
  std::sort(keys.begin(), keys.end());
  auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return std::nullopt;
  return std::string(*twice);
}

std::string json_text(const std::string& text) { return Json(text).dump(); }

}  // namespace

Result<SafetensorsHeader> parse_safetensors_header(const FileBytes& file, uint64_t offset, uint64_t count) {
  std::string_view text = file.text().substr(offset, count);
  if (text.substr(0, 1) != "{")
    return bad_header(file, offset, "the header is no object", "`{`",
                      text.empty() ? "an empty header" : quote_briefly(text.substr(0, 16)));
  if (size_t at = find_invalid_utf8(text); at != std::string_view::npos)
    return bad_header(file, offset + at, "the header is not UTF-8", "UTF-8",
                      fmt::format("the byte {:#04x}", static_cast<unsigned char>(text[at])));
  HeaderSink sink;
  if (!Json::sax_parse(text.begin(), text.end(), &sink)) {
    if (!sink.problem.empty())
      return bad_header(file, offset, "the header does not describe arrays", sink.expected, sink.problem);
    size_t at = std::min<size_t>(sink.syntax_error_at == 0 ? 0 : sink.syntax_error_at - 1, text.size());
    return bad_header(file, offset + at, "the header is no JSON", "JSON to the end of the header",
                      at == text.size() ? "the end of the header" : quote_briefly(text.substr(at, 16)));
  }
  SafetensorsHeader& header = sink.header;
  auto twice = find_twice(header.entries, [](const SafetensorsEntry& entry) -> std::string_view { return entry.name; });
  if (!twice) twice = find_twice(header.metadata, [](const auto& pair) -> std::string_view { return pair.first; });
  if (twice) return bad_header(file, offset, "a name twice in the header", "each name once", quote_briefly(*twice));
  std::sort(header.entries.begin(), header.entries.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::sort(header.metadata.begin(), header.metadata.end());
  return std::move(header);
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
  std::string out;
  auto comma = [&out] { out += out.empty() ? '{' : ','; };
  if (!header.metadata.empty()) {
    comma();
    out += "\"__metadata__\":{";
    for (size_t i = 0; i < header.metadata.size(); ++i)
      out += fmt::format("{}{}:{}", i == 0 ? "" : ",", json_text(header.metadata[i].first),
                         json_text(header.metadata[i].second));
    out += '}';
  }
  for (const SafetensorsEntry& entry : header.entries) {
    comma();
    out += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", json_text(entry.name),
                       entry.dtype, fmt::join(entry.shape, ","), entry.begin, entry.end);
  }
  if (out.empty()) out = '{';
  out += '}';
  return out;
}

}  // namespace caten
