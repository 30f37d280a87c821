#include "codegen/values.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace caten {

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

KernelValues::KernelValues(const Schedule& schedule, const Kernel& kernel, LoopNest& out)
    : schedule_(schedule), graph_(schedule.graph), kernel_(kernel), out_(out), space_(schedule.graph.dims) {
  for (const KernelPart& part : kernel.parts) {
    if (!part.target) continue;
    Slot made{part.target->buffer, graph_.type(part.space.root).dtype, true};
    bool known = std::any_of(out_.slots.begin(), out_.slots.end(), [&](const Slot& other) {
      return other.buffer == made.buffer && other.dtype == made.dtype;
    });
    if (!known) out_.slots.push_back(made);
  }
}

Dim KernelValues::variable(const Dim& extent) {
  std::string name = reserved::variable(variables_++);
  space_.declare(name, extent);
  return Dim::symbol(name);
}

void KernelValues::enter_pass(uint32_t pass) {
  pass_ = pass;
  known_.clear();
}

void KernelValues::replace(const std::map<ValueId, ValueId>& loads) {
  for (auto entry = known_.begin(); entry != known_.end();) {
    auto found = loads.find(entry->second);
    if (found != loads.end())
      (entry++)->second = found->second;
    else
      entry = known_.erase(entry);
  }
}

ValueId KernelValues::own(const KernelPart& part, const Index& variables) {
  Index index = part.space.index(graph_, variables);
  const Node& node = graph_[part.space.value];
  if (part.space.value != part.space.root || node.kind != NodeKind::kOp) return value(part.space.value, index);
  return node.is(Op::kReduce) ? value(node.operands[0], index) : apply(part.space.root, index);
}

ValueId KernelValues::result(const KernelPart& part) {
  return out_.add(
      {.kind = ValueKind::kResult, .dtype = graph_.type(part.space.root).dtype, .slot = result_number(part)});
}

ValueId KernelValues::constant(const Scalar& scalar) {
  return out_.add({.kind = ValueKind::kConstant, .dtype = scalar.dtype(), .constant = scalar});
}

ValueId KernelValues::index_value(Dim index) {
  index = in_wholes(index, false);
  if (index.is_constant()) return constant(Scalar::of_integer(DType::kI64, index.constant()));
  return out_.add({.kind = ValueKind::kIndex, .dtype = DType::kI64, .index = std::move(index)});
}

ValueId KernelValues::load(uint32_t from, Dim index) {
  return out_.add({.kind = ValueKind::kLoad, .dtype = out_.slots[from].dtype, .index = std::move(index), .slot = from});
}

ValueId KernelValues::select(ValueId condition, ValueId a, ValueId b) {
  return out_.add({.kind = ValueKind::kSelect, .dtype = out_[a].dtype, .operands = {condition, a, b}});
}

ValueId KernelValues::multiply_add(ValueId x, ValueId y, ValueId z) {
  DType dtype = out_[z].dtype;
  return out_.add({.kind = ValueKind::kMultiplyAdd, .dtype = dtype, .from = dtype, .operands = {x, y, z}});
}

ValueId KernelValues::clamp(ValueId i, const Dim& limit) {
  return out_.add({.kind = ValueKind::kClamp, .dtype = DType::kI64, .operands = {i}, .index = limit});
}

ValueId KernelValues::is_zero(const Dim& dim) {
  return elementwise(Op::kEq, {index_value(dim), constant(Scalar::zero(DType::kI64))});
}

ValueId KernelValues::count(ValueId full, int64_t size, const Dim& rest) {
  return out_.add({.kind = ValueKind::kCount,
                   .dtype = DType::kI64,
                   .operands = {full},
                   .index = rest,
                   .constant = Scalar::of_integer(DType::kI64, size)});
}

std::optional<Dim> KernelValues::as_index(ValueId id) const {
  const ScalarValue& value = out_[id];
  if (value.kind == ValueKind::kIndex) return value.index;
  if (value.kind == ValueKind::kConstant && value.dtype == DType::kI64) return Dim(value.constant.as_integer());
  return std::nullopt;
}

namespace {

/// Integers wrap and sizes do not: a size times a large number is no index, as it may leave 64 bits.
bool fits_for_all_sizes(const Dim& index) {
  constexpr int64_t kMost = int64_t{1} << 32;
  if (index.overflowed()) return false;
  if (index.is_constant()) return true;
  const Dim::Terms terms = index.terms();
  return std::all_of(terms.begin(), terms.end(), [](const Dim::Term& term) {
    return term.factors.empty() || (term.coefficient <= kMost && term.coefficient >= -kMost);
  });
}

}  // namespace

