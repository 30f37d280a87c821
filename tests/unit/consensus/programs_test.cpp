// Section 10 of docs/consensus.md: the programs of examples/consensus/ at small sizes, and the figures they must show.
// With CATEN_CONSENSUS_FULL set also at the sizes that take minutes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <set>

#include "golden.hpp"
#include "kernels.hpp"

using namespace caten;
using namespace caten::consensus;
using namespace caten::consensus::reference;

namespace {

bool full_sizes() { return std::getenv("CATEN_CONSENSUS_FULL") != nullptr; }

// ---- Life

std::vector<int64_t> life_after(std::vector<int64_t> cells, int64_t size, int64_t steps) {
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<int64_t> next(cells.size());
    for (int64_t y = 0; y < size; ++y)
      for (int64_t x = 0; x < size; ++x) {
        int64_t around = 0;
        for (int64_t dy = -1; dy <= 1; ++dy)
          for (int64_t dx = -1; dx <= 1; ++dx)
            if (dy != 0 || dx != 0)
              around += cells[static_cast<size_t>((y + dy + size) % size * size + (x + dx + size) % size)];
        auto at = static_cast<size_t>(y * size + x);
        next[at] = around == 3 || (around == 2 && cells[at] == 1);
      }
    cells = next;
  }
  return cells;
}

/// The R-pentomino in the middle of a torus.
std::vector<int64_t> r_pentomino(int64_t size) {
  std::vector<int64_t> out(static_cast<size_t>(size * size));
  int64_t middle = size / 2;
  for (auto [dy, dx] : {std::pair(-1, 0), std::pair(-1, 1), std::pair(0, -1), std::pair(0, 0), std::pair(1, 0)})
    out[static_cast<size_t>((middle + dy) * size + middle + dx)] = 1;
  return out;
}

// ---- Sudoku

const char* const kPuzzles[] = {"53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
                                "..3.2.6..9..3.5..1..18.64....81.29..7.......8..67.82....26.95..8..2.3..9..5.1.3..",
                                "2...8.3...6..7..84.3.5..2.9...1.54.8.........4.27.6...3.1..7.4.72..4..6...4.1...3"};

std::vector<int64_t> digits_of(const std::string& puzzle) {
  std::vector<int64_t> out;
  for (char each : puzzle) out.push_back(each == '.' ? 9 : each - '1');
  return out;
}

bool is_permutation(std::vector<int64_t> unit) {
  std::sort(unit.begin(), unit.end());
  std::vector<int64_t> expected(9);
  std::iota(expected.begin(), expected.end(), 0);
  return unit == expected;
}

/// All solutions that extend the board, up to two: the first open cell goes through the digits that fit.
void solve(std::vector<int64_t>& board, std::vector<std::vector<int64_t>>& solutions) {
  size_t at = 0;
  while (at < 81 && board[at] < 9) ++at;
  if (at == 81) {
    solutions.push_back(board);
    return;
  }
  for (int64_t digit = 0; digit < 9 && solutions.size() < 2; ++digit) {
    bool fits = true;
    for (size_t i = 0; i < 9; ++i)
      fits = fits && board[at / 9 * 9 + i] != digit && board[9 * i + at % 9] != digit &&
             board[9 * (at / 27 * 3 + i / 3) + at % 9 / 3 * 3 + i % 3] != digit;
    if (!fits) continue;
    board[at] = digit;
    solve(board, solutions);
    board[at] = 9;
  }
}

int64_t units_that_are_permutations(const std::vector<int64_t>& board) {
  int64_t out = 0;
  for (size_t i = 0; i < 9; ++i) {
    std::vector<int64_t> row, column, box;
    for (size_t j = 0; j < 9; ++j) {
      row.push_back(board[9 * i + j]);
      column.push_back(board[9 * j + i]);
      box.push_back(board[9 * (i / 3 * 3 + j / 3) + i % 3 * 3 + j % 3]);
    }
    out += is_permutation(row) + is_permutation(column) + is_permutation(box);
  }
  return out;
}

}  // namespace

