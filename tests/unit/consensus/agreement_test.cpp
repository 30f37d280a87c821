// Which votes win: as greedy choice in the order of the keys says, however many there are.
#include "consensus/compiled/agreement.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace caten;
using namespace caten::consensus::compiled;

namespace {

constexpr int64_t kPlaces = 3000;

/// The places of a vote: two of its own, and a third for some.
template <class Visit>
void footprint(const Vote& vote, const Visit& visit) {
  visit(vote.origin % kPlaces);
  visit((vote.origin * int64_t{7919} + 1) % (kPlaces / 2) + kPlaces);
  if (vote.origin % 3 == 0) visit(2 * kPlaces + vote.origin % 10);
}

/// Of different origins: of equal keys the smaller one is better.
LargeVector<Vote> random_votes(size_t count, uint32_t seed, uint32_t hashes) {
  std::mt19937 random(seed);
  std::set<int32_t> origins;
  while (origins.size() < count) origins.insert(static_cast<int32_t>(random() % 1'000'000));
  LargeVector<Vote> out;
  for (int32_t origin : origins)
    out.push_back({.rule = 0,
                   .site = 0,
                   .item = static_cast<uint32_t>(out.size()),
                   .tie = static_cast<uint32_t>(random() % hashes),
                   .score = 1,
                   .origin = origin,
                   .commit = 0,
                   .group = 0,
                   .weights = 0});
  return out;
}

std::set<uint32_t> items(const LargeVector<Vote>& votes) {
  std::set<uint32_t> out;
  for (const Vote& each : votes) out.insert(each.item);
  return out;
}

std::set<uint32_t> greedy(const Agreement& agreement, LargeVector<Vote> votes) {
  std::sort(votes.begin(), votes.end(), [&](const Vote& a, const Vote& b) { return agreement.better(a, b); });
  std::set<int64_t> taken;
  std::set<uint32_t> out;
  for (const Vote& each : votes) {
    bool free = true;
    footprint(each, [&](int64_t place) { free = free && !taken.contains(place); });
    if (!free) continue;
    footprint(each, [&](int64_t place) { taken.insert(place); });
    out.insert(each.item);
  }
  return out;
}

}  // namespace

TEST_CASE("winners are those of greedy choice") {
  Agreement agreement(3 * kPlaces, 1);
  auto visit_places = [](const Vote& vote, auto&& visit) { footprint(vote, visit); };
  for (size_t count : {1, 100, 5000, 60'000})
    for (uint32_t hashes : {UINT32_MAX, 50'000'000u, 1000u, 1u}) {
      CAPTURE(count);
      CAPTURE(hashes);
      LargeVector<Vote> votes = random_votes(count, static_cast<uint32_t>(count), hashes);
      std::set<uint32_t> expected;
      for (int step = 0; step < 2; ++step) {  // what was taken is free in the next step
        agreement.clear();
        agreement.votes().each = votes;
        if (step == 0) expected = greedy(agreement, votes);
        CHECK(items(agreement.winners(visit_places)) == expected);
      }
    }
}

TEST_CASE("violated weights, then scores, then rules decide before hashes") {
  Agreement agreement(3 * kPlaces, 1);
  LargeVector<Vote> votes = random_votes(20'000, 7, UINT32_MAX);
  for (Vote& each : votes) {
    each.weights = each.item % 2;
    each.score = static_cast<float>(each.item % 5);
    each.rule = each.item % 3;
  }
  agreement.votes().each = votes;
  agreement.votes().weights = {0, 5};
  std::set<uint32_t> expected = greedy(agreement, votes);
  CHECK(items(agreement.winners([](const Vote& vote, auto&& visit) { footprint(vote, visit); })) == expected);
}
