#include "generate/ops.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace caten::generated {
namespace {

const std::vector<Combine> kPutModes = {Combine::kSet, Combine::kAdd, Combine::kMul, Combine::kMax};
const std::vector<Combine> kFolds = {Combine::kAdd, Combine::kMul, Combine::kMax, Combine::kAnd, Combine::kXor};

std::string row_name(Op op, Combine combine) { return fmt::format("{} {}", op_name(op), combine_name(combine)); }

/// Adds the outputs of a program, row by row and shape by shape.
class OpOutputs {
 public:
  OpOutputs(DType dtype, const std::vector<size_t>& rows) : dtype_(dtype) {
    for (size_t row : rows) wanted_.insert(op_rows()[row]);
    graph().dims.declare("N");
    graph().name = fmt::format("ops_{}", dtype_name(dtype));
    const Dim n = Dim::symbol("N");
    const auto edges = static_cast<int64_t>(edge_values(dtype).size());
    add_shape("scalar", {});
    add_shape("empty", {Dim(0), Dim(3)});
    add_shape("hollow", {Dim(0), Dim(0), Dim(2)});
    add_shape("one", {Dim(1)});
    add_shape("odd", {Dim(7), Dim(3)});
    add_shape("symbolic", {n, Dim(5)});
    add_shape("edges", {Dim(edges), Dim(edges)});
    add_views_of_operands();
  }

  OpProgram take() { return std::move(program_); }

 private:
  Graph& graph() { return program_.graph; }
  ValueType type(NodeId id) { return graph().type(id); }
  std::optional<NodeId> make(Op op, std::vector<NodeId> operands, Attributes attributes = {}, ValueType target = {}) {
    Result<NodeId> made = graph().make(op, std::move(operands), std::move(attributes), std::move(target));
    return made ? std::optional(*made) : std::nullopt;
  }
  bool wanted(std::string_view row) const { return wanted_.contains(std::string(row)); }
  void out(std::string_view row, std::optional<NodeId> id) {
    if (!id || !wanted(row)) return;
    const std::vector<std::string>& rows = op_rows();
    program_.rows.push_back(static_cast<size_t>(std::find(rows.begin(), rows.end(), row) - rows.begin()));
    program_.shapes.push_back(shape_name_);
    graph().outputs.push_back({fmt::format("y{}_{}", graph().outputs.size(), shape_name_), *id});
  }

  void add_shape(const std::string& name, const Shape& shape) {
    shape_name_ = name;
    const ValueType wanted_type{dtype_, shape};
    NodeId x = graph().add_input("x_" + name, wanted_type), y = graph().add_input("y_" + name, wanted_type);
    NodeId c = graph().add_input("c_" + name, {DType::kBool, shape});
    add_elementwise(x, y, c);
    add_conversions(x);
    out("copy", make(Op::kCopy, {x}, CopyAttributes{}));
    if (wanted("const")) out("const", make(Op::kConst, {}, ConstAttributes{Scalar::one(dtype_)}, wanted_type));
    add_folds(shape, x);
    out("reshape", make(Op::kReshape, {x}, {}, {dtype_, {element_count(shape)}}));
    if (wanted("loop")) add_loop(x, y);
    if (shape.empty()) return;
    add_views(shape, x);
    add_accesses(name, shape, x, y);
  }

  void add_elementwise(NodeId x, NodeId y, NodeId c) {
    for (const OpInfo& row : all_ops()) {
      if (!is_elementwise(row.op) || !wanted(row.name)) continue;
      std::vector<NodeId> operands{x};
      if (row.arity == 2) operands.push_back(y);
      out(row.name, make(row.op, operands));
    }
    out("if", make(Op::kIf, {c, x, y}));
  }

  void add_conversions(NodeId x) {
    for (DType to : all_dtypes()) {
      if (wanted("cast")) out("cast", make(Op::kCast, {x}, {}, {to, {}}));
      if (wanted("bitcast")) out("bitcast", make(Op::kBitcast, {x}, {}, {to, {}}));
    }
  }

  void add_folds(const Shape& shape, NodeId x) {
    std::vector<int> all;
    for (size_t axis = 0; axis < shape.size(); ++axis) all.push_back(static_cast<int>(axis));
    for (Combine combine : kFolds) {
      const std::string row = row_name(Op::kReduce, combine);
      if (!wanted(row)) continue;
      for (int axis : all) out(row, make(Op::kReduce, {x}, ReduceAttributes{combine, {axis}}));
      out(row, make(Op::kReduce, {x}, ReduceAttributes{combine, all}));
    }
  }

