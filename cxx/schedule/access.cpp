#include "schedule/access.hpp"

#include <algorithm>
#include <deque>

#include "schedule/schedule.hpp"

namespace caten {
namespace {

bool reduces(const Node& node, size_t axis) {
  const auto& axes = node.get<ReduceAttributes>().axes;
  return std::find(axes.begin(), axes.end(), static_cast<int>(axis)) != axes.end();
}

/// Follows a value down to what it reads. The depth of the recursion is bounded by the size of a kernel.
class Walk {
 public:
  Walk(const Graph& graph, const Stops& stops) : graph_(graph), stops_(stops), space_(graph.dims) {}

  Reads run(const Space& space) {
    Index variables;
    auto declare = [&](const Shape& shape) {
      for (const Dim& extent : shape) {
        variables.push_back(loop_variable(variables.size()));
        space_.declare(*variables.back().as_symbol(), extent);
      }
    };
    declare(space.outer);
    declare(space.reduced);
    const Index& index = keep(space.index(graph_, variables));
    const Node& node = graph_[space.value];
    if (space.value != space.root)
      visit(space.value, index);
    else if (node.is(Op::kReduce))
      visit(node.operands[0], index);
    else
      expand(space.value, index);
    return std::move(out_);
  }

 private:
  const Index& keep(Index index) { return indices_.emplace_back(std::move(index)); }

  /// `index`: a kept one.
  void visit(NodeId id, const Index& index) {
    auto place = std::lower_bound(seen_.begin(), seen_.end(), id,
                                  [](const auto& visited, NodeId other) { return visited.first < other; });
    for (auto known = place; known != seen_.end() && known->first == id; ++known)
      if (known->second == &index || *known->second == index) return;
    seen_.insert(place, {id, &index});
    if (stops_(id)) {
      Index kept;
      const Shape& shape = graph_.type(id).shape;
      for (size_t i = 0; i < shape.size(); ++i)
        if (!shape[i].is(1)) kept.push_back(index[i]);
      out_.reads.push_back({id, std::move(kept)});
      return;
    }
    expand(id, index);
  }

  void expand(NodeId id, const Index& index) {
    const Node& node = graph_[id];
    ++out_.nodes;
    if (node.kind != NodeKind::kOp) return;
    switch (node.op) {
      case Op::kReshape:
      case Op::kPermute:
      case Op::kExpand:
      case Op::kSlice: return visit(node.operands[0], keep(through_view(graph_, space_, node, index)));
      case Op::kBitcast: return bitcast(node, index);
      case Op::kTake: return take(node, index);
      case Op::kPut: return put(node, index);
      default:
        for (NodeId operand : node.operands) visit(operand, index);
    }
  }

  void bitcast(const Node& node, const Index& index) {
    NodeId x = node.operands[0];
    DType from = graph_.type(x).dtype, to = node.type.dtype;
    if (dtype_size(from) == dtype_size(to)) return visit(x, index);
    if (is_complex(from)) return visit(x, keep(Index(index.begin(), index.end() - 1)));
    for (int64_t part = 0; part < 2; ++part) {
      Index at = index;
      at.emplace_back(part);
      visit(x, keep(std::move(at)));
    }
  }

  /// An index that data decides.
  Dim unknown(const Dim& limit) {
    std::string name = reserved::value(unknowns_++);
    space_.declare(name, limit);
    return Dim::symbol(name);
  }

  void take(const Node& node, const Index& index) {
    const auto& attributes = node.get<AccessAttributes>();
    const Shape& shape = graph_.type(node.operands[0]).shape;
    size_t taken = graph_.type(node.operands[1]).shape.size();
    auto begin = index.begin() + attributes.axis, end = begin + static_cast<std::ptrdiff_t>(taken);
    const Index& at = keep(Index(begin, end));
    Index from(index.begin(), begin);
    for (size_t k = 0; k + 1 < node.operands.size(); ++k) {
      visit(node.operands[k + 1], at);
      from.push_back(unknown(shape[static_cast<size_t>(attributes.axis) + k]));
    }
    from.insert(from.end(), end, index.end());
    visit(node.operands[0], keep(std::move(from)));
  }

