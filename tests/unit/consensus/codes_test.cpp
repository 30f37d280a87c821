// Section 10 of docs/consensus.md: belief propagation on a low-density parity-check code, (3,6)-regular, at a binary
// symmetric channel. With CATEN_CONSENSUS_FULL set 50 blocks of 4096 bits.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <cstdlib>
#include <random>
#include <set>

#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

constexpr size_t kMostBits = 4096;
using BitWord = std::bitset<kMostBits>;

/// Six ports a check, three a bit: which bit is at each port.
struct ParityCode {
  size_t bits = 0;
  std::vector<int64_t> at{};

  size_t checks() const { return at.size() / 6; }

  /// The ports of each bit, three after each other.
  std::vector<int64_t> ports() const {
    std::vector<std::vector<int64_t>> of(bits);
    for (size_t e = 0; e < at.size(); ++e) of[static_cast<size_t>(at[e])].push_back(static_cast<int64_t>(e));
    std::vector<int64_t> out;
    for (const std::vector<int64_t>& each : of) out.insert(out.end(), each.begin(), each.end());
    return out;
  }

  /// Of each port the other two of its bit.
  std::vector<int64_t> others() const {
    std::vector<int64_t> own = ports(), out;
    for (size_t e = 0; e < at.size(); ++e)
      for (size_t i = 0; i < 3; ++i)
        if (int64_t port = own[3 * static_cast<size_t>(at[e]) + i]; port != static_cast<int64_t>(e))
          out.push_back(port);
    return out;
  }

  size_t failing_checks(const std::vector<int64_t>& word) const {
    size_t out = 0;
    for (size_t c = 0; c < checks(); ++c) {
      int64_t sum = 0;
      for (size_t j = 0; j < 6; ++j) sum += word[static_cast<size_t>(at[6 * c + j])];
      out += sum % 2 != 0;
    }
    return out;
  }
};

/// A random code in which no two checks share two bits: ports are exchanged until that holds.
ParityCode random_code(size_t bits, std::mt19937& random) {
  ParityCode out{.bits = bits, .at = {}};
  for (size_t e = 0; e < 3 * bits; ++e) out.at.push_back(static_cast<int64_t>(e / 3));
  for (size_t e = out.at.size(); e-- > 1;) std::swap(out.at[e], out.at[random() % (e + 1)]);
  for (bool bad = true; bad;) {
    bad = false;
    std::set<std::pair<int64_t, int64_t>> pairs;
    for (size_t e = 0; e < out.at.size(); ++e)
      for (size_t f = e / 6 * 6; f < e; ++f) {
        if (out.at[e] != out.at[f] && pairs.insert(std::minmax({out.at[e], out.at[f]})).second) continue;
        std::swap(out.at[e], out.at[random() % out.at.size()]);
        bad = true;
      }
  }
  return out;
}

/// A random word of the code: free bits at random, the others by elimination.
std::vector<int64_t> random_word(const ParityCode& code, std::mt19937& random) {
  std::vector<BitWord> rows(code.checks());
  for (size_t e = 0; e < code.at.size(); ++e) rows[e / 6].flip(static_cast<size_t>(code.at[e]));
  std::vector<size_t> pivots;
  for (size_t bit = 0; bit < code.bits && pivots.size() < rows.size(); ++bit) {
    size_t rank = pivots.size(), found = rank;
    while (found < rows.size() && !rows[found][bit]) ++found;
    if (found == rows.size()) continue;
    std::swap(rows[rank], rows[found]);
    for (size_t r = 0; r < rows.size(); ++r)
      if (r != rank && rows[r][bit]) rows[r] ^= rows[rank];
    pivots.push_back(bit);
  }
  BitWord word;
  for (size_t bit = 0; bit < code.bits; ++bit) word[bit] = random() % 2 != 0;
  for (size_t pivot : pivots) word[pivot] = false;
  for (size_t r = 0; r < pivots.size(); ++r) word[pivots[r]] = (rows[r] & word).count() % 2 != 0;
  std::vector<int64_t> out;
  for (size_t bit = 0; bit < code.bits; ++bit) out.push_back(word[bit]);
  return out;
}

struct Decoding {
  bool right = false;
  int64_t steps = 0;
  int64_t errors = 0;  ///< of the channel
};

/// Steps until all checks hold, at most 100.
Decoding decode(const ParityCode& code, const std::vector<int64_t>& sent, std::mt19937& random) {
  Decoding out;
  std::vector<int64_t> received = sent;
  for (int64_t& bit : received)
    if (random() % 1000 < 50) bit = 1 - bit, ++out.errors;
  auto count = [](const std::vector<int64_t>& list) { return static_cast<int64_t>(list.size()); };
  Given given;
  given.parameters = {{"Bits", count(sent)}, {"Checks", static_cast<int64_t>(code.checks())}};
  given.parameters["at"] = integers(DType::kI32, {count(code.at)}, code.at);
  given.parameters["others"] = integers(DType::kI32, {2 * count(code.at)}, code.others());
  given.parameters["ports"] = integers(DType::kI32, {count(code.at)}, code.ports());
  given.data["Received"] = integers(DType::kU8, {count(sent)}, received);
  auto world = world_of(example("ldpc.lmpm"), std::move(given));
  std::vector<int64_t> decoded;
  while (out.steps < 100) {
    run_steps(*world, 2);
    out.steps += 2;
    decoded = cells_of(*world, "Decoded");
    if (code.failing_checks(decoded) == 0) break;
  }
  out.right = decoded == sent;
  return out;
}

}  // namespace

TEST_CASE("10.8: belief propagation corrects a parity-check code at an error rate of 0.05") {
  bool full = std::getenv("CATEN_CONSENSUS_FULL") != nullptr;
  size_t bits = full ? 4096 : 1200;
  int64_t blocks = full ? 50 : 2, right = 0, most = 0;
  std::mt19937 random(11);
  ParityCode code = random_code(bits, random);
  for (int64_t block = 0; block < blocks; ++block) {
    std::vector<int64_t> sent = random_word(code, random);
    REQUIRE(code.failing_checks(sent) == 0);
    Decoding decoding = decode(code, sent, random);
    CHECK(decoding.errors > static_cast<int64_t>(bits) / 30);
    right += decoding.right;
    most = std::max(most, decoding.steps);
  }
  CHECK(right == blocks);
  MESSAGE(fmt::format("{} of {} blocks of {} bits, at most {} steps", right, blocks, bits, most));
}

TEST_CASE("10.8: beyond its threshold the same code is not corrected") {
  // (3,6) codes correct up to an error rate of 0.084. With 0.155 the checks do not come to hold.
  std::mt19937 random(12);
  ParityCode code = random_code(600, random);
  std::vector<int64_t> sent = random_word(code, random), noisy = sent;
  for (int64_t& bit : noisy)
    if (random() % 1000 < 110) bit = 1 - bit;
  CHECK_FALSE(decode(code, noisy, random).right);
}