TEST_CASE("10.2: Life, the R-pentomino") {
  constexpr int64_t kSize = 32;
  std::vector<int64_t> cells = r_pentomino(kSize);
  Given given;
  given.parameters = {{"H", kSize}, {"W", kSize}};
  given.data["Cell"] = integers(DType::kU8, {kSize, kSize}, cells);
  auto world = world_of(example("life.lmpm"), given);
  std::vector<int64_t> populations;
  for (int step = 0; step <= 10; ++step) {
    std::vector<int64_t> now = cells_of(*world, "Cell");
    populations.push_back(std::accumulate(now.begin(), now.end(), int64_t{0}));
    REQUIRE(now == life_after(cells, kSize, step));
    one_step(*world);
  }
  CHECK(populations == std::vector<int64_t>{5, 6, 7, 9, 8, 9, 12, 11, 18, 11, 11});
}

TEST_CASE("10.2: Life, the R-pentomino on 1024 × 1024, by kernels") {
  // Its pieces no longer change each other after 1103 steps. The small torus is too small for that, and only shows that
  // kernels go where the interpreter goes.
  int64_t size = full_sizes() ? 1024 : 64, steps = full_sizes() ? 1103 : 60;
  std::vector<int64_t> cells = r_pentomino(size);
  Given given;
  given.parameters = {{"H", size}, {"W", size}};
  given.data["Cell"] = integers(DType::kU8, {size, size}, cells);
  auto world = world_of(example("life.lmpm"), given);
  auto own = compiled_world(*world);
  for (int64_t i = 0; i < steps; ++i) REQUIRE(own->step());
  Array now = to_array(world->instance(), own->state(), *find_value(world->instance(), "Cell"));
  int64_t population = std::accumulate(now.as<uint8_t>(), now.as<uint8_t>() + now.elements(), int64_t{0});
  if (full_sizes()) {
    CHECK(population == 116);
  } else {
    std::vector<int64_t> expected = life_after(cells, size, steps);
    CHECK(population == std::accumulate(expected.begin(), expected.end(), int64_t{0}));
  }
}

TEST_CASE("10.3: Sudoku, several puzzles at once") {
  std::vector<int64_t> givens;
  for (const char* puzzle : kPuzzles)
    for (int64_t digit : digits_of(puzzle)) givens.push_back(digit);
  auto count = static_cast<int64_t>(std::size(kPuzzles));
  Given given;
  given.parameters["N"] = count;
  given.data["Digit"] = integers(DType::kU8, {count, 3, 3, 3, 3}, givens);
  auto world = world_of(example("sudoku.lmpm"), given, 1);
  int64_t steps = 0;
  for (bool open = true; open && steps < 600; ++steps) {
    one_step(*world);
    std::vector<int64_t> now = cells_of(*world, "Digit");
    open = std::find(now.begin(), now.end(), -1) != now.end();
  }
  std::vector<int64_t> solved = cells_of(*world, "Digit");
  for (size_t i = 0; i < givens.size(); ++i)
    if (givens[i] < 9) REQUIRE(solved[i] == givens[i]);
  for (size_t n = 0; n < std::size(kPuzzles); ++n) {
    auto first = solved.begin() + static_cast<ptrdiff_t>(81 * n);
    CHECK(units_that_are_permutations({first, first + 81}) == 27);
    std::vector<std::vector<int64_t>> solutions;
    std::vector<int64_t> board = digits_of(kPuzzles[n]);
    solve(board, solutions);
    REQUIRE(solutions.size() == 1);
    CHECK(std::vector<int64_t>(first, first + 81) == solutions[0]);
  }
  MESSAGE(fmt::format("three puzzles in {} steps", steps));
}

