#include "consensus/compiled/layout.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

namespace caten::consensus::compiled {
namespace {

/// Computed elements begin at whole cache lines, whatever their size.
constexpr int64_t kAlignment = 64;

/// Reads further than this are gathered: a rim is computed as well, and takes memory.
int64_t widest_halo(int64_t size) { return std::max<int64_t>(8, size / 16); }

/// The shortest way to the same cell of a torus.
int64_t shortest(int64_t distance, int64_t size) {
  int64_t out = (distance % size + size) % size;
  return out > size / 2 ? out - size : out;
}

/// Where a read leads, at each of its positions that have a constant distance.
std::vector<Position> positions_of(const Instance& instance, const ReadInstance& read, size_t rank) {
  std::vector<Position> out;
  auto add = [&](const BoundReference& reference, std::span<const int64_t> offset) {
    if (std::optional<Position> position = position_of(reference, rank, offset)) out.push_back(std::move(*position));
  };
  if (read.cells) {
    add(*read.cells, {});
    return out;
  }
  const EdgeInstance& edge = instance.edges[read.edges[0]];
  for (const std::vector<int64_t>& offset : edge.offsets) add(edge.source, offset);
  return out;
}

}  // namespace

Shape shape_of(const std::vector<int64_t>& sizes) {
  Shape out;
  for (int64_t size : sizes) out.emplace_back(size);
  return out;
}

std::optional<Position> position_of(const BoundReference& reference, size_t rank, std::span<const int64_t> offset) {
  Position out;
  for (const BoundSubscript& subscript : reference.subscripts) {
    if (subscript.form != BoundSubscript::Form::kAffine) return std::nullopt;
    AxisPosition made;
    if (!subscript.first.parts.empty()) {
      const BoundAffine::Sum& sum = subscript.first.parts.back();
      made.distance = sum.constant;
      for (const BoundAffine::Term& term : sum.terms) {
        if (term.quotient) return std::nullopt;
        if (term.slot >= rank) {
          if (term.slot - rank >= offset.size()) return std::nullopt;
          made.distance += term.coefficient * offset[term.slot - rank];
        } else if (made.axis || term.coefficient != 1) {
          return std::nullopt;
        } else {
          made.axis = term.slot;
        }
      }
    }
    out.push_back(made);
  }
  return out;
}

bool follows(const Position& position) {
  for (size_t k = 0; k < position.size(); ++k)
    if (position[k].axis != k) return false;
  return true;
}

GridLayout::GridLayout(std::vector<int64_t> sizes, std::vector<int64_t> halo)
    : sizes_(std::move(sizes)), halo_(std::move(halo)), computed_(sizes_), strides_(sizes_.size(), 1) {
  size_t rank = sizes_.size();
  for (size_t axis = rank; axis-- > 1;) strides_[axis - 1] = strides_[axis] * extent(axis);
  // A cell of a rim sees what is before the array, or behind it: it means nothing, but it is there.
  int64_t slack = 0;
  for (size_t axis = 1; axis < rank; ++axis) {
    computed_[axis] = extent(axis);
    slack += halo_[axis] * strides_[axis];
  }
  first_ = (slack + halo_[0] * strides_[0] + kAlignment - 1) / kAlignment * kAlignment;
  begin_ = first_ - halo_[0] * strides_[0];
  elements_ = begin_ + extent(0) * strides_[0] + slack;
}

std::optional<int64_t> GridLayout::within_rim(size_t axis, int64_t distance) const {
  int64_t out = shortest(distance, sizes_[axis]);
  return std::abs(out) <= halo_[axis] ? std::optional(out) : std::nullopt;
}

NodeId GridLayout::seen(const Build& b, NodeId array, const std::vector<int64_t>& distances) const {
  int64_t from = std::inner_product(distances.begin(), distances.end(), strides_.begin(), first_);
  int64_t count = sizes_[0] * strides_[0];
  return b.reshape(b.slice(array, {{Dim(from), Dim(from + count), 1}}), shape_of(computed_));
}

NodeId GridLayout::element(const Build& b, NodeId array, const std::vector<int64_t>& place) const {
  int64_t at = begin_;
  for (size_t axis = 0; axis < sizes_.size(); ++axis) at += (place[axis] + halo_[axis]) * strides_[axis];
  return b.reshape(b.slice(array, {{Dim(at), Dim(at + 1), 1}}), {});
}

NodeId GridLayout::gathered(const Build& b, NodeId array, const std::vector<NodeId>& place) const {
  const Shape shape = b.shape(place[0]);
  int64_t origin = begin_;
  for (size_t axis = 0; axis < sizes_.size(); ++axis) origin += halo_[axis] * strides_[axis];
  NodeId at = b.integer(origin, shape);
  for (size_t axis = 0; axis < sizes_.size(); ++axis)
    at = b.add(at, strides_[axis] == 1 ? place[axis] : b.mul(place[axis], b.integer(strides_[axis], shape)));
  return b.take(array, 0, {at});
}

NodeId GridLayout::cells(const Build& b, NodeId array) const {
  int64_t count = extent(0) * strides_[0];
  Shape shape;
  std::vector<SliceRange> inner;
  for (size_t axis = 0; axis < sizes_.size(); ++axis) {
    shape.emplace_back(extent(axis));
    inner.push_back({Dim(halo_[axis]), Dim(halo_[axis] + sizes_[axis]), 1});
  }
  return b.slice(b.reshape(b.slice(array, {{Dim(begin_), Dim(begin_ + count), 1}}), shape), std::move(inner));
}

template <class Visit>
void GridLayout::for_each_place(size_t axis, Visit visit) const {
  std::vector<int64_t> place(axis, 0);
  int64_t element = begin_;
  for (size_t k = 0; k < axis; ++k) element += halo_[k] * strides_[k];
  for (;;) {
    visit(element);
    size_t k = axis;
    while (k > 0 && ++place[k - 1] == sizes_[k - 1]) {
      element -= (sizes_[k - 1] - 1) * strides_[k - 1];
      place[--k] = 0;
    }
    if (k == 0) return;
    element += strides_[k - 1];
  }
}

void GridLayout::for_each_row(const std::function<void(int64_t, int64_t, int64_t)>& visit) const {
  int64_t cell = 0;
  for_each_place(sizes_.size() - 1, [&](int64_t row) {
    int64_t element = row + halo_.back();
    visit(cell, element, element - first_);
    cell += sizes_.back();
  });
}

void GridLayout::spread(const std::byte* cells, std::byte* array, size_t bytes) const {
  size_t row = static_cast<size_t>(sizes_.back()) * bytes;
  for_each_row([&](int64_t cell, int64_t element, int64_t) {
    std::memcpy(array + static_cast<size_t>(element) * bytes, cells + static_cast<size_t>(cell) * bytes, row);
  });
  mend(array, bytes);
}

void GridLayout::collect(const std::byte* array, std::byte* cells, size_t bytes) const {
  size_t row = static_cast<size_t>(sizes_.back()) * bytes;
  for_each_row([&](int64_t cell, int64_t element, int64_t) {
    std::memcpy(cells + static_cast<size_t>(cell) * bytes, array + static_cast<size_t>(element) * bytes, row);
  });
}

void GridLayout::mend(std::byte* array, size_t bytes) const {
  // Inner axes first: what an outer one copies has its rims.
  for (size_t axis = sizes_.size(); axis-- > 0;) {
    if (halo_[axis] == 0) continue;
    size_t stride = static_cast<size_t>(strides_[axis]) * bytes, rim = static_cast<size_t>(halo_[axis]) * stride,
           size = static_cast<size_t>(sizes_[axis]) * stride;
    for_each_place(axis, [&](int64_t element) {
      std::byte* line = array + static_cast<size_t>(element) * bytes;
      std::memcpy(line, line + size, rim);
      std::memcpy(line + rim + size, line + rim, rim);
    });
  }
}

std::vector<GridLayout> layouts_of(const Instance& instance) {
  std::map<std::vector<int64_t>, std::vector<int64_t>> halos;
  for (const ValueInstance& value : instance.values) halos[value.sizes].resize(value.sizes.size());
  for (const RuleInstance& rule : instance.rules) {
    const std::vector<int64_t>& sizes = instance.values[rule.on].sizes;
    std::vector<int64_t>& halo = halos[sizes];
    auto widen = [&](const ReadInstance& read) {
      if (instance.values[read.value].sizes != sizes) return;
      for (const Position& position : positions_of(instance, read, sizes.size())) {
        if (!follows(position)) continue;
        for (size_t axis = 0; axis < sizes.size(); ++axis) {
          int64_t distance = std::abs(shortest(position[axis].distance, sizes[axis]));
          if (distance <= widest_halo(sizes[axis])) halo[axis] = std::max(halo[axis], distance);
        }
      }
    };
    for (const ReadInstance& read : rule.reads) widen(read);
    for (const ReadInstance& read : rule.references) widen(read);
  }
  std::vector<GridLayout> out;
  for (const ValueInstance& value : instance.values)
    out.push_back(value.set ? GridLayout() : GridLayout(value.sizes, halos[value.sizes]));
  return out;
}

}  // namespace caten::consensus::compiled
