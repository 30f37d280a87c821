#include "consensus/journal/payload.hpp"

namespace caten::consensus {

void PayloadWriter::fixed(uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xFF);
}

void PayloadWriter::number(uint64_t value) {
  for (; value > 0x7F; value >>= 7) out_ += static_cast<char>((value & 0x7F) | 0x80);
  out_ += static_cast<char>(value);
}

void PayloadWriter::text(std::string_view text) {
  fixed(text.size(), 4);
  out_ += text;
}

uint64_t PayloadReader::fixed(size_t width) {
  uint64_t out = 0;
  std::string_view bytes = raw(width);
  for (size_t i = 0; i < bytes.size(); ++i) out |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return out;
}

uint64_t PayloadReader::number() {
  uint64_t out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint64_t byte = fixed(1);
    out |= (byte & 0x7F) << shift;
    if (byte < 0x80) return failed_ ? 0 : out;
  }
  failed_ = true;
  return 0;
}

int64_t PayloadReader::integer() {
  uint64_t folded = number();
  return static_cast<int64_t>((folded >> 1) ^ (~(folded & 1) + 1));
}

std::string_view PayloadReader::text(uint64_t most) {
  uint64_t size = fixed(4);
  if (size > most) failed_ = true;
  return raw(size);
}

std::string_view PayloadReader::raw(uint64_t count) {
  failed_ |= count > rest_.size();
  if (failed_) return {};
  std::string_view out = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return out;
}

uint64_t PayloadReader::count() {
  uint64_t out = number();
  if (out > rest_.size()) failed_ = true;
  return failed_ ? 0 : out;
}

}  // namespace caten::consensus
