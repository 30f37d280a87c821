// The scalar values of one kernel: an element of a value of the graph, at an index, as an expression over loads.
//
// Views become index arithmetic here. What another part of the kernel computes is inlined where it is computed in the
// same pass, a scalar of the row that was named before, or a load of what an earlier pass stored.
#pragma once

#include <map>
#include <optional>

#include "codegen/loop_nest.hpp"

namespace caten {

Op combining_op(Combine combine);

/// An index over variables of the parts of an axis as one over the variable of the whole, if it is a function of that.
std::optional<Dim> in_whole(const Dim& index, const Dim& whole, const Index& parts, const Shape& extents);

class KernelValues {
 public:
  KernelValues(const Schedule& schedule, const Kernel& kernel, LoopNest& out);

  const IndexSpace& space() const { return space_; }
  const KernelLeaf* leaf(NodeId id) const { return kernel_.leaf_of(id); }
  /// A new variable from 0 below `extent`.
  Dim variable(const Dim& extent);

  /// Values from now on are those of a pass.
  void enter_pass(uint32_t pass);
  /// The index without variables of parts.
  Dim final_index(const Dim& index) const { return in_wholes(index); }
  /// From now on elements of what is read are these values, where they were others.
  void replace(const std::map<ValueId, ValueId>& loads);
  /// The element of a part (of a fold: the element that is folded in) at these variables of its loops.
  ValueId own(const KernelPart& part, const Index& variables);
  /// Element `index` of a value. The depth of the recursion is bounded by the size of a kernel.
  ValueId value(NodeId id, const Index& index);
  /// The scalar that a fold leaves.
  ValueId result(const KernelPart& part);
  uint32_t result_number(const KernelPart& part) const { return static_cast<uint32_t>(&part - kernel_.parts.data()); }

  ValueId constant(const Scalar& scalar);
  ValueId index_value(Dim index);
  ValueId load(uint32_t from, Dim index);
  ValueId select(ValueId condition, ValueId a, ValueId b);
  ValueId multiply_add(ValueId x, ValueId y, ValueId z);
  /// x + y, fused with a product that one of them is.
  ValueId sum_of(ValueId x, ValueId y);
  ValueId clamp(ValueId i, const Dim& limit);
  ValueId is_zero(const Dim& dim);
  /// How many elements a block has: `size` if it is full, else `rest`.
  ValueId count(ValueId full, int64_t size, const Dim& rest);
  /// An op of the operands, or what is the same and simpler.
  ValueId elementwise(Op op, std::vector<ValueId> operands);
  /// An integer of the size of a float, ordered as max orders floats: -0 below +0, NaN above all. And what it stands
  /// for.
  ValueId ordered(ValueId x);
  ValueId from_ordered(ValueId key, DType dtype);
  /// An index that a value stands for: i64 sums and products of indices and integers, as Dims do them (modulo 2^64).
  std::optional<Dim> as_index(ValueId id) const;
  /// An i64 from 0 below `limit`, to be used in indices.
  Dim named(ValueId id, const Dim& limit);
  /// Variables for the axes that one of these extents is made of, where its variable is `whole`: what they stand for is
  /// seen in indices only.
  Index parts_of(const Dim& whole, const Shape& extents);
  /// Values from now on are final: what was made only to become part of indices may still have variables of parts.
  void leave_no_parts();
  /// schedule/access.hpp: element_of
  Dim element(const Location& at, const Index& index, const Shape& shape) const;
  /// The element of its target that a part computes at these variables: of a fold, whatever the reduced ones are.
  Dim target_element(const KernelPart& part, const Index& variables) const;
  uint32_t slot(BufferId buffer, DType dtype);
  uint32_t target_slot(const KernelPart& part);
  /// The accumulator that has the row of a part in memory of the kernel: these are its first ones.
  uint32_t own_row(const KernelPart& part) const;

 private:
  /// An axis whose elements are numbered by one variable, and the variables that stand for its parts.
  struct Whole {
    Dim variable{};
    Shape extents{};
    Index parts{};
  };
  /// The index without variables of parts: of all, or of those that make it a function of their whole.
  Dim in_wholes(const Dim& index, bool all = true) const;

  /// The element of a row in memory of the kernel.
  Dim element_in_row(const Index& index, const Shape& shape) const;
  ValueId bits_of(ValueId x, DType dtype);
  ValueId flip_if_negative(ValueId bits);
  ValueId max_of_floats(ValueId x, ValueId y);
  bool is_negative_of(ValueId x, ValueId y) const;
  /// y, of an x that is -y.
  std::optional<ValueId> negated(ValueId x) const;
  /// The smaller of a value and a number, as the IR writes it: -max(-value, -number), of which x and y are the factors.
  std::optional<ValueId> min_of_floats(ValueId x, ValueId y);
  ValueId compute(NodeId id, const Index& index);
  ValueId computed_part(const KernelPart& part, const Index& index);
  ValueId apply(NodeId id, const Index& index);
  ValueId bitcast(const Node& node, const Index& index);
  ValueId take(const Node& node, const Index& index);

  struct ByContent {
    bool operator()(const std::pair<uint32_t, Index>& a, const std::pair<uint32_t, Index>& b) const {
      if (a.first != b.first) return a.first < b.first;
      if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
      for (size_t i = 0; i < a.second.size(); ++i)
        if (int c = Dim::compare(a.second[i], b.second[i])) return c < 0;
      return false;
    }
  };

  const Schedule& schedule_;
  const Graph& graph_;
  const Kernel& kernel_;
  LoopNest& out_;
  IndexSpace space_;
  uint32_t variables_ = 0, parts_ = 0;
  std::vector<Whole> wholes_;
  uint32_t pass_ = 0;
  std::map<std::pair<uint32_t, Index>, ValueId, ByContent> known_;
};

}  // namespace caten
