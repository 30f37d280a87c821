#include "consensus/philox.hpp"

namespace caten::consensus {

PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

uint32_t draw_word(uint32_t seed, uint32_t rule, int64_t cell, int64_t step, uint64_t draw) {
  auto bits = static_cast<uint64_t>(cell);
  PhiloxCounter counter = {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(step),
                           static_cast<uint32_t>(draw / 4)};
  return philox(counter, {seed, rule})[draw % 4];
}

}  // namespace caten::consensus