  void add_views(const Shape& shape, NodeId x) {
    PermuteAttributes reversed;
    for (size_t axis = shape.size(); axis-- > 0;) reversed.axes.push_back(static_cast<int>(axis));
    std::optional<NodeId> turned = make(Op::kPermute, {x}, reversed);
    out("permute", turned);
    out("reshape", make(Op::kReshape, {*turned}, {}, {dtype_, {element_count(shape)}}));
    Shape wider = shape;
    wider.insert(wider.begin() + 1, Dim(1));
    std::optional<NodeId> column = make(Op::kReshape, {x}, {}, {dtype_, wider});
    wider[1] = Dim(4);
    out("expand", make(Op::kExpand, {*column}, {}, {dtype_, wider}));
    SliceAttributes all, strided;
    for (const Dim& size : shape) {
      all.ranges.push_back({Dim(0), size, 1});
      strided.ranges.push_back({Dim(0), size, 2});
    }
    out("slice", make(Op::kSlice, {x}, strided));
    if (shape.back().is_constant() && shape.back().constant() > 0) {
      all.ranges.back() = {shape.back() - Dim(1), Dim(-1), -1};
      out("slice", make(Op::kSlice, {x}, all));
    }
    for (int axis = 0; dtype_ == DType::kI64 && axis < static_cast<int>(shape.size()); ++axis)
      out("index", make(Op::kIndex, {}, IndexAttributes{axis}, {DType::kI64, shape}));
  }

  void add_accesses(const std::string& name, const Shape& shape, NodeId x, NodeId y) {
    NodeId i = graph().add_input("i_" + name, {DType::kI64, {Dim(6)}});
    auto taken = [&](NodeId from, std::vector<NodeId> indices, int axis) {
      indices.insert(indices.begin(), from);
      return make(Op::kTake, indices, AccessAttributes{axis, Combine::kSet});
    };
    out("take", taken(x, {i}, 0));
    out("take", taken(x, {i}, static_cast<int>(shape.size()) - 1));
    std::optional<NodeId> values = taken(y, {i}, 0);
    for (Combine mode : kPutModes)
      out(row_name(Op::kPut, mode), make(Op::kPut, {x, *values, i}, AccessAttributes{0, mode}));
    if (shape.size() < 2) return;
    out("take", taken(x, {i, i}, 0));
    std::optional<NodeId> picked = taken(y, {i, i}, 0);
    for (Combine mode : kPutModes)
      out(row_name(Op::kPut, mode), make(Op::kPut, {x, *picked, i, i}, AccessAttributes{0, mode}));
  }

  /// Three turns that begin with x and go on with y; each is collected.
  void add_loop(NodeId x, NodeId y) {
    NodeId turn = graph().add_bound(0, 0, {DType::kI64, {}}), carried = graph().add_bound(0, 1, type(x));
    const Shape shape = type(x).shape;
    std::optional<NodeId> first = make(Op::kConst, {}, ConstAttributes{Scalar::one(DType::kI64)}, {DType::kI64, {}});
    std::optional<NodeId> now = make(Op::kLt, {turn, *first});
    std::optional<NodeId> one = make(Op::kReshape, {*now}, {}, {DType::kBool, Shape(shape.size(), Dim(1))});
    std::optional<NodeId> choice = make(Op::kExpand, {*one}, {}, {DType::kBool, shape});
    std::optional<NodeId> next = make(Op::kIf, {*choice, carried, y});
    std::optional<NodeId> loop =
        make(Op::kLoop, {x, *next, *next}, LoopAttributes{.count = Dim(3), .carries = 1, .collects = 1});
    for (uint32_t result = 0; loop && result < 2; ++result)
      if (Result<NodeId> read = graph().make_result(*loop, result)) out("loop", *read);
  }

  /// Operands that are repeated, and those that are read with large or negative steps.
  void add_views_of_operands() {
    shape_name_ = "broadcast";
    NodeId x = graph().add_input("x_broadcast", {dtype_, {Dim(7), Dim(1)}});
    NodeId y = graph().add_input("y_broadcast", {dtype_, {Dim(1), Dim(3)}});
    NodeId c = graph().add_input("c_broadcast", {DType::kBool, {Dim(7), Dim(3)}});
    std::optional<NodeId> column = make(Op::kExpand, {x}, {}, {dtype_, {Dim(7), Dim(3)}});
    std::optional<NodeId> row = make(Op::kExpand, {y}, {}, {dtype_, {Dim(7), Dim(3)}});
    add_elementwise(*column, *row, c);
    add_folds({Dim(7), Dim(3)}, *column);
    out("expand", column);
    out("expand", row);
    shape_name_ = "strided";
    NodeId wide = graph().add_input("x_strided", {dtype_, {Dim(5), Dim(513)}});
    NodeId other = graph().add_input("y_strided", {dtype_, {Dim(14), Dim(5)}});
    NodeId d = graph().add_input("c_strided", {DType::kBool, {Dim(14), Dim(5)}});
    std::optional<NodeId> sparse =
        make(Op::kSlice, {wide}, SliceAttributes{{{Dim(4), Dim(-1), -1}, {Dim(512), Dim(-1), -37}}});
    std::optional<NodeId> turned = make(Op::kPermute, {*sparse}, PermuteAttributes{{1, 0}});
    add_elementwise(*turned, other, d);
    add_folds({Dim(14), Dim(5)}, *turned);
    add_accesses("strided", {Dim(14), Dim(5)}, *turned, other);
    out("slice", sparse);
    out("permute", turned);
  }

