#include "random_datum.hpp"

#include <bit>
#include <iterator>
#include <string>

namespace caten {

uint64_t Random::next() {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

namespace {

std::string random_text(Random& random, bool plain) {
  static constexpr const char* kAwkward[] = {"a", "Z", "0", "-", "+", ".", ":",   "e",
                                             "é", "λ", "😀", "x", "1", "_", "nan", "inf"};
  static constexpr const char* kOthers[] = {" ", "\n", "\t", "\"",   "|", "\\", "(", ")", ";",
                                            "#", "'",  "\r", "\x01", ",", "`",  "[", "#|"};
  std::string out;
  size_t length = random.below(6) + (plain ? 1 : 0);
  for (size_t i = 0; i < length; ++i)
    out += plain || random.below(2) == 0 ? kAwkward[random.below(std::size(kAwkward))]
                                         : kOthers[random.below(std::size(kOthers))];
  return out;
}

double random_double(Random& random) {
  switch (random.below(4)) {
    case 0: return std::bit_cast<double>(random.next());
    case 1: return static_cast<double>(static_cast<int64_t>(random.next()) >> random.below(64));
    case 2: return static_cast<double>(random.below(2000)) / 100 - 10;
    default: return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(random.next())));
  }
}

}  // namespace

Datum random_datum(Random& random, size_t budget) {
  if (budget > 1 && random.below(4) != 0) {
    std::vector<Datum> items;
    size_t left = budget - 1;
    while (left > 0 && random.below(8) != 0) {
      size_t share = 1 + random.below(left);
      items.push_back(random_datum(random, share));
      left -= share;
    }
    return Datum::list(std::move(items));
  }
  switch (random.below(6)) {
    case 0: return Datum::keyword(random_text(random, true));
    case 1: return Datum::string(random_text(random, false));
    case 2: return Datum::of(static_cast<int64_t>(random.next()) >> random.below(64));
    case 3: return Datum::of_unsigned(random.next() >> random.below(64));
    case 4: return Datum::of(random_double(random));
    default: return Datum::symbol(random_text(random, false));
  }
}

}  // namespace caten