bool KernelValues::is_negative_of(ValueId x, ValueId y) const {
  const ScalarValue& value = out_[x];
  if (value.kind != ValueKind::kElementwise || value.op != Op::kMul) return false;
  auto is_minus_one = [&](ValueId id) {
    return out_[id].kind == ValueKind::kConstant && is_float(out_[id].dtype) && out_[id].constant.as_real() == -1;
  };
  return (value.operands[0] == y && is_minus_one(value.operands[1])) ||
         (value.operands[1] == y && is_minus_one(value.operands[0]));
}

ValueId KernelValues::max_of_floats(ValueId x, ValueId y) {
  DType dtype = out_[x].dtype;
  auto is_number = [&](ValueId id) {
    if (out_[id].kind != ValueKind::kConstant) return false;
    double number = out_[id].constant.as_real();
    return number < 0 || number > 0;
  };
  if (is_negative_of(x, y)) return out_.add({.kind = ValueKind::kAbs, .dtype = dtype, .operands = {y}});
  if (is_negative_of(y, x)) return out_.add({.kind = ValueKind::kAbs, .dtype = dtype, .operands = {x}});
  if (is_number(x)) std::swap(x, y);
  ValueKind kind = is_number(y) ? ValueKind::kMaxNumber : ValueKind::kElementwise;
  return out_.add({.kind = kind, .dtype = dtype, .from = dtype, .op = Op::kMax, .operands = {x, y}});
}

std::optional<ValueId> KernelValues::negated(ValueId x) const {
  const ScalarValue& value = out_[x];
  if (value.kind != ValueKind::kElementwise || value.op != Op::kMul) return std::nullopt;
  for (size_t k = 0; k < 2; ++k)
    if (is_negative_of(x, value.operands[k])) return value.operands[k];
  return std::nullopt;
}

std::optional<ValueId> KernelValues::min_of_floats(ValueId x, ValueId y) {
  auto is_minus_one = [&](ValueId id) {
    return out_[id].kind == ValueKind::kConstant && out_[id].constant.as_real() == -1;
  };
  if (is_minus_one(x)) std::swap(x, y);
  if (!is_minus_one(y) || out_[x].kind != ValueKind::kMaxNumber) return std::nullopt;
  const Scalar& least = out_[out_[x].operands[1]].constant;
  std::optional<ValueId> inner = negated(out_[x].operands[0]);
  if (!inner) return std::nullopt;
  DType dtype = out_[x].dtype;
  ValueId most = constant(Scalar::of_real(dtype, -least.as_real()));
  return out_.add({.kind = ValueKind::kMinNumber, .dtype = dtype, .from = dtype, .operands = {*inner, most}});
}

namespace {

Scalar greatest(DType dtype) { return Scalar::of_real(dtype, std::numeric_limits<double>::infinity()); }

/// The integer that stands for -inf: all bits of its magnitude turned over.
Scalar order_of_minus_infinity(DType dtype) {
  constexpr float kNarrow = -std::numeric_limits<float>::infinity();
  constexpr double kWide = -std::numeric_limits<double>::infinity();
  return Scalar::of_integer(dtype, dtype == DType::kI32 ? std::bit_cast<int32_t>(kNarrow) ^ INT32_MAX
                                                        : std::bit_cast<int64_t>(kWide) ^ INT64_MAX);
}

}  // namespace

ValueId KernelValues::bits_of(ValueId x, DType dtype) {
  return out_.add({.kind = ValueKind::kBitcast, .dtype = dtype, .from = out_[x].dtype, .operands = {x}});
}

/// Of negative floats the larger ones have the smaller bits: all but the sign are turned over, and back again.
ValueId KernelValues::flip_if_negative(ValueId bits) {
  DType dtype = out_[bits].dtype;
  ValueId flipped = elementwise(Op::kXor, {bits, constant(greatest(dtype))});
  return select(elementwise(Op::kLt, {bits, constant(Scalar::zero(dtype))}), flipped, bits);
}

ValueId KernelValues::ordered(ValueId x) {
  DType dtype = out_[x].dtype == DType::kF32 ? DType::kI32 : DType::kI64;
  if (out_[x].kind == ValueKind::kConstant && out_[x].constant == identity(Combine::kMax, out_[x].dtype))
    return constant(order_of_minus_infinity(dtype));
  return select(elementwise(Op::kEq, {x, x}), flip_if_negative(bits_of(x, dtype)), constant(greatest(dtype)));
}

ValueId KernelValues::from_ordered(ValueId key, DType dtype) { return bits_of(flip_if_negative(key), dtype); }