  DType dtype_;
  std::set<std::string> wanted_;
  std::string shape_name_;
  OpProgram program_;
};

/// Every pair of edge values: of x by rows, of y by columns.
Array edge_pairs(DType dtype, bool by_rows) {
  const std::vector<Scalar> values = edge_values(dtype);
  const auto count = static_cast<int64_t>(values.size());
  Array out = Array::zeros(dtype, {count, count});
  for (int64_t i = 0; i < count * count; ++i)
    values[static_cast<size_t>(by_rows ? i / count : i % count)].store(out.mutable_data() +
                                                                       static_cast<size_t>(i) * dtype_size(dtype));
  return out;
}

std::vector<double> real_edges(DType part) {
  const FloatFormat& format = float_format(part);
  const double least_normal = std::ldexp(1.0, format.min_exponent);
  const double least = std::ldexp(least_normal, 1 - format.precision), step = std::ldexp(1.0, 1 - format.precision);
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> out = {std::numeric_limits<double>::quiet_NaN()};
  for (double value : {0.0, infinity, least, least_normal - least, least_normal, format.largest, 1.0, 1 + step,
                       1 - step / 2, 0.5, 1.5, 2.5, 3.140625, 127.0, 32768.0})
    for (double sign : {1.0, -1.0}) out.push_back(sign * value);
  return out;
}

DType part_of(DType dtype) {
  if (!is_complex(dtype)) return dtype;
  return dtype == DType::kC64 ? DType::kF32 : DType::kF64;
}

}  // namespace

const std::vector<std::string>& op_rows() {
  static const std::vector<std::string> rows = [] {
    std::vector<std::string> out;
    for (const OpInfo& op : all_ops()) {
      if (op.op == Op::kPut)
        for (Combine mode : kPutModes) out.push_back(row_name(op.op, mode));
      else if (op.op == Op::kReduce)
        for (Combine combine : kFolds) out.push_back(row_name(op.op, combine));
      else
        out.emplace_back(op.name);
    }
    return out;
  }();
  return rows;
}

OpProgram op_program(DType dtype, const std::vector<size_t>& rows) { return OpOutputs(dtype, rows).take(); }

Case op_case(const OpProgram& program, int64_t n, uint64_t seed) {
  Random random(seed);
  Case out{program.graph, {.sizes = {{"N", n}}}};
  for (const Graph::Input& input : out.graph.inputs) {
    const ValueType& type = out.graph.type(input.node);
    bool pairs = input.name == "x_edges" || input.name == "y_edges";
    out.arguments.inputs.push_back(pairs ? edge_pairs(type.dtype, input.name[0] == 'x')
                                         : random_array(random, type.dtype, concrete(type.shape, out.arguments.sizes)));
  }
  return out;
}

std::vector<Scalar> edge_values(DType dtype) {
  std::vector<Scalar> out;
  if (is_bool(dtype)) return {Scalar::of_bool(false), Scalar::of_bool(true)};
  if (is_integer(dtype)) {
    const double infinity = std::numeric_limits<double>::infinity();
    const Scalar least = Scalar::of_real(dtype, -infinity), largest = Scalar::of_real(dtype, infinity);
    for (int64_t value : {0, 1, 2, 3, 7, 64, 127, -1, -2, -7, -128}) out.push_back(Scalar::of_integer(dtype, value));
    out.insert(out.end(), {least, largest, Scalar::of_integer(dtype, least.as_integer() + 1),
                           Scalar::of_integer(dtype, largest.as_integer() - 1)});
    return out;
  }
  if (!is_complex(dtype)) {
    for (double value : real_edges(dtype)) out.push_back(Scalar::of_real(dtype, value));
    return out;
  }
  const std::vector<double> parts = real_edges(part_of(dtype));
  for (size_t i = 0; i < parts.size(); ++i)
    out.push_back(Scalar::of_complex(dtype, {parts[i], parts[(i * 7 + 3) % parts.size()]}));
  return out;
}

std::set<std::string> needed_ops(const Graph& graph) {
  std::set<std::string> out;
  for (NodeId id : graph.reachable()) {
    const Node& node = graph[id];
    if (node.kind != NodeKind::kOp) continue;
    size_t from = node.op == Op::kIf ? 1 : 0;
    DType dtype =
        node.operands.size() > from && node.op != Op::kLoop ? graph.type(node.operands[from]).dtype : node.type.dtype;
    auto add = [&](std::string_view row) { out.insert(fmt::format("{} {}", row, dtype_name(dtype))); };
    const Combine* combine = nullptr;
    if (node.op == Op::kReduce) combine = &std::get<ReduceAttributes>(node.attributes).combine;
    if (node.op == Op::kPut) combine = &std::get<AccessAttributes>(node.attributes).mode;
    if (!combine) {
      add(op_name(node.op));
      continue;
    }
    add(row_name(node.op, *combine));
    if (*combine != Combine::kSet) add(combine_name(*combine));
  }
  return out;
}

}  // namespace caten::generated
