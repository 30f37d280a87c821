// Which roots of a scope are computed by one kernel.
//
// A kernel is a list of passes inside loops over rows. A pass runs over one space; all that it computes shares those
// loops: values of the whole space, folds over its last axes, and values of the axes that remain (epilogues). A later
// pass may read what an earlier one computed for the same row, which is still in the cache. So softmax is one kernel of
// three passes over each row; a fold with what is done to its result is one pass.
//
// Decided by pairs, from operands to users: two groups become one if a value of one reads a value of the other, or both
// read the same elements, and every read inside the kernel is either of the same element in one pass, or of the same
// row in an earlier one. Where that fails, the reason is one of Boundary.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "schedule/access.hpp"
#include "schedule/schedule.hpp"

namespace caten {

/// A root as a part of a kernel.
struct Part {
  Space space{};
  Reads reads{};
  bool folds = false;       ///< a reduce
  bool scatters = false;    ///< a put: a kernel of its own
  bool copies = false;      ///< a copy: in memory before anything reads it
  bool everywhere = false;  ///< computed for the whole space of its pass, not after its folds
  uint32_t pass = 0;
};

struct Group {
  std::vector<Part> parts{};  ///< ascending by pass, then by root
  size_t rows = 0;            ///< leading axes that are outside all passes
  uint32_t passes = 1;
};

struct Grouping {
  std::vector<Group> groups{};  ///< segment by segment, in an order in which they can run
  std::vector<size_t> ends{};   ///< of each segment: how many groups are in it and before it
  /// Why two roots (reader, read) are in different groups.
  std::map<std::pair<uint32_t, uint32_t>, Boundary> apart{};
};

/// `segments`: roots, ascending, cut where a loop runs between them. Each of `alone` is a group of its own, and
/// unless `together` all are.
Grouping group_roots(const Graph& graph, const std::vector<std::vector<NodeId>>& segments, const Stops& stops,
                     const std::set<uint32_t>& alone = {}, bool together = true);

/// How many leading axes of `read` are the variables of its reader, in order.
size_t leading_variables(const Read& read);

}  // namespace caten
