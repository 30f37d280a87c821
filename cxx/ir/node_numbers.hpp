// Numbers 0, 1, … for some nodes of a graph, in the order in which they are added. To forget them costs nothing, so
// that many small sets, one after the other, need no pass over the graph each.
#pragma once

#include "ir/graph.hpp"

namespace caten {

class NodeNumbers {
 public:
  explicit NodeNumbers(const Graph& graph) : numbers_(graph.size()) {}

  /// False if it has a number.
  bool add(NodeId id) {
    if (contains(id)) return false;
    numbers_[id.value] = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back(id);
    return true;
  }
  void clear() { nodes_.clear(); }

  bool contains(NodeId id) const {
    uint32_t number = numbers_[id.value];
    return number < nodes_.size() && nodes_[number] == id;
  }
  uint32_t operator[](NodeId id) const { return numbers_[id.value]; }  ///< of one that has a number
  size_t size() const { return nodes_.size(); }
  const std::vector<NodeId>& nodes() const { return nodes_; }

 private:
  std::vector<uint32_t> numbers_;  ///< by node; anything for one without a number
  std::vector<NodeId> nodes_;      ///< by number
};

}  // namespace caten
