// Sections 1 and 2 of docs/consensus.md: cells, clocks, sets, digests and randomness.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "cases.hpp"
#include "consensus/philox.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

const std::string kCommitOfState = "commit V[*] using satisfy(max_constraints_then_score)\n";

ReplicaSet<int> merged(const std::vector<ReplicaSet<int>>& deltas) {
  ReplicaSet<int> out;
  for (const ReplicaSet<int>& each : deltas) out.merge(each);
  return out;
}

std::vector<int> values(const ReplicaSet<int>& set) {
  std::vector<int> out;
  for (const Dot& dot : set.dots()) out.push_back(set.at(dot));
  return out;
}

/// What one of three replicas that add and remove has seen after each change.
std::vector<ReplicaSet<int>> random_deltas(std::mt19937& random) {
  std::vector<ReplicaSet<int>> replicas(3), out;
  for (int change = 0; change < 12; ++change) {
    int32_t site = static_cast<int32_t>(random() % 3);
    ReplicaSet<int>& replica = replicas[static_cast<size_t>(site)];
    if (random() % 3 == 0) replica.merge(replicas[random() % 3]);
    if (random() % 3 == 0 && !replica.dots().empty())
      replica.remove(*std::next(replica.dots().begin(), static_cast<ptrdiff_t>(random() % replica.dots().size())));
    else
      replica.add(change, site);
    out.push_back(replica);
  }
  return out;
}

}  // namespace

TEST_CASE("2.2: Philox4x32-10 gives the published words") {
  // Random123, kat_vectors.
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}) ==
        PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("2.2: a draw is a word of what is drawn") {
  PhiloxCounter words = philox({5, 2, 7, 3}, {11, 4});
  for (uint64_t draw = 12; draw < 16; ++draw)
    CHECK(draw_word(11, 4, (int64_t{2} << 32) + 5, 7, draw) == words[draw - 12]);
}

TEST_CASE("2.3: uniform is 24 bits, below 1") {
  CHECK(uniform_of(0) == 0);
  CHECK(uniform_of(0xff) == 0);
  CHECK(uniform_of(0x100) == 0x1p-24);
  CHECK(uniform_of(UINT32_MAX) == 1 - 0x1p-24);
}

TEST_CASE("2.4: categorical draws by integer weights") {
  CHECK(categorical_weight(0) == uint64_t{1} << 30);
  CHECK(categorical_weight(31 * 0.6931472) == 0);
  // A logit that is ln 2 below has half the weight, to 16 bits of its logarithm.
  CHECK(std::abs(static_cast<double>(categorical_weight(0.69314718)) / 0x1p29 - 1) < 2e-5);
  for (double below : {0.1, 1.0, 2.5, 7.0, 15.0})
    CHECK(std::abs(static_cast<double>(categorical_weight(below)) / 0x1p30 - std::exp(-below)) <
          2e-5 * std::exp(-below) + 0x1p-30);
  Item logits(std::vector<Number>{Number::f32(0), Number::f32(0.69314718), Number::f32(-INFINITY)});
  CHECK(draw_categorical(logits, 3, nullptr, 0).integer == 0);
  CHECK(draw_categorical(logits, 3, nullptr, 0x55550000).integer == 0);  // a third of all words
  CHECK(draw_categorical(logits, 3, nullptr, 0x55570000).integer == 1);
  CHECK(draw_categorical(logits, 3, nullptr, UINT32_MAX).integer == 1);
  std::vector<bool> last{false, false, true};
  CHECK(draw_categorical(logits, 3, &last, 0).is_bot());
  std::vector<bool> middle{false, true, false};
  CHECK(draw_categorical(logits, 3, &middle, 0).integer == 1);
  Item nan(std::vector<Number>{Number::f32(0), Number::f32(NAN)});
  CHECK(draw_categorical(nan, 2, nullptr, 0).is_bot());
  Item infinite(std::vector<Number>{Number::f32(3), Number::f32(INFINITY)});
  CHECK(draw_categorical(infinite, 2, nullptr, 0).integer == 1);
  CHECK(draw_categorical(Item(Number::of(int64_t{0})), 4, nullptr, 0xC0000000).integer == 3);
}

