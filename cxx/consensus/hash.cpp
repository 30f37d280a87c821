#include "consensus/hash.hpp"

#include <fmt/format.h>
#define XXH_INLINE_ALL         // NOLINT: the header asks for this name
#define XXH_NO_INLINE_HINTS 1  // NOLINT: builds for debuggers cannot inline what it asks for
#include <xxhash.h>

namespace caten::consensus {

struct Hash::State {
  XXH3_state_t hash;
};

Hash::Hash() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->hash); }
Hash::~Hash() = default;

void Hash::add(const void* bytes, size_t size) { XXH3_128bits_update(&state_->hash, bytes, size); }

std::string Hash::bytes() const {
  XXH128_hash_t out = XXH3_128bits_digest(&state_->hash);
  std::string bytes;
  for (uint64_t half : {out.high64, out.low64})
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(half >> shift & 0xFF);
  return bytes;
}

std::string Hash::hexadecimal() const { return consensus::hexadecimal(bytes()); }

std::string hexadecimal(std::string_view bytes) {
  std::string out;
  for (char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace caten::consensus
