// Copies of the body of a loop in which its variables are replaced.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "ir/graph.hpp"

namespace caten::autodiff {

class Body {
 public:
  /// `outside`: what a value of outside the loop becomes.
  Body(Graph& graph, int level, std::function<NodeId(NodeId)> outside)
      : graph_(graph), level_(level), outside_(std::move(outside)) {}

  /// Variable 0 is the counter, k + 1 carry k.
  void replace(uint32_t index, NodeId by) { variables_[index] = by; }

  /// Loops inside have higher levels, so that none hides the variables, and a value is outside if no variable of this
  /// level or a higher one reaches it.
  NodeId operator()(NodeId root);

  /// The values from outside that the body uses, with what they became.
  const std::vector<std::pair<NodeId, NodeId>>& captured() const { return captured_; }
  bool has_if() const { return has_if_; }

 private:
  Graph& graph_;
  int level_;
  std::function<NodeId(NodeId)> outside_;
  bool has_if_ = false;
  std::map<uint32_t, NodeId> variables_;
  std::map<NodeId, NodeId> copies_;
  std::vector<std::pair<NodeId, NodeId>> captured_;
};

}  // namespace caten::autodiff