TEST_CASE("10.4: a tile map without cliffs, and with the shore that was given") {
  const int64_t size = full_sizes() ? 64 : 16;
  std::vector<int64_t> shore(static_cast<size_t>(size * size), 4);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t rim : {i, size * (size - 1) + i, size * i, size * i + size - 1}) shore[static_cast<size_t>(rim)] = 0;
  int64_t contradictions = 0;
  for (uint32_t seed : {1u, 2u}) {
    Given given;
    given.parameters = {{"H", size}, {"W", size}};
    given.data["Tile"] = integers(DType::kU8, {size, size}, shore);
    auto world = world_of(example("tile-map.lmpm"), given, seed);
    std::vector<int64_t> map;
    for (int64_t step = 0; step < 2 * size * size; ++step) {
      contradictions += one_step(*world).unsatisfied;
      map = cells_of(*world, "Tile");
      if (std::find(map.begin(), map.end(), -1) == map.end()) break;
    }
    int64_t cliffs = 0;
    auto at = [&](int64_t y, int64_t x) { return map[static_cast<size_t>(y * size + x)]; };
    for (int64_t y = 0; y < size; ++y)
      for (int64_t x = 0; x < size; ++x) {
        if (x + 1 < size) cliffs += std::abs(at(y, x) - at(y, x + 1)) > 1;
        if (y + 1 < size) cliffs += std::abs(at(y, x) - at(y + 1, x)) > 1;
      }
    CHECK(std::find(map.begin(), map.end(), -1) == map.end());
    CHECK(cliffs == 0);
    for (size_t i = 0; i < shore.size(); ++i)
      if (shore[i] == 0) REQUIRE(map[i] == 0);
    CHECK(*std::max_element(map.begin(), map.end()) > 0);
  }
  MESSAGE(fmt::format("{} contradictions in two maps", contradictions));
}

TEST_CASE("10.9: bank agents: the total is exact, no account is below 0, winners are those of the sequential greedy") {
  constexpr int64_t kAccounts = 8, kTransfers = 120;
  std::mt19937 random(5);
  std::vector<int64_t> source, target, amount;
  for (int64_t i = 0; i < kTransfers; ++i) {
    source.push_back(static_cast<int64_t>(random() % kAccounts));
    target.push_back((source.back() + 1 + static_cast<int64_t>(random() % (kAccounts - 1))) % kAccounts);
    amount.push_back(1 + static_cast<int64_t>(random() % 60));
  }
  Given given;
  given.parameters = {{"Accounts", kAccounts}, {"Transfers", kTransfers}};
  given.parameters["source"] = integers(DType::kI32, {kTransfers}, source);
  given.parameters["target"] = integers(DType::kI32, {kTransfers}, target);
  given.parameters["amount"] = integers(DType::kI64, {kTransfers}, amount);
  auto world = world_of(example("bank.lmpm"), given, 3), rounds = world_of(example("bank.lmpm"), given, 3, true);
  int64_t done = 0;
  for (int step = 0; step < 60; ++step) {
    std::vector<int64_t> before = cells_of(*world, "Balance");
    StepReport report = one_step(*world), other = one_step(*rounds);
    std::vector<int64_t> after = cells_of(*world, "Balance");
    REQUIRE(report.winners == other.winners);
    REQUIRE(std::accumulate(after.begin(), after.end(), int64_t{0}) == 100 * kAccounts);
    REQUIRE(*std::min_element(after.begin(), after.end()) >= 0);
    // A winner's transfer was possible on the balances before, and no two winners meet at an account.
    std::set<int64_t> touched;
    for (const ProposalId& id : report.winners) {
      auto i = static_cast<size_t>(id.origin);
      REQUIRE(before[static_cast<size_t>(source[i])] >= amount[i]);
      REQUIRE(touched.insert(source[i]).second);
      REQUIRE(touched.insert(target[i]).second);
    }
    done += static_cast<int64_t>(report.winners.size());
  }
  CHECK(done > kTransfers / 2);
  std::vector<int64_t> pending = cells_of(*world, "Pending");
  CHECK(std::count(pending.begin(), pending.end(), 0) == done);
  CHECK(world->digest() == rounds->digest());
}

