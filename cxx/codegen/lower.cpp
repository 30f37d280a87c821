#include "codegen/lower.hpp"

#include <algorithm>
#include <cassert>
#include <map>

namespace caten {
namespace {

Op combining_op(Combine combine) {
  switch (combine) {
    case Combine::kAdd: return Op::kAdd;
    case Combine::kMul: return Op::kMul;
    case Combine::kMax: return Op::kMax;
    case Combine::kAnd: return Op::kAnd;
    case Combine::kXor: return Op::kXor;
    case Combine::kSet: break;
  }
  assert(false && "set combines nothing");
  return Op::kAdd;
}

class Lowering {
 public:
  Lowering(const Schedule& schedule, const Kernel& kernel)
      : graph_(schedule.graph), kernel_(kernel), space_(schedule.graph.dims) {}

  LoopNest run() {
    out_.slots.push_back({kernel_.target.buffer, graph_.type(kernel_.root).dtype, true});
    const Node& root = graph_[kernel_.root];
    if (root.is(Op::kReduce))
      lower_reduce(root);
    else if (root.is(Op::kPut))
      lower_put(root);
    else
      lower_map();
    for (const Dim& dividend : dividends(out_))
      if (!space_.proves_nonnegative(dividend)) out_.signed_dividends.push_back(dividend);
    return std::move(out_);
  }

 private:
  // Statements. `into` is the body that receives the next statement; loops and conditions descend into it.

  std::vector<Statement>* loop(std::vector<Statement>* into, const Dim& extent, Index& index,
                               bool independent = false) {
    if (extent.is(1)) {
      index.emplace_back(0);
      return into;
    }
    std::string name = reserved::variable(variables_++);
    space_.declare(name, extent);
    index.push_back(Dim::symbol(name));
    into->push_back({.kind = StatementKind::kLoop, .variable = name, .extent = extent, .independent = independent});
    return &into->back().body;
  }

  std::vector<Statement>* loops(std::vector<Statement>* into, const Shape& shape, Index& index,
                                bool independent = false) {
    for (const Dim& extent : shape) into = loop(into, extent, index, independent);
    return into;
  }

  static std::vector<Statement>* when(std::vector<Statement>* into, ValueId condition) {
    into->push_back({.kind = StatementKind::kIf, .value = condition});
    return &into->back().body;
  }

  void store(std::vector<Statement>* into, const Index& index, const Shape& shape, ValueId what) {
    into->push_back({.kind = StatementKind::kStore,
                     .value = what,
                     .dtype = out_.slots[0].dtype,
                     .index = kernel_.target.offset + IndexSpace::linear(index, shape)});
  }

  void lower_map() {
    // A copy and a reshape have their operand's elements in the same order; its own axes give simpler indices.
    NodeId root = kernel_.root;
    while ((graph_[root].is(Op::kCopy) || graph_[root].is(Op::kReshape)) && !leaf(root))
      root = graph_[root].operands[0];
    const Shape& shape = graph_.type(root).shape;
    Index index;
    std::vector<Statement>* body = loops(&out_.body, shape, index, true);
    store(body, index, shape, value(root, index));
  }

  void lower_reduce(const Node& root) {
    const auto& attributes = root.get<ReduceAttributes>();
    NodeId operand = root.operands[0];
    const Shape& shape = graph_.type(operand).shape;
    DType dtype = root.type.dtype;
    Index outer, full(shape.size());
    std::vector<Statement>* body = &out_.body;
    auto reduced = [&](size_t axis) {
      return std::find(attributes.axes.begin(), attributes.axes.end(), static_cast<int>(axis)) != attributes.axes.end();
    };
    for (size_t axis = 0; axis < shape.size(); ++axis)
      if (!reduced(axis)) {
        body = loop(body, shape[axis], outer, true);
        full[axis] = outer.back();
      }
    Index inner;
    Shape inner_shape;
    for (size_t axis = 0; axis < shape.size(); ++axis)
      if (reduced(axis)) inner_shape.push_back(shape[axis]);
    Dim count = element_count(inner_shape);
    body->push_back(
        {.kind = StatementKind::kDeclare, .value = initial(attributes.combine, dtype, count), .dtype = dtype});
    std::vector<Statement>* inside = body;
    for (size_t axis = 0; axis < shape.size(); ++axis)
      if (reduced(axis)) {
        inside = loop(inside, shape[axis], inner);
        full[axis] = inner.back();
      }
    ValueId element = value(operand, full);
    ValueId sum = out_.add({.kind = ValueKind::kAccumulator, .dtype = dtype});
    ValueId combined = elementwise(combining_op(attributes.combine), {sum, element});
    // The complex one is no identity for infinite parts: the first element stands for itself.
    if (is_complex(dtype) && attributes.combine == Combine::kMul)
      combined = select(is_zero(IndexSpace::linear(inner, inner_shape)), element, combined);
    inside->push_back({.kind = StatementKind::kSet, .value = combined, .dtype = dtype});
    store(body, outer, root.type.shape, sum);
  }

