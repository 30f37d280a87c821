#include "codegen/lower_put.hpp"

#include "codegen/statements.hpp"

namespace caten {
namespace {

class PutLowering : Statements {
 public:
  PutLowering(const Graph& graph, const Kernel& kernel, KernelValues& values, LoopNest& out)
      : graph_(graph), kernel_(kernel), values_(values), out_(out) {}

  void run() {
    const KernelPart& part = kernel_.parts[0];
    const Node& root = graph_[part.space.root];
    const auto& attributes = root.get<AccessAttributes>();
    NodeId x = root.operands[0], v = root.operands[1];
    const Shape& shape = root.type.shape;
    Body* copying = &out_.body;
    // Where the planner put the result into the target's memory, its elements are there already.
    const KernelLeaf* target = values_.leaf(x);
    if (target && target->same_place && target->location.offset == part.target->offset) {
      Scalar other = Scalar::of_integer(DType::kI64, 0);
      ValueId distinct = out_.add({.kind = ValueKind::kDistinct,
                                   .dtype = DType::kBool,
                                   .slot = values_.slot(target->location.buffer, graph_.type(x).dtype),
                                   .constant = other});
      copying = &when(*copying, distinct).body;
    }
    Index to;
    Body* body = loops(copying, shape, to, true);
    store(*body, part, values_.value(x, to), to);

    Index from;
    body = loops(&out_.body, graph_.type(v).shape, from);
    auto axis = static_cast<size_t>(attributes.axis);
    size_t indices = root.operands.size() - 2;
    size_t taken = graph_.type(root.operands[2]).shape.size();
    Index at(from.begin() + attributes.axis, from.begin() + attributes.axis + static_cast<std::ptrdiff_t>(taken));
    Index place(from.begin(), from.begin() + attributes.axis);
    ValueId condition;
    for (size_t k = 0; k < indices; ++k) {
      ValueId i = values_.value(root.operands[k + 2], at);
      const Dim& limit = shape[axis + k];
      std::optional<Dim> known = values_.as_index(i);
      if (known && values_.space().proves_nonnegative(*known) && values_.space().proves_below(*known, limit)) {
        place.push_back(*known);
        continue;
      }
      // In range where the store happens; a constant is clamped, for its product with a stride may not exist.
      ValueId safe = out_[i].kind == ValueKind::kConstant ? values_.clamp(i, limit) : i;
      place.push_back(Dim::symbol(reserved::value(safe.value)));
      ValueId inside = out_.add({.kind = ValueKind::kInRange, .dtype = DType::kBool, .operands = {i}, .index = limit});
      condition = condition.valid() ? values_.elementwise(Op::kAnd, {condition, inside}) : inside;
    }
    place.insert(place.end(), from.begin() + attributes.axis + static_cast<std::ptrdiff_t>(taken), from.end());
    if (condition.valid()) body = &when(*body, condition).body;
    ValueId what = values_.value(v, from);
    if (attributes.mode != Combine::kSet) {
      ValueId present = values_.load(0, part.target->offset + IndexSpace::linear(place, shape));
      body->push_back({.kind = StatementKind::kKeep, .value = present});  // after the stores before
      what = values_.elementwise(combining_op(attributes.mode), {present, what});
    }
    store(*body, part, what, place);
  }

 private:
  Body* loops(Body* into, const Shape& shape, Index& index, bool independent = false) {
    for (const Dim& extent : shape) {
      if (extent.is(1)) {
        index.emplace_back(0);
        continue;
      }
      index.push_back(values_.variable(extent));
      into = &loop_along(*into, index.back(), extent, independent);
    }
    return into;
  }

  void store(Body& into, const KernelPart& part, ValueId what, const Index& index) {
    const ValueType& type = graph_.type(part.space.root);
    into.push_back({.kind = StatementKind::kStore,
                    .value = what,
                    .slot = values_.target_slot(part),
                    .dtype = type.dtype,
                    .index = values_.element(*part.target, index, graph_.type(part.space.value).shape)});
  }

  const Graph& graph_;
  const Kernel& kernel_;
  KernelValues& values_;
  LoopNest& out_;
};

}  // namespace

void lower_put(const Graph& graph, const Kernel& kernel, KernelValues& values, LoopNest& out) {
  PutLowering(graph, kernel, values, out).run();
}

}  // namespace caten
