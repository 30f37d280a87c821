#include "consensus/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "consensus/philox.hpp"

namespace caten::consensus {
namespace {

constexpr int64_t kMaskgitSteps = 8;

/// How many leading axes are not cut into tiles.
size_t uncut(size_t rank) { return rank > 2 ? rank - 2 : 0; }

std::vector<int64_t> tile_sizes(const Event& event, std::span<const int64_t> sizes) {
  std::vector<int64_t> out(sizes.begin(), sizes.end());
  for (size_t axis = uncut(sizes.size()); axis < out.size(); ++axis)
    out[axis] = (out[axis] + event.tile - 1) / event.tile;
  return out;
}

int64_t product(const std::vector<int64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

bool in_order(const Event& event) { return event.strategy == "raster" || event.strategy == "random"; }

/// Of each tile its place among all, by their Philox words.
std::vector<int64_t> ranks(const Event& event, int64_t tiles) {
  std::vector<std::pair<uint32_t, int64_t>> order;
  for (int64_t tile = 0; tile < tiles; ++tile)
    order.emplace_back(draw_word(event.seed, kTileRule, tile, event.epoch, 0), tile);
  std::sort(order.begin(), order.end());
  std::vector<int64_t> out(static_cast<size_t>(tiles));
  for (size_t place = 0; place < order.size(); ++place)
    out[static_cast<size_t>(order[place].second)] = static_cast<int64_t>(place);
  return out;
}

/// The event of this number, without what it finds open.
Event numbered(const ScheduleInstance& schedule, const Event& like, int64_t phases, int64_t colours, int64_t number) {
  Event out = like;
  // All colours of a phase, then the next one.
  out.colour = number % colours;
  number /= colours;
  out.phase = schedule.phase.value_or(number % phases);
  out.epoch = schedule.epoch + (schedule.phase ? number : number / phases);
  return out;
}

/// The last event of this epoch that a set has seen, or null; it is near the end.
const Event* of_epoch(const State& state, size_t value, const Event& event) {
  auto events = state.events.find(value);
  if (events == state.events.end()) return nullptr;
  const std::map<Dot, Event>& added = events->second.added();
  auto found = std::find_if(added.rbegin(), added.rend(), [&](const auto& each) {
    return each.second.epoch == event.epoch && each.second.strategy == event.strategy && each.second.total;
  });
  return found == added.rend() ? nullptr : &found->second;
}

int64_t colour_count(const Instance& instance, const ScheduleInstance& schedule) {
  int64_t out = 1;
  if (schedule.strategy == "maskgit-cosine") return out;
  for (const RuleInstance& rule : instance.rules)
    if (const Colouring* colouring = instance.colouring(rule.on)) out = std::max(out, colouring->modulus);
  return out;
}

}  // namespace

int64_t phase_count(const Event& event, std::span<const int64_t> sizes) {
  std::vector<int64_t> tiles = tile_sizes(event, sizes);
  if (event.strategy == "red-black") return 2;
  if (event.strategy == "four-colour") return 4;
  if (event.strategy == "maskgit-cosine") return event.steps.value_or(kMaskgitSteps);
  if (event.strategy.empty()) return 1;
  if (in_order(event)) return event.steps ? std::min(*event.steps, product(tiles)) : product(tiles);
  int64_t last = 0;
  for (int64_t size : tiles) last += size - 1;
  return last + 1;
}

ActiveCells::ActiveCells(const Event& event, std::span<const int64_t> sizes, const Colouring* colouring)
    : event_(event), sizes_(sizes.begin(), sizes.end()), colouring_(colouring) {
  phases_ = phase_count(event, sizes);
  tiles_ = product(tile_sizes(event, sizes));
  if (event.strategy == "random") rank_ = ranks(event, tiles_);
}

bool ActiveCells::operator()(int64_t cell, bool committed) const {
  if (event_.phase >= phases_) return false;
  if (event_.strategy == "maskgit-cosine") return !committed;
  std::vector<int64_t> place = coordinates(cell, sizes_);
  int64_t colour = colouring_ ? colouring_->colour_of(place) : 0;
  return colour == event_.colour && in_phase(std::move(place));
}

bool ActiveCells::in_phase(std::vector<int64_t> place) const {
  if (event_.strategy.empty()) return true;
  for (size_t axis = uncut(sizes_.size()); axis < place.size(); ++axis) place[axis] /= event_.tile;
  size_t rank = place.size();
  int64_t x = rank == 0 ? 0 : place[rank - 1], y = rank < 2 ? 0 : place[rank - 2];
  if (event_.strategy == "red-black") return (x + y) % 2 == event_.phase;
  if (event_.strategy == "four-colour") return (rank < 2 ? x % 4 : 2 * (y % 2) + x % 2) == event_.phase;
  if (event_.strategy == "wavefront") return std::accumulate(place.begin(), place.end(), int64_t{0}) == event_.phase;
  int64_t tile = flat(place, tile_sizes(event_, sizes_));
  int64_t turn = rank_.empty() ? tile : rank_[static_cast<size_t>(tile)];
  return turn * phases_ / tiles_ == event_.phase;
}

int64_t maskgit_remaining(int64_t total, int64_t phase, int64_t steps) {
  if (phase + 1 >= steps) return 0;
  // The one angle between 0 and a right one at which the cosine of a rational part is rational: exactly a half.
  if (3 * (phase + 1) == 2 * steps) return total / 2;
  double angle = std::numbers::pi * static_cast<double>(phase + 1) / static_cast<double>(2 * steps);
  return static_cast<int64_t>(std::floor(static_cast<double>(total) * std::cos(angle)));
}

size_t open_stratum(const Instance& instance, const State& state) {
  size_t out = SIZE_MAX;
  for (const RuleInstance& rule : instance.rules)
    for (const EmitInstance& emit : rule.emits) {
      const std::vector<bool>& committed = state.values[emit.target.value].committed;
      if (std::find(committed.begin(), committed.end(), false) != committed.end())
        out = std::min(out, instance.strata[emit.target.value]);
    }
  return out;
}

int64_t open_cells(const Instance& instance, const State& state) {
  int64_t out = 0;
  size_t open = open_stratum(instance, state);
  std::vector<bool> counted(instance.values.size());
  for (const RuleInstance& rule : instance.rules) {
    if (counted[rule.on] || instance.strata[rule.emits[0].target.value] > open) continue;
    counted[rule.on] = true;
    const std::vector<bool>& committed = state.values[rule.on].committed;
    out += std::count(committed.begin(), committed.end(), false);
  }
  return out;
}

NextEvent next_event(const Instance& instance, const ScheduleInstance& schedule, const State& state, int64_t number) {
  Event like{.strategy = schedule.strategy,
             .seed = static_cast<uint32_t>(schedule.seed.value_or(state.seed)),
             .steps = schedule.steps,
             .tile = schedule.tile.value_or(1),
             .budget = schedule.budget};
  int64_t phases = 1;
  for (const RuleInstance& rule : instance.rules)
    phases = std::max(phases, phase_count(like, instance.values[rule.on].sizes));
  NextEvent out{numbered(schedule, like, phases, colour_count(instance, schedule), number), number};
  if (like.strategy != "maskgit-cosine") return out;
  size_t stratum = open_stratum(instance, state);
  const Event* before = out.event.phase > 0 ? of_epoch(state, schedule.value, out.event) : nullptr;
  if (before && before->stratum != stratum && !schedule.phase) {
    out.number = (number / phases + 1) * phases;
    out.event = numbered(schedule, like, phases, 1, out.number);
    before = nullptr;
  }
  out.event.total = before ? *before->total : open_cells(instance, state);
  out.event.stratum = stratum;
  return out;
}

}  // namespace caten::consensus