  /// Where an accumulator begins: at the identity. Sums of floats begin at -0, which every x leaves as it is, but for
  /// an empty sum, which is +0.
  ValueId initial(Combine combine, DType dtype, const Dim& count) {
    Scalar neutral = identity(combine, dtype);
    if (combine != Combine::kAdd || (!is_float(dtype) && !is_complex(dtype))) return constant(neutral);
    ValueId negative = constant(Scalar::of_complex(dtype, {-0.0, -0.0}));
    if (space_.proves_positive(count)) return negative;
    return select(is_zero(count), constant(neutral), negative);
  }

  void lower_put(const Node& root) {
    const auto& attributes = root.get<AccessAttributes>();
    NodeId x = root.operands[0], v = root.operands[1];
    const Shape& shape = root.type.shape;
    std::vector<Statement>* copying = &out_.body;
    // Where the planner put the result into the target's memory, its elements are there already.
    const KernelLeaf* target = leaf(x);
    if (target && target->same_place && target->location.offset == kernel_.target.offset) {
      Scalar other = Scalar::of_integer(DType::kI64, 0);
      copying = when(copying, out_.add({.kind = ValueKind::kDistinct,
                                        .dtype = DType::kBool,
                                        .slot = slot(target->location.buffer, graph_.type(x).dtype),
                                        .constant = other}));
    }
    Index to;
    std::vector<Statement>* body = loops(copying, shape, to, true);
    store(body, to, shape, value(x, to));

    Index from;
    body = loops(&out_.body, graph_.type(v).shape, from);
    auto axis = static_cast<size_t>(attributes.axis);
    size_t indices = root.operands.size() - 2;
    size_t taken = graph_.type(root.operands[2]).shape.size();
    Index at(from.begin() + attributes.axis, from.begin() + attributes.axis + static_cast<std::ptrdiff_t>(taken));
    Index place(from.begin(), from.begin() + attributes.axis);
    ValueId condition;
    for (size_t k = 0; k < indices; ++k) {
      ValueId i = value(root.operands[k + 2], at);
      const Dim& limit = shape[axis + k];
      std::optional<Dim> known = as_index(i);
      if (known && space_.proves_nonnegative(*known) && space_.proves_below(*known, limit)) {
        place.push_back(*known);
        continue;
      }
      // In range where the store happens; a constant is clamped, for its product with a stride may not exist.
      ValueId safe = out_[i].kind == ValueKind::kConstant ? clamp(i, limit) : i;
      place.push_back(Dim::symbol(reserved::value(safe.value)));
      ValueId inside = out_.add({.kind = ValueKind::kInRange, .dtype = DType::kBool, .operands = {i}, .index = limit});
      condition = condition.valid() ? elementwise(Op::kAnd, {condition, inside}) : inside;
    }
    place.insert(place.end(), from.begin() + attributes.axis + static_cast<std::ptrdiff_t>(taken), from.end());
    if (condition.valid()) body = when(body, condition);
    ValueId what = value(v, from);
    if (attributes.mode != Combine::kSet)
      what = elementwise(combining_op(attributes.mode),
                         {load(0, kernel_.target.offset + IndexSpace::linear(place, shape)), what});
    store(body, place, shape, what);
  }

  // Values.

