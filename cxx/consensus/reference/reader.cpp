#include "consensus/reference/reader.hpp"

#include <algorithm>

#include "consensus/affine.hpp"

namespace caten::consensus::reference {
namespace {

constexpr int64_t kMostKept = int64_t{1} << 22;

bool uses_data(const BoundReference& reference) {
  return std::any_of(reference.subscripts.begin(), reference.subscripts.end(),
                     [](const BoundSubscript& each) { return each.form == BoundSubscript::Form::kValue; });
}

}  // namespace

Item read_cells(const Instance& instance, const State& state, const ReadInstance& read,
                std::span<const int64_t> sources, const Number& padding) {
  int64_t width = instance.values[read.value].width;
  auto element = [&](int64_t source, int64_t i) {
    if (source == kPadded) return padding;
    return source == kAbsent ? Number::bot() : read_element(instance, state, read.value, source, i);
  };
  if (read.single) return element(sources[0], 0);
  std::vector<Number> out;
  out.reserve(sources.size() * static_cast<size_t>(width));
  for (int64_t source : sources)
    for (int64_t i = 0; i < width; ++i) out.push_back(element(source, i));
  return Item(std::move(out));
}

RuleReader::RuleReader(const Instance& instance, const RuleInstance& rule)
    : instance_(instance), rule_(rule), reads_(rule.reads.size()), references_(rule.references.size()) {
  for (size_t i = 0; i < reads_.size(); ++i) keep(rule.reads[i], reads_[i]);
  for (size_t i = 0; i < references_.size(); ++i) keep(rule.references[i], references_[i]);
}

void RuleReader::keep(const ReadInstance& read, Kept& kept) const {
  const ValueInstance& on = instance_.values[rule_.on];
  bool data = read.cells && uses_data(*read.cells);
  for (size_t edge : read.edges) data = data || uses_data(instance_.edges[edge].source);
  if (data || on.cells * static_cast<int64_t>(read.positions) > kMostKept) return;
  kept.is_kept = true;
  for (int64_t cell = 0; cell < on.cells; ++cell) {
    std::vector<int64_t> sources = read.sources(instance_, coordinates(cell, on.sizes), nullptr);
    kept.sources.insert(kept.sources.end(), sources.begin(), sources.end());
  }
}

bool RuleReader::later(const ReadInstance& read, int64_t source, std::span<const int64_t> place) const {
  const ValueInstance& from = instance_.values[read.value];
  // The first axis is time: of the value itself, and of those whose first axis is written with the same length.
  const std::vector<Affine>&mine = instance_.values[rule_.on].declaration->shape.sizes,
        &theirs = from.declaration->shape.sizes;
  if (read.value != rule_.on && !same(mine[0], theirs[0])) return false;
  return coordinates(source, from.sizes)[0] > place[0];
}

std::vector<int64_t> RuleReader::sources_at(const ReadInstance& read, const State& state,
                                            std::span<const int64_t> place) const {
  Contents contents = [&](size_t value, int64_t at) -> std::optional<int64_t> {
    if (at >= instance_.values[value].cells) return std::nullopt;
    Number number = read_element(instance_, state, value, at);
    return number.is_integer() ? std::optional(number.integer) : std::nullopt;
  };
  return read.sources(instance_, place, &contents);
}

Item RuleReader::look_at(const ReadInstance& read, const Kept& kept, const State& state, int64_t cell,
                         std::span<const int64_t> place, View& view) const {
  std::vector<int64_t> found;
  std::span<const int64_t> sources;
  if (kept.is_kept) {
    sources = std::span(kept.sources).subspan(static_cast<size_t>(cell) * read.positions, read.positions);
  } else {
    found = sources_at(read, state, place);
    sources = found;
  }
  for (int64_t source : sources) {
    if (source < 0) continue;
    if (!read.optional && !state.committed(read.value, source)) view.enabled = false;
    view.reads_future = view.reads_future || later(read, source, place);
  }
  view.edges.insert(view.edges.end(), read.edges.begin(), read.edges.end());
  Number padding = read.edges.empty() ? Number::bot() : instance_.edges[read.edges[0]].padding;
  return read_cells(instance_, state, read, sources, padding);
}

std::vector<RuleReader::Unseen> RuleReader::unseen(const State& state, int64_t cell) const {
  std::vector<Unseen> out;
  std::vector<int64_t> place = coordinates(cell, instance_.values[rule_.on].sizes);
  for (const std::vector<ReadInstance>* reads : {&rule_.reads, &rule_.references})
    for (const ReadInstance& read : *reads)
      for (int64_t source : sources_at(read, state, place))
        if (source == kAbsent || (source >= 0 && !state.committed(read.value, source))) out.push_back({&read, source});
  return out;
}

RuleReader::View RuleReader::look(const State& state, int64_t cell) const {
  View out;
  std::vector<int64_t> place = coordinates(cell, instance_.values[rule_.on].sizes);
  for (size_t i = 0; i < reads_.size() && out.enabled; ++i)
    out.reads.push_back(look_at(rule_.reads[i], reads_[i], state, cell, place, out));
  for (size_t i = 0; i < references_.size() && out.enabled; ++i)
    out.references.push_back(look_at(rule_.references[i], references_[i], state, cell, place, out));
  return out;
}

}  // namespace caten::consensus::reference
