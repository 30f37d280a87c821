// What the proposals of a list of instances would break, each as if it alone were committed (docs/consensus.md, 3.5),
// as nodes of a graph. Part of the lowering of consensual programs whose proposals compete.
//
// In: a rule's list, the targets of one proposal of each of its instances, a constraint. Out: the weight that is
// violated before and after it. Each instance of the constraint that a proposal touches is a lane: the first that it
// touches, the second, …, of columns that are known before.
#pragma once

#include "consensus/compiled/listed_rule.hpp"

namespace caten::consensus::compiled {

/// A constraint as the proposals of one rule meet it: for each lane the instance that a proposal touches, and its
/// cells.
struct Lane {
  Column touched{};                               ///< the number of the constraint's instance
  std::vector<Column> names{};                    ///< the indices of its scope
  std::vector<Column> scope{};                    ///< its cells, of the constraint's value
  std::vector<std::vector<Column>> references{};  ///< of each reference its cells
};

/// The cell that a proposal is for, and what it would hold.
struct TargetNodes {
  size_t value = 0;
  NodeId cell{};                   ///< i32
  std::vector<NodeId> elements{};  ///< in the value's dtype
};

/// How much a constraint is violated, i64, and where it would be although it is not now.
struct BreachNodes {
  NodeId before{}, after{}, worsened{};
};

/// Nothing, with an obstacle, where a predicate is not lowered.
BreachNodes lower_breach(const Instance& instance, const ConstraintInstance& constraint, const std::vector<Lane>& lanes,
                         const std::vector<TargetNodes>& targets, ListedRule& rule, const Build& build, ListNodes& list,
                         Obstacle& obstacle);

}  // namespace caten::consensus::compiled