  /// Only as a root: what it replaces, and what it writes somewhere.
  void put(const Node& node, const Index& index) {
    visit(node.operands[0], index);
    for (size_t i = 1; i < node.operands.size(); ++i) {
      Index from;
      for (const Dim& extent : graph_.type(node.operands[i]).shape) from.push_back(unknown(extent));
      visit(node.operands[i], keep(std::move(from)));
    }
  }

  const Graph& graph_;
  const Stops& stops_;
  IndexSpace space_;
  Reads out_;
  std::deque<Index> indices_;                          ///< all that were made
  std::vector<std::pair<NodeId, const Index*>> seen_;  ///< ascending by node
  uint32_t unknowns_ = 0;
};

}  // namespace

Dim element_of(const Schedule& schedule, const Kernel& kernel, const Location& at, const Index& index,
               const Shape& shape) {
  if (!schedule.buffers[at.buffer.value].scratch) return at.offset + IndexSpace::linear(index, shape);
  Index inside = index;
  Shape block = shape;
  size_t next = 0;
  for (size_t axis = 0; axis < shape.size() && next < kernel.blocks.size(); ++axis) {
    if (shape[axis].is(1)) continue;
    inside[axis] = index[axis] - kernel.blocks[next].begin;
    block[axis] = kernel.blocks[next++].count;
  }
  return at.offset + IndexSpace::linear(inside, block);
}

Shape without_ones(const Shape& shape) {
  Shape out;
  for (const Dim& dim : shape)
    if (!dim.is(1)) out.push_back(dim);
  return out;
}

Index Space::index(const Graph& graph, const Index& variables) const {
  const Node& node = graph[value];
  bool folds = node.is(Op::kReduce) && value == root;
  const Shape& shape = graph.type(folds ? node.operands[0] : value).shape;
  size_t next_outer = 0, next_reduced = outer.size();
  Index out;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis].is(1))
      out.emplace_back(0);
    else
      out.push_back(variables[folds && reduces(node, axis) ? next_reduced++ : next_outer++]);
  }
  return out;
}

Space space_of(const Graph& graph, NodeId root, const Stops& stops) {
  Space out{.root = root, .value = root};
  while ((graph[out.value].is(Op::kCopy) || graph[out.value].is(Op::kReshape)) &&
         (out.value == root || !stops(out.value)))
    out.value = graph[out.value].operands[0];
  out.outer = without_ones(graph.type(root).shape);
  // Only where its axes are the root's can both be read alike.
  if (without_ones(graph.type(out.value).shape) != out.outer) out.value = root;
  const Node& node = graph[root];
  if (!node.is(Op::kReduce)) return out;
  out.outer.clear();
  const Shape& shape = graph.type(node.operands[0]).shape;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis].is(1)) continue;
    bool folded = reduces(node, axis);
    if (!folded && !out.reduced.empty()) out.trailing = false;
    (folded ? out.reduced : out.outer).push_back(shape[axis]);
  }
  return out;
}

Reads reads_of(const Graph& graph, const Space& space, const Stops& stops) { return Walk(graph, stops).run(space); }

bool is_view(const Node& node) {
  return node.is(Op::kReshape) || node.is(Op::kPermute) || node.is(Op::kExpand) || node.is(Op::kSlice);
}

Index through_view(const Graph& graph, const IndexSpace& space, const Node& view, const Index& index) {
  const Shape& shape = graph.type(view.operands[0]).shape;
  if (view.is(Op::kReshape)) return space.reshape(index, view.type.shape, shape);
  Index out = index;
  if (view.is(Op::kPermute)) {
    const auto& axes = view.get<PermuteAttributes>().axes;
    for (size_t i = 0; i < axes.size(); ++i) out[static_cast<size_t>(axes[i])] = index[i];
  } else if (view.is(Op::kExpand)) {
    for (size_t i = 0; i < out.size(); ++i)
      if (shape[i].is(1)) out[i] = Dim(0);
  } else {
    const auto& ranges = view.get<SliceAttributes>().ranges;
    for (size_t i = 0; i < out.size(); ++i) out[i] = ranges[i].start + index[i] * Dim(ranges[i].step);
  }
  return out;
}

}  // namespace caten
