// Where the cells of a grid lie in memory between compiled steps.
//
// A grid is kept with a rim: on both sides of an axis `halo` copies of the cells across the grid. A read at a constant
// distance is then the same array some elements further on, a slice, whatever the border; what a border hides is
// masked by whoever reads. Elements are numbered flat. A step computes `computed`: all cells, and between them the rims
// of all axes but the first, in one contiguous piece; what it gives for a rim means nothing until `mend`.
//
// In: an instance. Out: a layout for each value, the same for values of the same sizes. Entry: layouts_of.
#pragma once

#include <functional>
#include <optional>

#include "consensus/instance.hpp"
#include "ir/build.hpp"

namespace caten::consensus::compiled {

using Shape = caten::Shape;  // of nodes, not of a declaration

Shape shape_of(const std::vector<int64_t>& sizes);

/// On one axis of a source: the axis of the cell that it follows, or none, and the distance.
struct AxisPosition {
  std::optional<size_t> axis{};
  int64_t distance = 0;
  bool operator==(const AxisPosition&) const = default;
};
using Position = std::vector<AxisPosition>;

/// Where a reference leads from a cell with `rank` axes, at an offset of a neighbourhood; nothing if that is no
/// constant distance.
std::optional<Position> position_of(const BoundReference& reference, size_t rank, std::span<const int64_t> offset);
/// The same axes in the same order.
bool follows(const Position& position);

class GridLayout {
 public:
  GridLayout() = default;
  GridLayout(std::vector<int64_t> sizes, std::vector<int64_t> halo);

  const std::vector<int64_t>& sizes() const { return sizes_; }
  const std::vector<int64_t>& halo() const { return halo_; }
  int64_t elements() const { return elements_; }  ///< of an array
  int64_t first() const { return first_; }        ///< the first computed element
  const std::vector<int64_t>& computed() const { return computed_; }
  /// The distance within the rim that leads to the same cell of a torus as this one.
  std::optional<int64_t> within_rim(size_t axis, int64_t distance) const;

  /// What is at these distances, of the computed elements. `array`: all elements, flat.
  NodeId seen(const Build& b, NodeId array, const std::vector<int64_t>& distances) const;
  /// The one element at these coordinates.
  NodeId element(const Build& b, NodeId array, const std::vector<int64_t>& place) const;
  /// The elements at coordinates that are nodes, i64 and on the grid.
  NodeId gathered(const Build& b, NodeId array, const std::vector<NodeId>& place) const;
  /// All cells, without rims.
  NodeId cells(const Build& b, NodeId array) const;

  /// Each row of the last axis: its first cell, its first element in an array and its first computed element.
  void for_each_row(const std::function<void(int64_t cell, int64_t element, int64_t computed)>& visit) const;
  /// From cells without rims to an array with them, mended; of elements of so many bytes.
  void spread(const std::byte* cells, std::byte* array, size_t bytes) const;
  void collect(const std::byte* array, std::byte* cells, size_t bytes) const;
  /// Copies cells into the rims.
  void mend(std::byte* array, size_t bytes) const;

 private:
  int64_t extent(size_t axis) const { return sizes_[axis] + 2 * halo_[axis]; }
  /// The first elements of all places on the axes before `axis`, rims left out.
  template <class Visit>
  void for_each_place(size_t axis, Visit visit) const;

  std::vector<int64_t> sizes_{}, halo_{}, computed_{}, strides_{};
  int64_t begin_ = 0;  ///< the first element of the rim
  int64_t first_ = 0, elements_ = 0;
};

std::vector<GridLayout> layouts_of(const Instance& instance);

}  // namespace caten::consensus::compiled