TEST_CASE("1.2: a token takes the smallest unsigned type that holds its ids and BOT") {
  auto world = world_of(
      "value A : Token[X, 255] shape Seq(2) clock Lamport\nvalue B : Token[X, 256] shape Seq(2) clock Lamport\n"
      "value C : Token[X, 65536] shape Seq(2) clock Lamport init 65535");
  CHECK(world->array(0).dtype() == DType::kU8);
  CHECK(world->array(1).dtype() == DType::kU16);
  CHECK(world->array(2).dtype() == DType::kU32);
  CHECK(world->array(0).as<uint8_t>()[0] == 255);
  CHECK(world->array(1).as<uint16_t>()[1] == 256);
  CHECK(cells_of(*world, "A") == std::vector<int64_t>{-1, -1});
  CHECK(cells_of(*world, "C") == std::vector<int64_t>{65535, 65535});
}

TEST_CASE("1.4: data has L = 1, what is not committed L = 0, and a commit L = k of its rule") {
  Given given;
  given.data["V"] = integers(DType::kI32, {3}, {0, 4, 1});
  auto world = world_of(
      "value V : Token[X, 4] shape Seq(3) clock Lamport\nvisible V[i] <- V[i] optional\n"
      "rule Other: on V[i] emit proposal V[i] := keep()\n"
      "rule R: on V[i] read {own = V[i]} emit proposal V[i] := where(committed(own), keep(), 2)\n" +
          kCommitOfState,
      std::move(given));
  CHECK(world->state().values[0].clocks.materialize() ==
        std::vector<Clock>{{1, kInitialOrigin}, {0, 0}, {1, kInitialOrigin}});
  run_steps(*world, 2);
  CHECK(world->state().values[0].clocks.materialize() ==
        std::vector<Clock>{{1, kInitialOrigin}, {1, 1}, {1, kInitialOrigin}});
}

TEST_CASE("1.5: clocks are one entry for a step, and equal to one for each cell") {
  std::mt19937 random(7);
  Clocks symbolic(40);
  std::vector<Clock> dense(40);
  for (int64_t step = 1; step < 300; ++step) {
    std::vector<int64_t> cells;
    for (int64_t cell = 0; cell < 40; ++cell)
      if (random() % 3 == 0 || step % 50 == 0) cells.push_back(cell);
    Clock clock{step, static_cast<int32_t>(random() % 4)};
    for (int64_t cell : cells) dense[static_cast<size_t>(cell)] = clock;
    size_t before = symbolic.entries();
    symbolic.set(cells, clock);
    CHECK(symbolic.entries() <= std::max<size_t>(before + 1, 64));
    if (step % 50 == 0) CHECK(symbolic.entries() == 1);
    CHECK(symbolic.materialize() == dense);
    CHECK(symbolic.at(step % 40) == dense[static_cast<size_t>(step % 40)]);
  }
}

TEST_CASE("1.6: sets are equal however changes arrive: shuffled, twice, in parts") {
  for (unsigned seed = 0; seed < cases(200, 10000); ++seed) {
    std::mt19937 random(seed);
    std::vector<ReplicaSet<int>> deltas = random_deltas(random);
    ReplicaSet<int> expected = merged(deltas);
    std::vector<ReplicaSet<int>> shuffled = deltas;
    shuffled.insert(shuffled.end(), deltas.begin(), deltas.begin() + 5);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    REQUIRE(merged(shuffled) == expected);
    REQUIRE(values(merged(shuffled)) == values(expected));
    // Two parts of the network that meet later.
    std::vector<ReplicaSet<int>> left(shuffled.begin(), shuffled.begin() + 8),
        right(shuffled.begin() + 8, shuffled.end());
    REQUIRE(merged({merged(right), merged(left)}) == expected);
    REQUIRE(merged({expected, expected}) == expected);
  }
}

TEST_CASE("1.6: an addition that a removal had not seen stays") {
  ReplicaSet<int> a, b;
  Dot dot = a.add(1, 0);
  b.merge(a);
  b.remove(dot);
  Dot again = a.add(1, 0);
  a.merge(b);
  CHECK(a.dots() == std::set<Dot>{again});
  CHECK(again.clock > dot.clock);
  CHECK(a.add(2, 0, 100).clock == 101);
}

TEST_CASE("1.7: the digest is of values and clocks") {
  std::string text =
      "value V : Token[X, 4] shape Seq(3) clock Lamport init 1\nvisible V[i] <- V[i]\n"
      "rule R: on V[i] read {own = V[i]} emit proposal V[i] := own\n" +
      kCommitOfState;
  auto a = world_of(text), b = world_of(text);
  CHECK(a->digest() == b->digest());
  CHECK(a->digest().size() == 32);
  std::string before = a->digest();
  one_step(*a);
  CHECK(cells_of(*a, "V") == cells_of(*b, "V"));
  CHECK(a->digest() != before);
  one_step(*b);
  CHECK(a->digest() == b->digest());
}
