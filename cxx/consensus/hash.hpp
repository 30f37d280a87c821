// XXH3 of 128 bits over parts, in order.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace caten::consensus {

class Hash {
 public:
  Hash();
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
  ~Hash();

  void add(const void* bytes, size_t size);
  /// With its end, so that two texts are not one.
  void add_text(const std::string& text) { add(text.c_str(), text.size() + 1); }
  void add_number(int64_t number) { add(&number, sizeof number); }

  std::string hexadecimal() const;  ///< 32 digits
  std::string bytes() const;        ///< 16 of them, the same number

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The 32 digits of 16 bytes, as of any others.
std::string hexadecimal(std::string_view bytes);

}  // namespace caten::consensus