  ValueId constant(const Scalar& scalar) {
    return out_.add({.kind = ValueKind::kConstant, .dtype = scalar.dtype(), .constant = scalar});
  }
  ValueId index_value(Dim index) {
    if (index.is_constant()) return constant(Scalar::of_integer(DType::kI64, index.constant()));
    return out_.add({.kind = ValueKind::kIndex, .dtype = DType::kI64, .index = std::move(index)});
  }
  ValueId load(uint32_t from, Dim index) {
    return out_.add(
        {.kind = ValueKind::kLoad, .dtype = out_.slots[from].dtype, .index = std::move(index), .slot = from});
  }
  ValueId select(ValueId condition, ValueId a, ValueId b) {
    return out_.add({.kind = ValueKind::kSelect, .dtype = out_[a].dtype, .operands = {condition, a, b}});
  }
  ValueId clamp(ValueId i, const Dim& limit) {
    return out_.add({.kind = ValueKind::kClamp, .dtype = DType::kI64, .operands = {i}, .index = limit});
  }
  ValueId is_zero(const Dim& dim) {
    return elementwise(Op::kEq, {index_value(dim), constant(Scalar::zero(DType::kI64))});
  }

  /// An index that a value stands for: i64 sums and products of indices and integers, as Dims do them (modulo 2^64).
  std::optional<Dim> as_index(ValueId id) const {
    const ScalarValue& value = out_[id];
    if (value.kind == ValueKind::kIndex) return value.index;
    if (value.kind == ValueKind::kConstant && value.dtype == DType::kI64) return Dim(value.constant.as_integer());
    return std::nullopt;
  }

  ValueId elementwise(Op op, std::vector<ValueId> operands) {
    DType from = out_[operands[0]].dtype;
    if (from == DType::kI64 && (op == Op::kAdd || op == Op::kMul)) {
      std::optional<Dim> x = as_index(operands[0]), y = as_index(operands[1]);
      if (x && y) {
        Dim result = op == Op::kAdd ? *x + *y : *x * *y;
        if (!result.overflowed()) return index_value(std::move(result));
      }
    }
    DType to = info(op).result == ResultRule::kBool ? DType::kBool : from;
    return out_.add(
        {.kind = ValueKind::kElementwise, .dtype = to, .from = from, .op = op, .operands = std::move(operands)});
  }

  uint32_t slot(BufferId buffer, DType dtype) {
    for (uint32_t i = 0; i < out_.slots.size(); ++i)
      if (out_.slots[i].buffer == buffer && out_.slots[i].dtype == dtype && !out_.slots[i].written) return i;
    out_.slots.push_back({buffer, dtype, false});
    return static_cast<uint32_t>(out_.slots.size() - 1);
  }

  const KernelLeaf* leaf(NodeId id) const {
    auto found = std::lower_bound(kernel_.leaves.begin(), kernel_.leaves.end(), id,
                                  [](const KernelLeaf& l, NodeId node) { return l.node < node; });
    return found != kernel_.leaves.end() && found->node == id ? &*found : nullptr;
  }

  /// Element `index` of a value. The depth of the recursion is bounded by the size of a kernel.
  ValueId value(NodeId id, const Index& index) {
    auto key = std::make_pair(id.value, index);
    if (auto known = known_.find(key); known != known_.end()) return known->second;
    ValueId made = compute(id, index);
    known_.emplace(std::move(key), made);
    return made;
  }

  ValueId compute(NodeId id, const Index& index) {
    const Node& node = graph_[id];
    if (const KernelLeaf* source = leaf(id)) {
      if (source->counter) return index_value(*source->counter);
      return load(slot(source->location.buffer, node.type.dtype),
                  source->location.offset + IndexSpace::linear(index, node.type.shape));
    }
    assert(node.kind == NodeKind::kOp && "a kernel reads a value that has no buffer");
    auto operand = [&](size_t i) { return value(node.operands[i], index); };
    switch (node.op) {
      case Op::kConst: return constant(node.get<ConstAttributes>().value);
      case Op::kIndex: return index_value(index[static_cast<size_t>(node.get<IndexAttributes>().axis)]);
      case Op::kIf: {
        ValueId condition = operand(0), a = operand(1);
        return select(condition, a, operand(2));
      }
      case Op::kCast: {
        ValueId x = operand(0);
        if (out_[x].dtype == node.type.dtype) return x;
        return out_.add({.kind = ValueKind::kCast, .dtype = node.type.dtype, .from = out_[x].dtype, .operands = {x}});
      }
      case Op::kBitcast: return bitcast(node, index);
      case Op::kReshape: {
        const Shape& from = graph_.type(node.operands[0]).shape;
        return value(node.operands[0], space_.reshape(index, node.type.shape, from));
      }
      case Op::kPermute: {
        const auto& axes = node.get<PermuteAttributes>().axes;
        Index from(index.size());
        for (size_t i = 0; i < axes.size(); ++i) from[static_cast<size_t>(axes[i])] = index[i];
        return value(node.operands[0], from);
      }
      case Op::kExpand: {
        const Shape& shape = graph_.type(node.operands[0]).shape;
        Index from = index;
        for (size_t i = 0; i < from.size(); ++i)
          if (shape[i].is(1)) from[i] = Dim(0);
        return value(node.operands[0], from);
      }
      case Op::kSlice: {
        const auto& ranges = node.get<SliceAttributes>().ranges;
        Index from;
        for (size_t i = 0; i < index.size(); ++i) from.push_back(ranges[i].start + index[i] * Dim(ranges[i].step));
        return value(node.operands[0], from);
      }
      case Op::kCopy: return operand(0);
      case Op::kTake: return take(node, index);
      default: break;
    }
    assert(is_elementwise(node.op) && "an op that is never inlined");
    std::vector<ValueId> operands;
    for (size_t i = 0; i < node.operands.size(); ++i) operands.push_back(operand(i));
    return elementwise(node.op, std::move(operands));
  }

