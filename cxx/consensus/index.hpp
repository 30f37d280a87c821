// Index expressions and references with all parameters known: from numbers for their names to cells.
//
// A reference has a fixed number of positions, whatever the cell that it is seen from: an affine subscript one, `*` and
// a range as many as the axis is long (outside of the range they are absent), a region as many as it has cells. The
// positions are in row-major order of the subscripts.
#pragma once

#include <functional>
#include <span>

#include "base/result.hpp"
#include "consensus/program.hpp"
#include "ir/array.hpp"

namespace caten::consensus {

/// No cell here: outside of the grid, of a range or of a condition.
inline constexpr int64_t kAbsent = -1;
/// Outside of a grid whose border is a constant.
inline constexpr int64_t kPadded = -2;

/// An affine index whose names are numbered.
struct BoundAffine {
  struct Term {
    int64_t coefficient = 1;
    size_t slot = 0;  ///< of a name; of a quotient its number in `quotients`
    bool quotient = false;
  };
  struct Division {
    int64_t divisor = 1;
    bool remainder = false;
    size_t dividend = 0;  ///< its number in `parts`
  };
  struct Sum {
    std::vector<Term> terms{};
    int64_t constant = 0;
  };
  std::vector<Division> quotients{};
  std::vector<Sum> parts{};  ///< the last one is the whole

  /// Nothing if it leaves 64 bits.
  std::optional<int64_t> at(std::span<const int64_t> names) const;
  /// Of no name.
  std::optional<int64_t> constant() const;
};

/// The integers that stand for data: elements of tensors and of values. Nothing for what is not committed.
using Contents = std::function<std::optional<int64_t>(size_t value, int64_t cell)>;

struct BoundSubscript {
  enum class Form : uint8_t { kAffine, kAll, kRange, kRegion, kTensor, kValue };
  Form form = Form::kAll;
  BoundAffine first{};          ///< of kRange its begin, of kTensor and kValue the index into it
  BoundAffine last{};           ///< of kRange
  std::vector<int64_t> area{};  ///< of kRegion: its cells over `axes` axes, ascending
  size_t axes = 1;              ///< how many axes of the value it stands for
  Array tensor{};               ///< of kTensor
  size_t value = 0;             ///< of kValue
};

struct BoundReference {
  size_t value = 0;
  std::vector<int64_t> sizes{};  ///< of the value's axes
  std::vector<BoundSubscript> subscripts{};
  Border::Form border = Border::Form::kClip;

  size_t positions() const;
  /// Exactly one, whatever the names are.
  bool single() const;
  /// Where it is single: the cell, kAbsent or kPadded.
  int64_t cell(std::span<const int64_t> names, const Contents* contents) const;
  /// Of each position the cell, kAbsent or kPadded.
  void for_each(std::span<const int64_t> names, const Contents* contents,
                const std::function<void(int64_t cell)>& visit) const;
};

/// Of a cell its place on each axis, and back.
std::vector<int64_t> coordinates(int64_t cell, std::span<const int64_t> sizes);
int64_t flat(std::span<const int64_t> place, std::span<const int64_t> sizes);

}  // namespace caten::consensus
