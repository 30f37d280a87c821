#include "schedule/grouping.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <set>

#include "schedule/hints.hpp"

namespace caten {
namespace {

constexpr size_t kMostNodes = 300;  ///< per kernel: bounds compile time
constexpr size_t kMostParts = 24;
constexpr int64_t kOneThread = 1 << 16;  ///< elements for which a kernel without rows may have several passes
constexpr size_t kNeighbours = 48;       ///< roots before a root that it is compared with

Dim variable(size_t k) { return Dim::symbol(reserved::variable(static_cast<uint32_t>(k))); }

bool mentions(const Dim& dim, size_t k) {
  std::set<std::string> names;
  dim.collect_symbols(names);
  return names.contains(reserved::variable(static_cast<uint32_t>(k)));
}

/// A fold whose operands are all read again for other elements of the result, as those of a matrix product are.
bool reuses_operands(const Part& part) {
  if (part.space.reduced.empty()) return false;
  size_t axes = part.space.outer.size() + part.space.reduced.size();
  for (const Read& read : part.reads.reads) {
    bool all = true;
    for (size_t k = 0; k < axes && all; ++k)
      all = std::any_of(read.index.begin(), read.index.end(), [&](const Dim& i) { return mentions(i, k); });
    if (all) return false;
  }
  return !part.reads.reads.empty();
}

Shape whole(const Space& space) {
  Shape out = space.outer;
  out.insert(out.end(), space.reduced.begin(), space.reduced.end());
  return out;
}

struct Pass {
  Shape space{};
  std::optional<size_t> kept{};  ///< axes that its folds leave
};

/// Passes and rows for the parts of a kernel, or why they cannot be one.
class Arrangement {
 public:
  explicit Arrangement(std::vector<Part> parts) { group_.parts = std::move(parts); }

  tl::expected<Group, Boundary> run() {
    std::sort(group_.parts.begin(), group_.parts.end(),
              [](const Part& a, const Part& b) { return a.space.root < b.space.root; });
    for (const Part& part : group_.parts)
      if (part.copies && is_read(part.space.root)) return tl::make_unexpected(Boundary::kCopy);
    size_t nodes = 0;
    for (size_t i = 0; i < group_.parts.size(); ++i) {
      nodes += group_.parts[i].reads.nodes;
      place(i);
      by_root_[group_.parts[i].space.root.value] = i;
    }
    if (nodes > kMostNodes || group_.parts.size() > kMostParts) return tl::make_unexpected(Boundary::kLarge);
    group_.passes = static_cast<uint32_t>(passes_.size());
    if (passes_.size() > 1)
      if (std::optional<Boundary> reason = find_rows()) return tl::make_unexpected(*reason);
    std::stable_sort(group_.parts.begin(), group_.parts.end(),
                     [](const Part& a, const Part& b) { return a.pass < b.pass; });
    return std::move(group_);
  }

 private:
  bool is_read(NodeId root) const {
    for (const Part& part : group_.parts)
      for (const Read& read : part.reads.reads)
        if (read.node == root) return true;
    return false;
  }

  void place(size_t i) {
    Part& part = group_.parts[i];
    for (uint32_t pass = 0; pass < passes_.size(); ++pass)
      if (joins(part, pass)) return;
    part.pass = static_cast<uint32_t>(passes_.size());
    part.everywhere = !folds(part);
    passes_.push_back({whole(part.space), {}});
    if (folds(part)) passes_.back().kept = part.space.outer.size();
  }

  static bool folds(const Part& part) { return part.folds; }

  bool joins(Part& part, uint32_t number) {
    Pass& pass = passes_[number];
    bool everywhere = false;
    if (folds(part)) {
      if (whole(part.space) != pass.space) return false;
      if (pass.kept && *pass.kept != part.space.outer.size()) return false;
    } else if (part.space.outer == pass.space && pass.kept != pass.space.size()) {
      everywhere = true;
    } else if (!pass.kept || part.space.outer != Shape(pass.space.begin(),
                                                       pass.space.begin() + static_cast<std::ptrdiff_t>(*pass.kept))) {
      return false;
    }
    for (const Read& read : part.reads.reads) {
      auto found = by_root_.find(read.node.value);
      if (found == by_root_.end()) continue;
      const Part& source = group_.parts[found->second];
      if (source.pass < number) continue;
      if (source.pass > number) return false;
      bool same = leading_variables(read) == read.index.size() && read.index.size() == source.space.outer.size();
      bool in_time = source.everywhere ? (everywhere || folds(part)) && source.space.outer == pass.space
                                       : !everywhere && !folds(part);
      if (!same || !in_time) return false;
    }
    part.pass = number;
    part.everywhere = everywhere;
    if (folds(part)) pass.kept = part.space.outer.size();
    return true;
  }

