// Where the elements of a result come from: strided walks, and the positions that take reads and put writes.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "ir/evaluate_op.hpp"

namespace caten::evaluation {

/// Row-major strides, in elements.
inline std::vector<int64_t> strides_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// Positions offset + Σ coordinate · stride, in row-major order of the coordinates.
class StridedWalk {
 public:
  StridedWalk(const std::vector<int64_t>& shape, std::vector<int64_t> strides, int64_t offset)
      : shape_(shape), strides_(std::move(strides)), coordinates_(shape.size(), 0), position_(offset) {}

  int64_t operator()() {
    int64_t current = position_;
    for (size_t axis = shape_.size(); axis-- > 0;) {
      position_ += strides_[axis];
      if (++coordinates_[axis] < shape_[axis]) break;
      position_ -= coordinates_[axis] * strides_[axis];
      coordinates_[axis] = 0;
    }
    return current;
  }

 private:
  const std::vector<int64_t>& shape_;
  std::vector<int64_t> strides_;
  std::vector<int64_t> coordinates_;
  int64_t position_;
};

/// Where the elements of a take's result or a put's value lie in x: they have the coordinates prefix, S, suffix.
class Accesses {
 public:
  Accesses(const Array& x, int axis, std::span<const Value> indices) : indices_(indices) {
    std::vector<int64_t> strides = strides_of(x.shape());
    auto first = static_cast<size_t>(axis);
    for (size_t k = 0; k < indices.size(); ++k) {
      sizes_.push_back(x.shape()[first + k]);
      strides_.push_back(strides[first + k]);
    }
    for (size_t i = first + indices.size(); i < x.rank(); ++i) suffix_ *= x.shape()[i];
    for (int64_t size : sizes_) block_ *= size;
    block_ *= suffix_;
    points_ = indices[0].array.elements();
  }

  /// The position in x of element i, with indices clamped; -1 if an indexed axis is empty.
  int64_t clamped(int64_t i) const { return position<true>(i); }
  /// The same, -1 if an index is out of range.
  int64_t in_range(int64_t i) const { return position<false>(i); }
  /// Which index tuple element i belongs to.
  int64_t point(int64_t i) const { return i / suffix_ % points_; }

 private:
  template <bool kClamp>
  int64_t position(int64_t i) const {
    int64_t at = i / (suffix_ * points_) * block_ + i % suffix_;
    for (size_t k = 0; k < indices_.size(); ++k) {
      int64_t index = indices_[k].array.as<int64_t>()[point(i)];
      if (sizes_[k] == 0 || (!kClamp && (index < 0 || index >= sizes_[k]))) return -1;
      at += std::clamp(index, int64_t{0}, sizes_[k] - 1) * strides_[k];
    }
    return at;
  }

  std::span<const Value> indices_;
  std::vector<int64_t> sizes_, strides_;
  int64_t suffix_ = 1, block_ = 1, points_ = 1;
};

}  // namespace caten::evaluation
