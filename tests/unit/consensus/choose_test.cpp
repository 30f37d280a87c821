// Sections 3.6, 3.7 and 4 of docs/consensus.md: the order of proposals, and who wins.
#include "consensus/reference/choose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "cases.hpp"

using namespace caten;
using namespace caten::consensus;
using namespace caten::consensus::reference;

namespace {

struct Court {
  std::vector<Proposed> proposed{};
  std::vector<Judgement> judgements{};
  std::vector<std::vector<int64_t>> footprints{};

  void add(Proposed each, std::vector<int64_t> violations, std::vector<int64_t> footprint) {
    proposed.push_back(std::move(each));
    judgements.push_back({.violations = std::move(violations), .keeps = {}});
    footprints.push_back(std::move(footprint));
  }
  std::vector<Candidate> candidates() const {
    std::vector<Candidate> out;
    for (size_t i = 0; i < proposed.size(); ++i) out.push_back({&proposed[i], &judgements[i], footprints[i]});
    return out;
  }
};

Proposed proposal(float score, int64_t snapshot, size_t rule, uint32_t tie, int64_t origin, size_t sequence) {
  return {.id = {rule, origin, sequence}, .score = score, .snapshot = snapshot, .tie = tie};
}

}  // namespace

TEST_CASE("3.6: the order, each field by literals") {
  Court court;
  // Each wins over the one below it by the field named beside it, whatever is behind that field.
  court.add(proposal(-9, 0, 9, 0, 9, 9), {0, 7}, {});    // the highest level
  court.add(proposal(-9, 0, 9, 0, 9, 9), {1, 0}, {});    // the next level
  court.add(proposal(1.5F, 0, 9, 0, 9, 9), {1, 1}, {});  // score
  court.add(proposal(1, 4, 9, 0, 9, 9), {1, 1}, {});     // snapshot clock
  court.add(proposal(1, 3, 2, 0, 9, 9), {1, 1}, {});     // rule#
  court.add(proposal(1, 3, 3, 50, 9, 9), {1, 1}, {});    // hash32
  court.add(proposal(1, 3, 3, 40, 4, 9), {1, 1}, {});    // origin
  court.add(proposal(1, 3, 3, 40, 5, 0), {1, 1}, {});    // seq
  court.add(proposal(1, 3, 3, 40, 5, 1), {1, 1}, {});
  std::vector<Candidate> candidates = court.candidates();
  for (size_t i = 0; i < candidates.size(); ++i)
    for (size_t j = 0; j < candidates.size(); ++j) CHECK(wins(candidates[i], candidates[j]) == (i < j));
}

TEST_CASE("3.6: the winner, by literals") {
  Court court;
  court.add(proposal(1, 3, 3, 40, 5, 0), {0, 2}, {4});
  court.add(proposal(2, 3, 3, 40, 6, 0), {0, 3}, {4});
  court.add(proposal(-1, 3, 3, 40, 7, 0), {0, 2}, {4});
  CHECK(choose_sequentially(court.candidates(), 8) == std::vector<size_t>{0});
  CHECK(choose_in_rounds(court.candidates(), 8).winners == std::vector<size_t>{0});
}

TEST_CASE("3.5: keep has the score -inf") {
  Proposed weak = proposal(-INFINITY, 0, 0, 0, 0, 0), strong = proposal(-1e30F, 0, 0, 0, 0, 0);
  Judgement equal{.violations = {1}, .keeps = {1}}, better{.violations = {0}, .keeps = {1}},
      worse{.violations = {1}, .keeps = {0}};
  CHECK(beats_keep({&strong, &equal, {}}));
  CHECK_FALSE(beats_keep({&weak, &equal, {}}));
  CHECK(beats_keep({&weak, &better, {}}));
  CHECK_FALSE(beats_keep({&strong, &worse, {}}));
}

TEST_CASE("3.7: winners are greedy in the order of keys, with disjoint footprints") {
  Court court;
  court.add(proposal(3, 0, 0, 0, 0, 0), {}, {0, 1});
  court.add(proposal(4, 0, 0, 0, 1, 0), {}, {1, 2});
  court.add(proposal(2, 0, 0, 0, 2, 0), {}, {0, 3});
  court.add(proposal(1, 0, 0, 0, 3, 0), {}, {3});
  CHECK(choose_sequentially(court.candidates(), 4) == std::vector<size_t>{1, 2});
}

TEST_CASE("4.2: rounds find what the sequential greedy finds") {
  for (unsigned seed = 0; seed < cases(300, 10000); ++seed) {
    std::mt19937 random(seed);
    Court court;
    size_t places = 1 + random() % 60;
    for (size_t i = 0; i < 80; ++i) {
      std::vector<int64_t> footprint;
      for (size_t n = 1 + random() % 4; n > 0; --n) footprint.push_back(static_cast<int64_t>(random() % places));
      std::sort(footprint.begin(), footprint.end());
      footprint.erase(std::unique(footprint.begin(), footprint.end()), footprint.end());
      court.add(proposal(static_cast<float>(random() % 5), 0, random() % 2, static_cast<uint32_t>(random() % 3),
                         static_cast<int64_t>(i), 0),
                {static_cast<int64_t>(random() % 2)}, std::move(footprint));
    }
    std::vector<Candidate> candidates = court.candidates();
    std::vector<size_t> expected = choose_sequentially(candidates, static_cast<int64_t>(places));
    for (int64_t most : {0, 1, 3, 1000}) {
      Rounds rounds = choose_in_rounds(candidates, static_cast<int64_t>(places), most);
      REQUIRE(rounds.winners == expected);
      REQUIRE(rounds.rounds <= most);
    }
  }
}

TEST_CASE("4.3: a chain takes as many rounds as it is long; hash32 before the origin breaks it") {
  constexpr int64_t kLength = 1000;
  auto chain = [](bool hashed) {
    std::mt19937 random(1);
    Court court;
    for (int64_t i = 0; i < kLength; ++i)
      court.add(proposal(0, 0, 0, hashed ? static_cast<uint32_t>(random()) : 7, i, 0), {}, {i, i + 1});
    return court;
  };
  Court plain = chain(false), hashed = chain(true);
  CHECK(choose_in_rounds(plain.candidates(), kLength + 1, kLength).rounds == kLength / 2);
  CHECK(choose_in_rounds(hashed.candidates(), kLength + 1, kLength).rounds < 12);
  Rounds rest = choose_in_rounds(plain.candidates(), kLength + 1);
  CHECK(rest.rounds == 16);
  CHECK(rest.sequential_rest);
  CHECK(rest.winners == choose_sequentially(plain.candidates(), kLength + 1));
}