  std::optional<Boundary> find_rows() {
    size_t rows = SIZE_MAX;
    bool small = true;
    for (const Part& part : group_.parts) {
      if (folds(part) && !part.space.trailing) return Boundary::kColumns;
      if (reuses_operands(part)) return Boundary::kTiled;
      Dim elements = element_count(whole(part.space));
      small = small && elements.is_constant() && elements.constant() <= kOneThread;
      const Shape &first = group_.parts[0].space.outer, &outer = part.space.outer;
      size_t common = 0;
      while (common < std::min(first.size(), outer.size()) && first[common] == outer[common]) ++common;
      rows = std::min(rows, common);
    }
    if (rows == 0 && !small) return Boundary::kRows;
    for (const Part& part : group_.parts)
      for (const Read& read : part.reads.reads) {
        auto found = by_root_.find(read.node.value);
        if (found == by_root_.end() || group_.parts[found->second].pass == part.pass) continue;
        rows = std::min(rows, leading_variables(read));
      }
    if (rows == 0 && !small) return Boundary::kPlaces;
    group_.rows = rows;
    return std::nullopt;
  }

  Group group_;
  std::vector<Pass> passes_;
  std::map<uint32_t, size_t> by_root_;
};

class Grouper {
 public:
  Grouper(const Graph& graph, const Stops& stops, const std::set<uint32_t>& alone, bool together)
      : graph_(graph), stops_(stops), alone_(alone), together_(together) {}

  Grouping run(const std::vector<std::vector<NodeId>>& segments) {
    for (const std::vector<NodeId>& segment : segments) group_segment(segment);
    return std::move(out_);
  }

 private:
  void group_segment(const std::vector<NodeId>& roots) {
    groups_.clear();
    group_of_.clear();
    for (NodeId root : roots) {
      Part part{.space = space_of(graph_, root, stops_)};
      part.scatters = graph_[root].is(Op::kPut);
      part.folds = graph_[root].is(Op::kReduce);
      part.copies = graph_[root].is(Op::kCopy);
      part.everywhere = !part.folds;
      part.reads = reads_of(graph_, part.space, stops_);
      group_of_[root.value] = groups_.size();
      groups_.push_back({.parts = {std::move(part)}});
    }
    into_.resize(groups_.size());
    std::iota(into_.begin(), into_.end(), size_t{0});
    sources_.assign(groups_.size(), {});
    for (size_t i = 0; i < groups_.size(); ++i)
      for (const Read& read : groups_[i].parts[0].reads.reads)
        if (auto found = group_of_.find(read.node.value); found != group_of_.end() && found->second != i)
          sources_[i].push_back(found->second);
    for (NodeId root : roots) {
      std::vector<NodeId> sources;
      for (const Read& read : part_of(root).reads.reads)
        if (group_of_.contains(read.node.value)) sources.push_back(read.node);
      std::sort(sources.begin(), sources.end());
      sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
      for (size_t i = sources.size(); i-- > 0;)
        if (std::optional<Boundary> reason = merge(root, sources[i], false))
          out_.apart[{root.value, sources[i].value}] = *reason;
    }
    for (size_t i = 0; i < roots.size(); ++i)
      for (size_t k = i - std::min(i, kNeighbours); k < i; ++k)
        if (read_alike(part_of(roots[i]), part_of(roots[k]))) merge(roots[i], roots[k], true);
    emit();
  }

  const Part& part_of(NodeId root) const {
    for (const Part& part : groups_[group_of_.at(root.value)].parts)
      if (part.space.root == root) return part;
    assert(false && "a root without a part");
    return groups_[0].parts[0];
  }

  /// Whether both read the same elements at the same places of their loops.
  static bool read_alike(const Part& a, const Part& b) {
    for (const Read& x : a.reads.reads)
      for (const Read& y : b.reads.reads)
        if (x.node == y.node && !x.index.empty() && x.index == y.index) return true;
    return false;
  }

