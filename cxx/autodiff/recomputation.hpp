// What is computed a second time for the way back, because a checkpoint region says that its values are not to be kept.
//
// The copies begin at copies of the region's arguments (op `copy`), which no pass takes away: so they are other nodes
// than those of the first time, and neither hash-consing nor rewriting makes them one. They are added when the way back
// reaches the region, and kernels run in the order of their nodes. An argument that is an input or a state is there
// anyway and is copied only if all are; so what depends on weights alone is computed once.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "ir/build.hpp"

namespace caten::autodiff {

class Recomputation {
 public:
  explicit Recomputation(Graph& graph) : build_(graph) {}

  /// A checkpoint region; inner regions first.
  void add(NodeId region);
  /// The value again, or itself if no region holds it.
  NodeId operator()(NodeId id);

 private:
  struct Segment {
    NodeId region{};
    std::set<NodeId> inside{};
    std::set<NodeId> copied{};  ///< arguments that recomputation begins at
    std::map<NodeId, NodeId> again{};
    int parent = -1;
  };

  NodeId value(int segment, NodeId id);
  NodeId copy(int segment, NodeId root);
  NodeId from_outside(int segment, NodeId id);

  Build build_;
  std::vector<Segment> segments_;
  std::map<NodeId, int> innermost_;
};

}  // namespace caten::autodiff
