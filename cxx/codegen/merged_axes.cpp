#include "codegen/merged_axes.hpp"

#include <algorithm>

#include "codegen/steps.hpp"

namespace caten {
namespace {

/// Everything that is computed in a pass has the axes of its folds, if there are any; a pass may compute nothing.
const Space& space_of_pass(const Kernel& kernel, const Graph& graph, uint32_t pass) {
  const Space* first = nullptr;
  for (const KernelPart& part : kernel.parts) {
    if (part.pass != pass) continue;
    if (graph[part.space.root].is(Op::kReduce)) return part.space;
    if (!first) first = &part.space;
  }
  return first ? *first : kernel.parts[0].space;
}

size_t rows_of(const Kernel& kernel) { return kernel.passes > 1 ? kernel.rows : 0; }

PassAxes axes_as_they_are(const Kernel& kernel, const Space& space) {
  return {apart(space.outer), apart(space.reduced), rows_of(kernel)};
}

/// Whether all indices are functions of two neighbouring axes as of a single one.
bool are_one(const std::vector<Dim>& indices, const Dim& outer, const Dim& inner, const Dim& extent_of_inner) {
  const Dim whole = Dim::symbol(reserved::part(0));
  return std::all_of(indices.begin(), indices.end(), [&](const Dim& index) {
    return in_whole(index, whole, {outer, inner}, {Dim(1), extent_of_inner}).has_value();
  });
}

/// The loop nest's values without its loops: what indices grow with.
class Probe {
 public:
  Probe(const Schedule& schedule, const Kernel& kernel)
      : graph_(schedule.graph), kernel_(kernel), values_(schedule, kernel, nest_) {
    for (size_t k = 0; k < rows_of(kernel); ++k) rows_.push_back(values_.variable(kernel.parts[0].space.outer[k]));
    for (uint32_t pass = 0; pass < kernel.passes; ++pass) compute(pass);
    for (ValueId id : needed_values(nest_, wanted_))
      if (!nest_[id].index.is_constant()) indices_.push_back(nest_[id].index);
  }

  /// The axes of the parts: whether each is one with the axis before it.
  struct Joined {
    std::vector<bool> outer{}, reduced{};
  };
  Joined joined(uint32_t pass) const {
    const Space& space = space_of_pass(kernel_, graph_, pass);
    Joined out;
    for (size_t k = 0; k < space.outer.size(); ++k)
      out.outer.push_back(k > 0 && k != rows_of(kernel_) && one(pass, k, space.outer[k]));
    for (size_t k = 0; k < space.reduced.size(); ++k)
      out.reduced.push_back(k > 0 && one(pass, space.outer.size() + k, space.reduced[k]));
    return out;
  }

 private:
  void compute(uint32_t pass) {
    const Space& space = space_of_pass(kernel_, graph_, pass);
    Index variables = rows_;
    for (size_t k = rows_.size(); k < space.outer.size(); ++k) variables.push_back(values_.variable(space.outer[k]));
    for (const Dim& extent : space.reduced) variables.push_back(values_.variable(extent));
    values_.enter_pass(pass);
    for (const KernelPart& part : kernel_.parts) {
      if (part.pass != pass) continue;
      wanted_.push_back(values_.own(part, variables));
      if (part.target) indices_.push_back(values_.target_element(part, variables));
    }
    variables_.push_back(std::move(variables));
  }

  bool one(uint32_t pass, size_t k, const Dim& extent) const {
    return are_one(indices_, variables_[pass][k - 1], variables_[pass][k], extent);
  }

  const Graph& graph_;
  const Kernel& kernel_;
  LoopNest nest_;
  KernelValues values_;
  Index rows_;
  std::vector<Index> variables_;  ///< of each pass
  std::vector<ValueId> wanted_;
  std::vector<Dim> indices_;
};

MergedAxes joined_where(const Shape& extents, const std::vector<bool>& joined) {
  MergedAxes out;
  for (size_t k = 0; k < extents.size(); ++k) {
    if (!joined[k]) out.emplace_back();
    out.back().push_back(extents[k]);
  }
  return out;
}

}  // namespace

MergedAxes apart(const Shape& extents) {
  MergedAxes out;
  for (const Dim& extent : extents) out.push_back({extent});
  return out;
}

MergedAxes merge(const std::vector<Dim>& indices, const Index& variables, const Shape& extents) {
  std::vector<bool> joined(extents.size(), false);
  for (size_t k = 1; k < extents.size(); ++k) joined[k] = are_one(indices, variables[k - 1], variables[k], extents[k]);
  return joined_where(extents, joined);
}

Index PassAxes::of_parts(KernelValues& values, const Index& variables) const {
  Index out;
  for (size_t k = 0; k < variables.size(); ++k) {
    const Shape& extents = k < outer.size() ? outer[k] : reduced[k - outer.size()];
    Index parts = values.parts_of(variables[k], extents);
    out.insert(out.end(), parts.begin(), parts.end());
  }
  return out;
}

std::vector<PassAxes> merged_axes(const Schedule& schedule, const Kernel& kernel) {
  std::vector<PassAxes> out;
  bool several = false;
  for (uint32_t pass = 0; pass < kernel.passes; ++pass) {
    const Space& space = space_of_pass(kernel, schedule.graph, pass);
    out.push_back(axes_as_they_are(kernel, space));
    several = several || space.outer.size() > 1 || space.reduced.size() > 1;
  }
  if (!several || !kernel.blocks.empty() || kernel.hint) return out;
  Probe probe(schedule, kernel);
  std::vector<Probe::Joined> joined;
  for (uint32_t pass = 0; pass < kernel.passes; ++pass) joined.push_back(probe.joined(pass));
  // All passes share the rows.
  for (size_t k = 1; k < rows_of(kernel); ++k)
    for (const Probe::Joined& one : joined)
      if (!one.outer[k])
        for (Probe::Joined& other : joined) other.outer[k] = false;
  for (uint32_t pass = 0; pass < kernel.passes; ++pass) {
    const Space& space = space_of_pass(kernel, schedule.graph, pass);
    PassAxes& axes = out[pass];
    axes.outer = joined_where(space.outer, joined[pass].outer);
    axes.reduced = joined_where(space.reduced, joined[pass].reduced);
    for (size_t k = 1; k < rows_of(kernel); ++k) axes.rows -= joined[pass].outer[k] ? 1 : 0;
  }
  return out;
}

}  // namespace caten