  ValueId bitcast(const Node& node, const Index& index) {
    NodeId x = node.operands[0];
    DType from = graph_.type(x).dtype, to = node.type.dtype;
    if (from == to) return value(x, index);
    if (dtype_size(from) == dtype_size(to))
      return out_.add({.kind = ValueKind::kBitcast, .dtype = to, .from = from, .operands = {value(x, index)}});
    if (is_complex(from)) {
      Index whole(index.begin(), index.end() - 1);
      return out_.add(
          {.kind = ValueKind::kPart, .dtype = to, .from = from, .operands = {value(x, whole)}, .index = index.back()});
    }
    Index part = index;
    part.emplace_back(0);
    ValueId real = value(x, part);
    part.back() = Dim(1);
    return out_.add({.kind = ValueKind::kComplex, .dtype = to, .from = from, .operands = {real, value(x, part)}});
  }

  ValueId take(const Node& node, const Index& index) {
    const auto& attributes = node.get<AccessAttributes>();
    const Shape& shape = graph_.type(node.operands[0]).shape;
    auto axis = static_cast<size_t>(attributes.axis);
    size_t taken = graph_.type(node.operands[1]).shape.size();
    auto at_end = index.begin() + attributes.axis + static_cast<std::ptrdiff_t>(taken);
    Index at(index.begin() + attributes.axis, at_end), from(index.begin(), index.begin() + attributes.axis);
    ValueId empty;
    for (size_t k = 0; k + 1 < node.operands.size(); ++k) {
      const Dim& limit = shape[axis + k];
      ValueId i = value(node.operands[k + 1], at);
      std::optional<Dim> known = as_index(i);
      if (known && space_.proves_nonnegative(*known) && space_.proves_below(*known, limit)) {
        from.push_back(*known);
        continue;
      }
      i = clamp(i, limit);
      std::string name = reserved::value(i.value);
      space_.declare(name, limit);
      from.push_back(Dim::symbol(name));
      if (space_.proves_positive(limit)) continue;
      ValueId none = is_zero(limit);
      empty = empty.valid() ? select(empty, empty, none) : none;
    }
    from.insert(from.end(), at_end, index.end());
    ValueId element = value(node.operands[0], from);
    // There is nothing in an empty axis that an index could be clamped to.
    return empty.valid() ? select(empty, constant(Scalar::zero(node.type.dtype)), element) : element;
  }

  struct ByContent {
    bool operator()(const std::pair<uint32_t, Index>& a, const std::pair<uint32_t, Index>& b) const {
      if (a.first != b.first) return a.first < b.first;
      if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
      for (size_t i = 0; i < a.second.size(); ++i)
        if (int c = Dim::compare(a.second[i], b.second[i])) return c < 0;
      return false;
    }
  };

  const Graph& graph_;
  const Kernel& kernel_;
  IndexSpace space_;
  LoopNest out_;
  uint32_t variables_ = 0;
  std::map<std::pair<uint32_t, Index>, ValueId, ByContent> known_;
};

}  // namespace

LoopNest lower(const Schedule& schedule, const Kernel& kernel) { return Lowering(schedule, kernel).run(); }

}  // namespace caten