TEST_CASE("10.10: the Margolus automaton runs back to its start, bit for bit") {
  auto forth = world_of(example("margolus.lmpm"), {}, 4);
  std::vector<int64_t> start = cells_of(*forth, "Cell");
  int64_t balls = std::accumulate(start.begin(), start.end(), int64_t{0});
  for (int step = 0; step < 51; ++step) {
    one_step(*forth);
    std::vector<int64_t> now = cells_of(*forth, "Cell");
    REQUIRE(std::accumulate(now.begin(), now.end(), int64_t{0}) == balls);
  }
  CHECK(cells_of(*forth, "Cell") != start);
  Given given;
  given.data["Cell"] = forth->array(0);
  given.data["Phase"] = integers(DType::kI64, {1}, {1 - cells_of(*forth, "Phase")[0]});
  auto back = world_of(example("margolus.lmpm"), given);
  run_steps(*back, 51);
  CHECK(cells_of(*back, "Cell") == start);
}

TEST_CASE("10.7: the seed's program, verbatim: locks, palettes and time hold") {
  constexpr int64_t kT = 3, kW = 16, kH = 8, kIds = 6;
  std::mt19937 random(2);
  auto ids = [&](int64_t count) {
    std::vector<int64_t> out;
    for (int64_t i = 0; i < count; ++i) out.push_back(static_cast<int64_t>(random() % kIds));
    return out;
  };
  int64_t calls = 0;
  Given given;
  given.parameters = {{"T", kT}, {"W", kW}, {"H", kH}, {"N", int64_t{5}}, {"e", int64_t{0}}};
  given.parameters.insert({{"x1", int64_t{2}}, {"x2", int64_t{5}}, {"y1", int64_t{1}}, {"y2", int64_t{3}}});
  given.parameters["BPE"] = VocabularyGiven{kIds};
  given.parameters["VQ"] = VocabularyGiven{kIds};
  given.parameters["sky"] = RegionGiven{.mask = {}, .boxes = {{{0, {}}, {0, 1}}}};
  given.parameters["blue-ish"] = PaletteGiven{{1, 4}};
  given.parameters["Model"] =
      ModelGiven{[&](const std::vector<Array>& reads, const ModelGiven::Keywords&) -> Result<Array> {
        ++calls;
        int64_t batch = reads[0].shape()[0];
        CHECK(reads[0].shape() == std::vector<int64_t>{batch, 8});
        CHECK(reads[1].shape() == std::vector<int64_t>{batch});
        CHECK(reads[2].shape() == std::vector<int64_t>{batch, 5});
        CHECK(reads[3].shape() == std::vector<int64_t>{batch});
        return Array::zeros(DType::kF32, {batch, kIds});
      }};
  given.parameters["ModelScore"] =
      ModelGiven{[&](const std::vector<Array>& reads, const ModelGiven::Keywords&) -> Result<Array> {
        CHECK(reads.size() == 4);
        return Array::zeros(DType::kF32, {reads[0].shape()[0]});
      }};
  std::vector<int64_t> start = ids(kT * kW * kH);
  given.data["Vid"] = integers(DType::kI64, {kT, kW, kH}, start);
  given.data["Txt"] = integers(DType::kI64, {5}, ids(5));
  given.data["Coarse"] = integers(DType::kI64, {kT, kW / 8, kH / 8}, ids(kT * kW / 8 * kH / 8));
  auto world = world_of(read_source_file("tests/data/consensus/seed.lmpm"), given, 6);
  std::vector<int64_t> before = start;
  for (int step = 0; step < 6; ++step) {
    one_step(*world);
    std::vector<int64_t> after = cells_of(*world, "Vid");
    for (int64_t cell = 0; cell < kT * kW * kH; ++cell) {
      auto at = static_cast<size_t>(cell);
      int64_t x = cell / kH % kW, y = cell % kH;
      if (x >= 2 && x <= 5 && y >= 1 && y <= 3) REQUIRE(after[at] == start[at]);
      if (y <= 1 && after[at] != before[at]) REQUIRE((after[at] == 1 || after[at] == 4));
      if (after[at] != before[at]) REQUIRE((x + y) % 2 == step % 2);
    }
    before = after;
  }
  CHECK(before != start);
  CHECK(calls == 6);
}