ValueId KernelValues::elementwise(Op op, std::vector<ValueId> operands) {
  DType from = out_[operands[0]].dtype;
  if (op == Op::kMax && is_float(from)) return max_of_floats(operands[0], operands[1]);
  if (op == Op::kMul && is_float(from))
    if (std::optional<ValueId> smaller = min_of_floats(operands[0], operands[1])) return *smaller;
  if (from == DType::kI64 && (op == Op::kAdd || op == Op::kMul)) {
    std::optional<Dim> x = as_index(operands[0]), y = as_index(operands[1]);
    if (x && y) {
      Dim result = op == Op::kAdd ? *x + *y : *x * *y;
      if (fits_for_all_sizes(result)) return index_value(std::move(result));
    }
  }
  DType to = info(op).result == ResultRule::kBool ? DType::kBool : from;
  return out_.add(
      {.kind = ValueKind::kElementwise, .dtype = to, .from = from, .op = op, .operands = std::move(operands)});
}

Dim KernelValues::named(ValueId id, const Dim& limit) {
  std::string name = reserved::value(id.value);
  space_.declare(name, limit);
  return Dim::symbol(name);
}

Index KernelValues::parts_of(const Dim& whole, const Shape& extents) {
  if (extents.size() == 1) return {whole};
  for (const Whole& known : wholes_)
    if (known.variable == whole && known.extents == extents) return known.parts;
  Whole& made = wholes_.emplace_back(Whole{whole, extents});
  for (const Dim& extent : extents) {
    std::string name = reserved::part(parts_++);
    space_.declare(name, extent);
    made.parts.push_back(Dim::symbol(name));
  }
  return made.parts;
}

/// With the last part written as what is left of the whole, an index by the whole alone is free of the others.
std::optional<Dim> in_whole(const Dim& index, const Dim& whole, const Index& parts, const Shape& extents) {
  Dim last = whole, step(1);
  for (size_t k = parts.size() - 1; k-- > 0;) {
    step = step * extents[k + 1];
    last = last - parts[k] * step;
  }
  Dim out = index.substitute({{*parts.back().as_symbol(), last}});
  std::set<std::string> names;
  out.collect_symbols(names);
  for (size_t k = 0; k + 1 < parts.size(); ++k)
    if (names.contains(*parts[k].as_symbol())) return std::nullopt;
  return out;
}

Dim KernelValues::in_wholes(const Dim& index, bool all) const {
  Dim out = index;
  for (const Whole& whole : wholes_) {
    std::set<std::string> names;
    out.collect_symbols(names);
    if (std::none_of(whole.parts.begin(), whole.parts.end(),
                     [&](const Dim& part) { return names.contains(*part.as_symbol()); }))
      continue;
    if (std::optional<Dim> simple = in_whole(out, whole.variable, whole.parts, whole.extents)) {
      out = std::move(*simple);
      continue;
    }
    if (!all) continue;
    std::map<std::string, Dim> values;
    Dim rest = whole.variable;
    for (size_t k = whole.parts.size(); k-- > 0;) {
      values[*whole.parts[k].as_symbol()] = k == 0 ? rest : floor_mod(rest, whole.extents[k]);
      rest = floor_div(rest, whole.extents[k]);
    }
    out = out.substitute(values);
  }
  return out;
}

void KernelValues::leave_no_parts() {
  for (ScalarValue& value : out_.values) value.index = in_wholes(value.index);
}

Dim KernelValues::element(const Location& at, const Index& index, const Shape& shape) const {
  return in_wholes(element_of(schedule_, kernel_, at, index, shape));
}

Dim KernelValues::element_in_row(const Index& index, const Shape& shape) const {
  Index inside;
  Shape extents;
  size_t row = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis].is(1) || row++ < kernel_.rows) continue;
    inside.push_back(index[axis]);
    extents.push_back(shape[axis]);
  }
  return in_wholes(IndexSpace::linear(inside, extents));
}

Dim KernelValues::target_element(const KernelPart& part, const Index& variables) const {
  const Shape& shape = graph_.type(part.space.value).shape;
  Index index;
  size_t next = 0;
  for (const Dim& dim : shape) index.push_back(dim.is(1) ? Dim(0) : variables[next++]);
  return part.own_elements > 0 ? element_in_row(index, shape) : element(*part.target, index, shape);
}

uint32_t KernelValues::slot(BufferId buffer, DType dtype) {
  for (uint32_t i = 0; i < out_.slots.size(); ++i)
    if (out_.slots[i].buffer == buffer && out_.slots[i].dtype == dtype) return i;
  out_.slots.push_back({buffer, dtype, false});
  return static_cast<uint32_t>(out_.slots.size() - 1);
}

uint32_t KernelValues::own_row(const KernelPart& part) const {
  return static_cast<uint32_t>(
      std::count_if(kernel_.parts.data(), &part, [](const KernelPart& other) { return other.own_elements > 0; }));
}

