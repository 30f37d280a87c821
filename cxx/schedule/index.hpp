// Index arithmetic of kernels. An index is a Dim over sizes, variables of the loop nest and integers that the kernel
// computes (reserved names, see schedule/schedule.hpp); views are functions from indices to indices.
//
// Simplification uses what is known: a variable lies in 0 … extent - 1, sizes are not negative. Divisors are sizes of
// axes, so that they are positive wherever an index is evaluated at all.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/dim_env.hpp"

namespace caten {

using Index = std::vector<Dim>;

/// Variable k of a loop nest, as a size.
Dim loop_variable(size_t k);
/// Whether the index is just variable k.
bool is_loop_variable(const Dim& index, size_t k);

class IndexSpace {
 public:
  explicit IndexSpace(const DimEnv& dims) : dims_(dims) {}

  /// `name` takes the values 0 … extent - 1.
  void declare(const std::string& name, Dim extent) { extents_[name] = std::move(extent); }

  bool proves_nonnegative(const Dim& index) const;
  bool proves_below(const Dim& index, const Dim& limit) const;
  bool proves_positive(const Dim& size) const { return dims_.proves_le(Dim(1), size); }

  /// ⌊a/b⌋ and a mod b for b > 0.
  Dim divide(const Dim& a, const Dim& b) const;
  Dim modulo(const Dim& a, const Dim& b) const;

  /// Σ index · stride of a row-major array.
  static Dim linear(const Index& index, const Shape& shape);
  /// The index into `from` of the element that has `index` in `to`, both row-major with equally many elements.
  Index reshape(const Index& index, const Shape& to, const Shape& from) const;

 private:
  enum class Side : uint8_t { kLow, kHigh };
  /// A bound of the index over all its variables, as a size; nothing where it is not known.
  std::optional<Dim> bound(const Dim& index, Side side) const;
  std::optional<Dim> atom_bound(const Dim::Atom& atom, Side side) const;
  bool involves_variable(const Dim& dim) const;
  Index reshape_group(const Index& index, const Shape& to, const Shape& from) const;

  const DimEnv& dims_;
  std::map<std::string, Dim> extents_;
};

}  // namespace caten
