#include "codegen/lower_put.hpp"

#include "codegen/merged_axes.hpp"
#include "codegen/statements.hpp"
#include "codegen/steps.hpp"

namespace caten {
namespace {

class PutLowering : Statements {
 public:
  PutLowering(const Graph& graph, const Kernel& kernel, KernelValues& values, LoopNest& out)
      : graph_(graph), kernel_(kernel), values_(values), out_(out) {}

  /// The axes of the loops that copy, and of those that store what is put.
  struct Axes {
    MergedAxes copied{}, stored{};
  };

  /// What a nest with a loop for each axis shows.
  Axes merged() const {
    std::vector<Dim> indices;
    std::vector<ValueId> wanted;
    collect(out_.body, indices, wanted);
    for (ValueId id : needed_values(out_, wanted)) indices.push_back(out_[id].index);
    const Node& root = graph_[kernel_.parts[0].space.root];
    return {merge(indices, copied_, without_ones(root.type.shape)),
            merge(indices, stored_, without_ones(graph_.type(root.operands[1]).shape))};
  }

  void run(const Axes& axes) {
    const Node& root = graph_[part().space.root];
    const Shape& shape = root.type.shape;
    Index to, from;
    Body& copying = present_already(out_.body);
    copy_element(*loops(&copying, shape, axes.copied, to, copied_, true), to);
    put_element(*loops(&out_.body, graph_.type(root.operands[1]).shape, axes.stored, from, stored_), from);
  }

  /// By many threads: what is put at one place of the other axes does not meet what is put at another one, so that each
  /// thread has such places, and puts there in the order of the elements.
  void run_by_places() {
    const Node& root = graph_[part().space.root];
    const Shape &shape = root.type.shape, &values = graph_.type(root.operands[1]).shape;
    auto axis = static_cast<size_t>(root.get<AccessAttributes>().axis);
    size_t indices = root.operands.size() - 2, taken = graph_.type(root.operands[2]).shape.size();
    Index to(shape.size()), from(values.size());
    Body* each = &out_.body;
    Dim places(1), place;
    for (size_t k = 0; k < shape.size(); ++k)
      if (k < axis || k >= axis + indices) places = places * shape[k];
    if (!places.is(1)) {
      place = values_.variable(places);
      each = &loop_along(*each, place, places, true);
    }
    for (size_t k = shape.size(); k-- > 0;) {
      if (k >= axis && k < axis + indices) continue;
      size_t same = k < axis ? k : k - indices + taken;
      to[k] = from[same] = place_along(*each, shape[k], place);
    }
    Body* copying = &present_already(*each);
    for (size_t k = axis; k < axis + indices; ++k) copying = &axis_loop(*copying, shape[k], to[k]);
    copy_element(*copying, to);
    for (size_t k = axis; k < axis + taken; ++k) each = &axis_loop(*each, values[k], from[k]);
    put_element(*each, from);
  }

 private:
  const KernelPart& part() const { return kernel_.parts[0]; }

  /// Where the planner put the result into the target's memory, its elements are there already.
  Body& present_already(Body& into) {
    NodeId x = graph_[part().space.root].operands[0];
    const KernelLeaf* target = values_.leaf(x);
    if (!target || !target->same_place || target->location.offset != part().target->offset) return into;
    ValueId distinct = out_.add({.kind = ValueKind::kDistinct,
                                 .dtype = DType::kBool,
                                 .slot = values_.slot(target->location.buffer, graph_.type(x).dtype),
                                 .constant = Scalar::of_integer(DType::kI64, 0)});
    return when(into, distinct).body;
  }

  /// The next axis, from the last one on, of the number of a place: what is left of it is the number along the others.
  Dim place_along(Body& into, const Dim& extent, Dim& place) {
    if (extent.is(1)) return Dim(0);
    Dim rest = values_.variable(extent), along = values_.variable(extent);
    bind(into, rest, floor_div(place, extent), Extent::kCount);
    bind(into, along, place - rest * extent, Extent::kCount);
    place = rest;
    return along;
  }

  Body& axis_loop(Body& into, const Dim& extent, Dim& index) {
    index = Dim(0);
    if (extent.is(1)) return into;
    index = values_.variable(extent);
    return loop_over_count(into, index, extent);
  }

  void copy_element(Body& into, const Index& to) {
    store(into, part(), values_.value(graph_[part().space.root].operands[0], to), to);
  }

  /// Stores, or combines with what is there, element `from` of what is put, if its place exists.
  void put_element(Body& into, const Index& from) {
    const Node& root = graph_[part().space.root];
    const auto& attributes = root.get<AccessAttributes>();
    const Shape& shape = root.type.shape;
    NodeId v = root.operands[1];
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
    Body& body = condition.valid() ? when(into, condition).body : into;
    ValueId what = values_.value(v, from);
    if (attributes.mode != Combine::kSet) {
      ValueId present = values_.load(0, values_.element(*part().target, place, shape));
      body.push_back({.kind = StatementKind::kKeep, .value = present});  // after the stores before
      what = values_.elementwise(combining_op(attributes.mode), {present, what});
    }
    store(body, part(), what, place);
  }

  Body* loops(Body* into, const Shape& shape, const MergedAxes& axes, Index& index, Index& variables,
              bool independent = false) {
    Index parts;
    for (const Shape& extents : axes) {
      Dim extent = element_count(extents);
      variables.push_back(values_.variable(extent));
      into = &loop_as(independent ? Extent::kAxis : Extent::kCount, *into, variables.back(), extent, independent);
      Index more = values_.parts_of(variables.back(), extents);
      parts.insert(parts.end(), more.begin(), more.end());
    }
    size_t next = 0;
    for (const Dim& extent : shape) index.push_back(extent.is(1) ? Dim(0) : parts[next++]);
    return into;
  }

  static void collect(const Body& body, std::vector<Dim>& indices, std::vector<ValueId>& wanted) {
    for (const Statement& statement : body) {
      if (statement.kind == StatementKind::kStore) indices.push_back(statement.index);
      if (statement.value.valid()) wanted.push_back(statement.value);
      for (ValueId id : values_in(statement.index)) wanted.push_back(id);
      collect(statement.body, indices, wanted);
    }
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
  Index copied_, stored_;  ///< variables of the loops
};

}  // namespace

void lower_put(const Schedule& schedule, const Kernel& kernel, KernelValues& values, LoopNest& out, bool by_threads) {
  const Graph& graph = schedule.graph;
  if (by_threads) return PutLowering(graph, kernel, values, out).run_by_places();
  const Node& root = graph[kernel.parts[0].space.root];
  PutLowering::Axes axes{apart(without_ones(root.type.shape)), apart(without_ones(graph.type(root.operands[1]).shape))};
  if (axes.copied.size() > 1 || axes.stored.size() > 1) {
    LoopNest nest;
    KernelValues probed(schedule, kernel, nest);
    PutLowering probe(graph, kernel, probed, nest);
    probe.run(axes);
    axes = probe.merged();
  }
  PutLowering(graph, kernel, values, out).run(axes);
}

}  // namespace caten