uint32_t KernelValues::target_slot(const KernelPart& part) {
  return slot(part.target->buffer, graph_.type(part.space.root).dtype);
}

ValueId KernelValues::value(NodeId id, const Index& index) {
  auto key = std::make_pair(id.value, index);
  if (auto known = known_.find(key); known != known_.end()) return known->second;
  ValueId made = compute(id, index);
  known_.emplace(std::move(key), made);
  return made;
}

ValueId KernelValues::compute(NodeId id, const Index& index) {
  if (const KernelPart* part = kernel_.part_of(id); part && graph_[id].kind == NodeKind::kOp)
    return computed_part(*part, index);
  if (const KernelLeaf* source = leaf(id)) {
    if (source->counter) return index_value(*source->counter);
    const ValueType& type = graph_.type(id);
    return load(slot(source->location.buffer, type.dtype), element(source->location, index, type.shape));
  }
  return apply(id, index);
}

ValueId KernelValues::computed_part(const KernelPart& part, const Index& index) {
  bool folds = graph_[part.space.root].is(Op::kReduce);
  bool scalar = part.space.outer.size() == kernel_.rows && kernel_.passes > 1;
  if (part.pass == pass_ || scalar) return folds ? result(part) : apply(part.space.root, index);
  if (part.own_elements > 0)
    return out_.add({.kind = ValueKind::kAccumulator,
                     .dtype = graph_.type(part.space.root).dtype,
                     .index = element_in_row(index, graph_.type(part.space.root).shape),
                     .slot = own_row(part)});
  assert(part.target && part.pass < pass_ && "a pass reads what is not stored");
  return load(target_slot(part), element(*part.target, index, graph_.type(part.space.root).shape));
}

ValueId KernelValues::apply(NodeId id, const Index& index) {
  const Node& node = graph_[id];
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
    case Op::kReshape:
    case Op::kPermute:
    case Op::kExpand:
    case Op::kSlice: return value(node.operands[0], through_view(graph_, space_, node, index));
    case Op::kCopy: return operand(0);
    case Op::kTake: return take(node, index);
    default: break;
  }
  assert(is_elementwise(node.op) && "an op that is never inlined");
  std::vector<ValueId> operands;
  for (size_t i = 0; i < node.operands.size(); ++i) operands.push_back(operand(i));
  return node.contract ? sum_of(operands[0], operands[1]) : elementwise(node.op, std::move(operands));
}

ValueId KernelValues::sum_of(ValueId x, ValueId y) {
  DType dtype = out_[x].dtype;
  if (dtype == DType::kF32 || dtype == DType::kF64)
    for (auto [product, other] : {std::pair(x, y), std::pair(y, x)}) {
      const ScalarValue& value = out_[product];
      if (value.kind != ValueKind::kElementwise || value.op != Op::kMul) continue;
      // Exact without it.
      auto changes_sign = [&](ValueId factor) {
        return out_[factor].kind == ValueKind::kConstant && std::fabs(out_[factor].constant.as_real()) == 1;
      };
      if (changes_sign(value.operands[0]) || changes_sign(value.operands[1])) continue;
      return multiply_add(value.operands[0], value.operands[1], other);
    }
  return elementwise(Op::kAdd, {x, y});
}

ValueId KernelValues::bitcast(const Node& node, const Index& index) {
  NodeId x = node.operands[0];
  DType from = graph_.type(x).dtype, to = node.type.dtype;
  if (from == to) return value(x, index);
  if (dtype_size(from) == dtype_size(to))
    return out_.add({.kind = ValueKind::kBitcast, .dtype = to, .from = from, .operands = {value(x, index)}});
  if (is_complex(from)) {
    Index whole(index.begin(), index.end() - 1);
    return out_.add({.kind = ValueKind::kPart,
                     .dtype = to,
                     .from = from,
                     .operands = {value(x, whole)},
                     .index = in_wholes(index.back())});
  }
  Index part = index;
  part.emplace_back(0);
  ValueId real = value(x, part);
  part.back() = Dim(1);
  return out_.add({.kind = ValueKind::kComplex, .dtype = to, .from = from, .operands = {real, value(x, part)}});
}

ValueId KernelValues::take(const Node& node, const Index& index) {
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
    from.push_back(named(clamp(i, limit), limit));
    if (space_.proves_positive(limit)) continue;
    ValueId none = is_zero(limit);
    empty = empty.valid() ? select(empty, empty, none) : none;
  }
  from.insert(from.end(), at_end, index.end());
  ValueId element = value(node.operands[0], from);
  // There is nothing in an empty axis that an index could be clamped to.
  return empty.valid() ? select(empty, constant(Scalar::zero(node.type.dtype)), element) : element;
}

}  // namespace caten
