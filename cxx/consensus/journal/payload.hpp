// Numbers and texts as the bytes of a journal, and back. Numbers are little-endian, or of as many bytes as they need:
// 7 bits in each, the lowest first, signs folded in (0, -1, 1, -2, …).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace caten::consensus {

class PayloadWriter {
 public:
  void fixed(uint64_t value, size_t width);
  void number(uint64_t value);
  void integer(int64_t value) { number((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  void text(std::string_view text);  ///< with its length, in 4 bytes
  void raw(std::string_view bytes) { out_ += bytes; }
  std::string take() { return std::exchange(out_, {}); }

 private:
  std::string out_{};
};

/// The parts of a payload, in order. Once something is missing all is missing: numbers are 0 and texts empty then.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t fixed(size_t width);
  uint64_t number();
  int64_t integer();
  std::string_view text(uint64_t most);
  std::string_view raw(uint64_t count);
  /// A number of things that take at least a byte each: more than there are bytes are missing.
  uint64_t count();
  void refuse() { failed_ = true; }
  bool done() const { return !failed_ && rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace caten::consensus
