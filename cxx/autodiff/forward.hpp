// Tangents, forwards over one scope: a program, or the body of a loop.
//
// In: tangents of some values. Out: the tangent of any value; an invalid one is zero, so that nothing is computed for
// what does not vary. A loop becomes one that carries tangents beside its carries.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "autodiff/rules.hpp"
#include "base/result.hpp"

namespace caten::autodiff {

class Forward {
 public:
  explicit Forward(Graph& graph) : build_(graph) {}

  void seed(NodeId id, NodeId tangent) { known_[id] = tangent; }
  NodeId tangent(NodeId id);

  /// The loop with the carries and collects of the tangents behind its own; itself, if nothing in it varies.
  NodeId extended(NodeId loop) { return extend(loop).loop; }
  /// Of the extended loop: where result `index` of the given one is found.
  uint32_t moved(NodeId loop, uint32_t index);
  NodeId result_tangent(NodeId loop, uint32_t index) { return extend(loop).tangents[index]; }

  /// What cannot be differentiated forwards, if there is any.
  const std::optional<Diagnostic>& problem() const { return problem_; }

 private:
  struct Extended {
    NodeId loop{};
    std::vector<NodeId> tangents{};  ///< of the results of the given loop
  };

  Forward(Forward& parent, uint64_t levels) : build_(parent.build_), parent_(&parent), levels_(levels) {}

  Graph& graph() const { return build_.graph(); }
  bool is_here(NodeId id) const { return !parent_ || (graph()[id].free_levels & levels_); }
  std::optional<NodeId> find(NodeId id);
  NodeId derive(NodeId id);
  NodeId region_tangent(NodeId id);
  const Extended& extend(NodeId loop);

  Build build_;
  Forward* parent_ = nullptr;
  uint64_t levels_ = 0;
  std::map<NodeId, NodeId> known_;
  std::map<NodeId, Extended> extended_;
  std::optional<Diagnostic> problem_;
};

}  // namespace caten::autodiff