TEST_CASE("10.8: belief propagation on a tree gives the marginals of brute force") {
  // Eight nodes, at most three neighbours each.
  const std::vector<std::pair<int64_t, int64_t>> bonds = {{0, 1}, {0, 2}, {1, 3}, {1, 4}, {2, 5}, {5, 6}, {5, 7}};
  constexpr int64_t kNodes = 8;
  auto count = static_cast<int64_t>(bonds.size() * 2);
  std::mt19937 random(9);
  auto real = [&] { return static_cast<double>(random() % 2001) / 1000 - 1; };
  std::vector<double> h, couplings;
  for (int64_t i = 0; i < kNodes; ++i) h.push_back(real());
  std::vector<int64_t> from, to;
  for (auto [a, b] : bonds) {
    double coupling = real();
    from.insert(from.end(), {a, b});
    to.insert(to.end(), {b, a});
    couplings.insert(couplings.end(), {coupling, coupling});
  }
  auto incoming = [&](int64_t node, int64_t without) {
    std::vector<int64_t> out;
    for (size_t e = 0; e < to.size(); ++e)
      if (to[e] == node && from[e] != without) out.push_back(static_cast<int64_t>(e));
    out.resize(3, count);
    return out;
  };
  std::vector<int64_t> in1, in2, at1, at2, at3;
  for (size_t e = 0; e < from.size(); ++e) {
    std::vector<int64_t> in = incoming(from[e], to[e]);
    in1.push_back(in[0]);
    in2.push_back(in[1]);
  }
  in1.push_back(count);
  in2.push_back(count);
  for (int64_t node = 0; node < kNodes; ++node) {
    std::vector<int64_t> in = incoming(node, -1);
    at1.push_back(in[0]);
    at2.push_back(in[1]);
    at3.push_back(in[2]);
  }
  Given given;
  given.parameters = {{"Nodes", kNodes}, {"Edges", count}, {"Slots", count + 1}};
  given.parameters["from"] = integers(DType::kI32, {count}, from);
  given.parameters["in1"] = integers(DType::kI32, {count + 1}, in1);
  given.parameters["in2"] = integers(DType::kI32, {count + 1}, in2);
  given.parameters["at1"] = integers(DType::kI32, {kNodes}, at1);
  given.parameters["at2"] = integers(DType::kI32, {kNodes}, at2);
  given.parameters["at3"] = integers(DType::kI32, {kNodes}, at3);
  given.parameters["h"] = reals({kNodes}, h);
  given.parameters["J"] = reals({count}, couplings);
  auto world = world_of(example("belief.lmpm"), given);
  run_steps(*world, 8);
  std::vector<double> beliefs = reals_of(*world, "Belief"), up(kNodes);
  double all = 0;
  for (uint32_t state = 0; state < 256; ++state) {
    auto spin = [&](int64_t i) { return state >> i & 1 ? 1.0 : -1.0; };
    double energy = 0;
    for (int64_t i = 0; i < kNodes; ++i) energy += h[static_cast<size_t>(i)] * spin(i);
    for (size_t b = 0; b < bonds.size(); ++b) energy += couplings[2 * b] * spin(bonds[b].first) * spin(bonds[b].second);
    all += std::exp(energy);
    for (int64_t i = 0; i < kNodes; ++i)
      if (state >> i & 1) up[static_cast<size_t>(i)] += std::exp(energy);
  }
  for (size_t i = 0; i < kNodes; ++i) CHECK(std::abs(beliefs[i] - up[i] / all) < 1e-6);
}
