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
constexpr size_t kManyReaders = 16;      ///< of a scalar, that would all wait for what its kernel waits for

bool mentions(const Dim& dim, size_t k) {
  if (dim.is_constant() || is_loop_variable(dim, k)) return !dim.is_constant();
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

/// The shape of the part's loops, compared without being made.
bool whole_is(const Space& space, const Shape& shape) {
  return shape.size() == space.outer.size() + space.reduced.size() &&
         std::equal(space.outer.begin(), space.outer.end(), shape.begin()) &&
         std::equal(space.reduced.begin(), space.reduced.end(),
                    shape.begin() + static_cast<std::ptrdiff_t>(space.outer.size()));
}

struct Pass {
  Shape space{};
  std::optional<size_t> kept{};  ///< axes that its folds leave
};

/// A part, and where it would be in a kernel.
struct PlacedPart {
  Part* part = nullptr;
  uint32_t pass = 0;
  bool everywhere = false;
};

/// Passes and rows for the parts of a kernel, or why they cannot be one. The parts themselves stay as they are.
class Arrangement {
 public:
  explicit Arrangement(std::vector<Part*> parts) {
    std::sort(parts.begin(), parts.end(), [](const Part* a, const Part* b) { return a->space.root < b->space.root; });
    for (Part* part : parts) parts_.push_back({part});
  }

  std::optional<Boundary> find() {
    for (const PlacedPart& placed : parts_)
      if (placed.part->copies && is_read(placed.part->space.root)) return Boundary::kCopy;
    size_t nodes = 0;
    for (const PlacedPart& placed : parts_) nodes += placed.part->reads.nodes;
    if (nodes > kMostNodes || parts_.size() > kMostParts) return Boundary::kLarge;
    for (; placed_ < parts_.size(); ++placed_) place(parts_[placed_]);
    return passes_.size() > 1 ? find_rows() : std::nullopt;
  }

  uint32_t passes() const { return static_cast<uint32_t>(passes_.size()); }

  /// The kernel that `find` found, which takes the parts.
  Group group() {
    std::stable_sort(parts_.begin(), parts_.end(),
                     [](const PlacedPart& a, const PlacedPart& b) { return a.pass < b.pass; });
    Group out{.rows = rows_, .passes = passes()};
    out.parts.reserve(parts_.size());
    for (const PlacedPart& placed : parts_) {
      Part& part = out.parts.emplace_back(std::move(*placed.part));
      part.pass = placed.pass;
      part.everywhere = placed.everywhere;
    }
    return out;
  }

 private:
  bool is_read(NodeId root) const {
    for (const PlacedPart& placed : parts_)
      for (const Read& read : placed.part->reads.reads)
        if (read.node == root) return true;
    return false;
  }

  /// The part that computes a value, of those that are placed already.
  const PlacedPart* source_of(NodeId value) const {
    auto end = parts_.begin() + static_cast<std::ptrdiff_t>(placed_);
    auto found = std::lower_bound(parts_.begin(), end, value,
                                  [](const PlacedPart& placed, NodeId id) { return placed.part->space.root < id; });
    return found != end && found->part->space.root == value ? &*found : nullptr;
  }

  void place(PlacedPart& placed) {
    for (uint32_t pass = 0; pass < passes_.size(); ++pass)
      if (joins(placed, pass)) return;
    const Part& part = *placed.part;
    placed.pass = passes();
    placed.everywhere = !part.folds;
    passes_.push_back({whole(part.space), {}});
    if (part.folds) passes_.back().kept = part.space.outer.size();
  }

  bool joins(PlacedPart& placed, uint32_t number) {
    const Part& part = *placed.part;
    Pass& pass = passes_[number];
    bool everywhere = false;
    if (part.folds) {
      if (!whole_is(part.space, pass.space)) return false;
      if (pass.kept && *pass.kept != part.space.outer.size()) return false;
    } else if (part.space.outer == pass.space && pass.kept != pass.space.size()) {
      everywhere = true;
    } else if (!pass.kept || part.space.outer.size() != *pass.kept ||
               !std::equal(part.space.outer.begin(), part.space.outer.end(), pass.space.begin())) {
      return false;
    }
    for (const Read& read : part.reads.reads) {
      const PlacedPart* source = source_of(read.node);
      if (!source || source->pass < number) continue;
      if (source->pass > number) return false;
      const Shape& computed = source->part->space.outer;
      bool same = leading_variables(read) == read.index.size() && read.index.size() == computed.size();
      bool in_time =
          source->everywhere ? (everywhere || part.folds) && computed == pass.space : !everywhere && !part.folds;
      if (!same || !in_time) return false;
    }
    placed.pass = number;
    placed.everywhere = everywhere;
    if (part.folds) pass.kept = part.space.outer.size();
    return true;
  }

  std::optional<Boundary> find_rows() {
    size_t rows = SIZE_MAX;
    bool small = true;
    const Shape& first = parts_[0].part->space.outer;
    for (const PlacedPart& placed : parts_) {
      const Part& part = *placed.part;
      if (part.folds && !part.space.trailing) return Boundary::kColumns;
      if (reuses_operands(part)) return Boundary::kTiled;
      Dim elements = element_count(whole(part.space));
      small = small && elements.is_constant() && elements.constant() <= kOneThread;
      const Shape& outer = part.space.outer;
      size_t common = 0;
      while (common < std::min(first.size(), outer.size()) && first[common] == outer[common]) ++common;
      rows = std::min(rows, common);
    }
    if (rows == 0 && !small) return Boundary::kRows;
    for (const PlacedPart& placed : parts_)
      for (const Read& read : placed.part->reads.reads) {
        const PlacedPart* source = source_of(read.node);
        if (source && source->pass != placed.pass) rows = std::min(rows, leading_variables(read));
      }
    if (rows == 0 && !small) return Boundary::kPlaces;
    rows_ = rows;
    return std::nullopt;
  }

  std::vector<PlacedPart> parts_;  ///< ascending by root
  size_t placed_ = 0;              ///< how many of them have a pass
  std::vector<Pass> passes_;
  size_t rows_ = 0;
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
    groups_.reserve(roots.size());
    for (NodeId root : roots) {
      Group& group = groups_.emplace_back();
      Part& part = group.parts.emplace_back(Part{.space = space_of(graph_, root, stops_)});
      part.scatters = graph_[root].is(Op::kPut);
      part.folds = graph_[root].is(Op::kReduce);
      part.copies = graph_[root].is(Op::kCopy);
      part.everywhere = !part.folds;
      part.reads = reads_of(graph_, part.space, stops_);
      group_of_.emplace_hint(group_of_.end(), root.value, groups_.size() - 1);
    }
    readers_.assign(groups_.size(), 0);
    into_.resize(groups_.size());
    std::iota(into_.begin(), into_.end(), size_t{0});
    sources_.assign(groups_.size(), {});
    for (size_t i = 0; i < groups_.size(); ++i)
      for (const Read& read : groups_[i].parts[0].reads.reads)
        if (auto found = group_of_.find(read.node.value); found != group_of_.end() && found->second != i) {
          sources_[i].push_back(found->second);
          ++readers_[found->second];
        }
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
    merge_neighbours(roots);
    emit();
  }

  /// Roots that read the same are computed together where that costs no further pass.
  void merge_neighbours(const std::vector<NodeId>& roots) {
    std::map<uint32_t, std::vector<size_t>> readers;  // of each value: the roots that read it so far
    for (size_t i = 0; i < roots.size(); ++i) {
      std::vector<size_t> others;
      for (const Read& read : part_of(roots[i]).reads.reads) {
        std::vector<size_t>& known = readers[read.node.value];
        for (size_t k = known.size(); k-- > 0 && known[k] + kNeighbours >= i;) others.push_back(known[k]);
        if (known.empty() || known.back() != i) known.push_back(i);
      }
      std::sort(others.begin(), others.end());
      others.erase(std::unique(others.begin(), others.end()), others.end());
      std::erase(others, i);
      for (size_t k : others)
        if (read_alike(part_of(roots[i]), part_of(roots[k]))) merge(roots[i], roots[k], true);
    }
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
    Group &x = groups_[into], &y = groups_[from];
    for (const Group* group : {&x, &y})
      for (const Part& part : group->parts)
        if (part.scatters) return Boundary::kScatter;
    if (between(into, from) || between(from, into)) return Boundary::kOrder;
    if (awaited(into) != awaited(from)) return Boundary::kAwaited;
    std::vector<Part*> parts;
    for (Group* group : {&x, &y})
      for (Part& part : group->parts) parts.push_back(&part);
    Arrangement arrangement(std::move(parts));
    if (std::optional<Boundary> reason = arrangement.find()) return reason;
    if (together && arrangement.passes() > std::max(x.passes, y.passes)) return Boundary::kPlaces;
    for (const Part& part : y.parts) group_of_[part.space.root.value] = into;
    x = arrangement.group();
    y = {};
    into_[from] = into;
    sources_[into].insert(sources_[into].end(), sources_[from].begin(), sources_[from].end());
    sources_[into] = sources_of(into);
    readers_[into] += readers_[from];
    return std::nullopt;
  }

  /// Scalars that many kernels read, as whether the loss of a training step is finite: a kernel that computed them with
  /// something else would make all the others wait for it.
  bool awaited(size_t number) const {
    const Group& group = groups_[number];
    return readers_[number] >= kManyReaders && std::all_of(group.parts.begin(), group.parts.end(),
                                                           [](const Part& part) { return part.space.outer.empty(); });
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
  std::vector<size_t> readers_;               ///< of a group: reads by the roots of others, before merging
  std::vector<size_t> into_;                  ///< of each group: the one that it was merged into, or itself
  std::vector<std::vector<size_t>> sources_;  ///< what a group reads, by numbers of before or after merging
  std::vector<bool> seen_;
  std::vector<size_t> pending_;
};

}  // namespace

size_t leading_variables(const Read& read) {
  size_t count = 0;
  while (count < read.index.size() && is_loop_variable(read.index[count], count)) ++count;
  return count;
}

std::string_view describe(Boundary boundary) {
  switch (boundary) {
    case Boundary::kScatter: return "a put writes where data decides";
    case Boundary::kCopy: return "a copy was asked for";
    case Boundary::kOrder: return "another kernel runs between them";
    case Boundary::kAwaited: return "many kernels wait for the one, but not for the other";
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
