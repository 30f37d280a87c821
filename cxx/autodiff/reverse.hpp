// Reverse accumulation over one scope: a program, or the body of a loop.
//
// In: values with their cotangents, and the targets to differentiate by. Out: the cotangents of the targets. The walk
// goes from users to operands in descending order of id, through values of the scope that depend on a target; it stops
// at targets. Loops must have been prepared: every carry is collected (prepare_loops).
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "autodiff/recomputation.hpp"
#include "autodiff/rules.hpp"

namespace caten::autodiff {

/// A copy of the program in which every loop with a differentiable result collects all its carries, after its own
/// collects, so that it can be run backwards.
Graph prepare_loops(const Graph& program);

class Reverse {
 public:
  /// `levels`: the bits of Node::free_levels that say that a value is of the scope: those of a loop's level and above;
  /// 0 for a program.
  explicit Reverse(Graph& graph, uint64_t levels = 0) : build_(graph), levels_(levels), again_(graph) {}

  Flows run(const std::vector<std::pair<NodeId, Flow>>& seeds, const std::vector<NodeId>& targets);

 private:
  Graph& graph() const { return build_.graph(); }
  void explore(const std::vector<std::pair<NodeId, Flow>>& seeds);
  void receive(NodeId id, const Flow& flow);
  void differentiate(NodeId id, const Flow& flow);
  void differentiate_region(NodeId id, const Flow& flow);
  void run_backwards(NodeId loop, const Flows& results);
  bool only_summed(NodeId id) const;

  Build build_;
  uint64_t levels_;
  Recomputation again_;  ///< what rules read
  std::set<NodeId> targets_;
  std::vector<NodeId> order_;  ///< the values between seeds and targets, ascending
  std::set<NodeId> varying_;   ///< those that depend on a target
  std::map<NodeId, std::vector<NodeId>> users_;
  std::map<NodeId, Flow> flows_;
  std::map<NodeId, Flows> loop_flows_;  ///< cotangents of the results of each loop
};

}  // namespace caten::autodiff