  /// Makes the groups of two roots one; `together`: only if that costs no further pass.
  std::optional<Boundary> merge(NodeId a, NodeId b, bool together) {
    size_t into = group_of_.at(a.value), from = group_of_.at(b.value);
    if (into == from) return std::nullopt;
    if (!together_) return Boundary::kOff;
    if (alone_.contains(a.value) || alone_.contains(b.value)) return Boundary::kLibrary;
    if (fences_of(graph_, a) != fences_of(graph_, b)) return Boundary::kHint;
    if (into > from) std::swap(into, from);
    const Group &x = groups_[into], &y = groups_[from];
    for (const Group* group : {&x, &y})
      for (const Part& part : group->parts)
        if (part.scatters) return Boundary::kScatter;
    if (between(into, from) || between(from, into)) return Boundary::kOrder;
    std::vector<Part> parts = x.parts;
    parts.insert(parts.end(), y.parts.begin(), y.parts.end());
    tl::expected<Group, Boundary> merged = Arrangement(std::move(parts)).run();
    if (!merged) return merged.error();
    if (together && merged->passes > std::max(x.passes, y.passes)) return Boundary::kPlaces;
    for (const Part& part : merged->parts) group_of_[part.space.root.value] = into;
    groups_[into] = std::move(*merged);
    groups_[from] = {};
    into_[from] = into;
    sources_[into].insert(sources_[into].end(), sources_[from].begin(), sources_[from].end());
    sources_[into] = sources_of(into);
    return std::nullopt;
  }

  /// The groups that a group reads, ascending.
  std::vector<size_t> sources_of(size_t group) const {
    std::vector<size_t> out = sources_[group];
    for (size_t& source : out) source = merged_into(source);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    std::erase(out, group);
    return out;
  }

  size_t merged_into(size_t group) const {
    while (into_[group] != group) group = into_[group];
    return group;
  }

  /// Whether `user` needs `source` through a third group. A root may read one of a larger number: nothing can be left
  /// out.
  bool between(size_t source, size_t user) {
    seen_.assign(groups_.size(), false);
    seen_[user] = true;
    pending_.clear();
    bool found = false;
    auto visit = [&](size_t of, bool directly) {
      for (size_t number : sources_[of]) {
        size_t group = merged_into(number);
        if (group == source) {
          found = found || !directly;
        } else if (!seen_[group]) {
          seen_[group] = true;
          pending_.push_back(group);
        }
      }
    };
    for (visit(user, true); !found && !pending_.empty();) {
      size_t group = pending_.back();
      pending_.pop_back();
      visit(group, false);
    }
    return found;
  }

  /// The groups of the segment, operands first; of those that are ready, the one with the first root.
  void emit() {
    std::vector<std::set<size_t>> waiting(groups_.size());
    std::set<size_t> open;
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (groups_[i].parts.empty()) continue;
      for (size_t source : sources_of(i)) waiting[i].insert(source);
      open.insert(i);
    }
    while (!open.empty()) {
      auto ready = std::find_if(open.begin(), open.end(), [&](size_t i) { return waiting[i].empty(); });
      assert(ready != open.end() && "kernels that wait for each other");
      size_t group = *ready;
      open.erase(ready);
      for (std::set<size_t>& rest : waiting) rest.erase(group);
      out_.groups.push_back(std::move(groups_[group]));
    }
    out_.ends.push_back(out_.groups.size());
  }

  const Graph& graph_;
  const Stops& stops_;
  const std::set<uint32_t>& alone_;
  bool together_;
  Grouping out_;
  std::vector<Group> groups_;  ///< by their first root; those that were merged away are empty
  std::map<uint32_t, size_t> group_of_;
  std::vector<size_t> into_;                  ///< of each group: the one that it was merged into, or itself
  std::vector<std::vector<size_t>> sources_;  ///< what a group reads, by numbers of before or after merging
  std::vector<bool> seen_;
  std::vector<size_t> pending_;
};

}  // namespace

size_t leading_variables(const Read& read) {
  size_t count = 0;
  while (count < read.index.size() && read.index[count] == variable(count)) ++count;
  return count;
}

std::string_view describe(Boundary boundary) {
  switch (boundary) {
    case Boundary::kScatter: return "a put writes where data decides";
    case Boundary::kCopy: return "a copy was asked for";
    case Boundary::kOrder: return "another kernel runs between them";
    case Boundary::kLoop: return "a loop runs between them";
    case Boundary::kLarge: return "the kernel would be too large";
    case Boundary::kColumns: return "a fold over leading axes runs across rows";
    case Boundary::kTiled: return "a fold that reads its operands again and again is tiled, not run row by row";
    case Boundary::kRows: return "they have no rows in common";
    case Boundary::kPlaces: return "it reads other places than those that are written";
    case Boundary::kHint: return "a schedule asks for kernels of its own";
    case Boundary::kLibrary: return "a library computes one of them";
    case Boundary::kOff: return "grouping is off";
  }
  return "";
}

Grouping group_roots(const Graph& graph, const std::vector<std::vector<NodeId>>& segments, const Stops& stops,
                     const std::set<uint32_t>& alone, bool together) {
  return Grouper(graph, stops, alone, together).run(segments);
}

}  // namespace caten
