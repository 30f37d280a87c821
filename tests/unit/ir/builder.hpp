// Short spellings for graphs and arrays in tests.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <initializer_list>
#include <limits>

#include "ir/evaluate.hpp"
#include "ir/storage.hpp"

namespace caten::testing {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

inline Datum read_datum(const char* text) {
  SourceMap sources;
  Result<Datum> datum = read_one(sources, sources.add("<test>", text));
  REQUIRE(datum.has_value());
  return *datum;
}

inline Dim sym(const char* name) { return Dim::symbol(name); }

/// An array of the dtype from numbers, each rounded once.
template <class T>
Array array(DType dtype, std::vector<int64_t> shape, std::initializer_list<T> values) {
  Array out = Array::zeros(dtype, std::move(shape));
  REQUIRE(out.elements() == static_cast<int64_t>(values.size()));
  size_t i = 0;
  for (T value : values) {
    Scalar scalar;
    if constexpr (std::is_same_v<T, std::complex<double>>)
      scalar = Scalar::of_complex(dtype, value);
    else if constexpr (std::is_floating_point_v<T>)
      scalar = Scalar::of_real(dtype, value);
    else if constexpr (std::is_unsigned_v<T>)
      scalar = Scalar::of_unsigned(dtype, value);
    else
      scalar = Scalar::of_integer(dtype, value);
    scalar.store(out.mutable_data() + dtype_size(dtype) * i++);
  }
  return out;
}
inline Array array(DType dtype, std::vector<int64_t> shape, std::initializer_list<double> values) {
  return array<double>(dtype, std::move(shape), values);
}
inline Array f32(std::vector<int64_t> shape, std::initializer_list<double> values) {
  return array<double>(DType::kF32, std::move(shape), values);
}
inline Array i64(std::vector<int64_t> shape, std::initializer_list<int64_t> values) {
  return array<int64_t>(DType::kI64, std::move(shape), values);
}

/// A graph under construction, with the arguments of its inputs.
struct Program {
  Graph graph;
  Arguments arguments;
  ResultBounds bounds;

  NodeId op(Op o, std::vector<NodeId> operands, Attributes attributes = {}, ValueType target = {}) {
    Result<NodeId> id = graph.make(o, std::move(operands), std::move(attributes), std::move(target));
    if (!id) FAIL(render(id.error(), SourceMap()));
    return *id;
  }
  NodeId input(Array value) {
    Shape shape;
    for (int64_t size : value.shape()) shape.push_back(Dim(size));
    NodeId id = graph.add_input("x" + std::to_string(graph.inputs.size()), {value.dtype(), shape});
    arguments.inputs.push_back(std::move(value));
    return id;
  }
  NodeId state(Array value) {
    Shape shape;
    for (int64_t size : value.shape()) shape.push_back(Dim(size));
    NodeId id = graph.add_state("s" + std::to_string(graph.states.size()), {value.dtype(), shape});
    arguments.states.push_back(std::move(value));
    return id;
  }
  NodeId constant(Scalar value, Shape shape = {}) {
    return op(Op::kConst, {}, ConstAttributes{value}, {value.dtype(), std::move(shape)});
  }
  NodeId integer(int64_t value) { return constant(Scalar::of_integer(DType::kI64, value)); }
  NodeId real(double value, Shape shape = {}) { return constant(Scalar::of_real(DType::kF32, value), shape); }
  NodeId cast(NodeId x, DType to) { return op(Op::kCast, {x}, {}, {to, {}}); }
  NodeId reshape(NodeId x, Shape shape) { return op(Op::kReshape, {x}, {}, {DType::kF32, std::move(shape)}); }
  NodeId expand(NodeId x, Shape shape) { return op(Op::kExpand, {x}, {}, {DType::kF32, std::move(shape)}); }
  NodeId reduce(Combine combine, NodeId x, std::vector<int> axes) {
    return op(Op::kReduce, {x}, ReduceAttributes{combine, std::move(axes)});
  }

  struct Loop {
    int level = 0;
    Dim count;
    NodeId runtime_count{};
    std::vector<NodeId> inits{}, nexts{};
    NodeId until{};
    std::vector<NodeId> collects{};
  };
  NodeId counter(int level) { return graph.add_bound(level, 0, {DType::kI64, {}}); }
  NodeId carry(int level, uint32_t k, ValueType type) { return graph.add_bound(level, k + 1, std::move(type)); }
  NodeId loop(const Loop& l) {
    LoopAttributes a{.level = l.level,
                     .count = l.count,
                     .runtime_count = l.runtime_count.valid(),
                     .carries = static_cast<uint32_t>(l.inits.size()),
                     .until = l.until.valid(),
                     .collects = static_cast<uint32_t>(l.collects.size())};
    std::vector<NodeId> operands;
    if (a.runtime_count) operands.push_back(l.runtime_count);
    operands.insert(operands.end(), l.inits.begin(), l.inits.end());
    operands.insert(operands.end(), l.nexts.begin(), l.nexts.end());
    if (a.until) operands.push_back(l.until);
    operands.insert(operands.end(), l.collects.begin(), l.collects.end());
    return op(Op::kLoop, operands, a);
  }
  NodeId result(NodeId loop_id, uint32_t index) { return *graph.make_result(loop_id, index); }

  void output(NodeId id) { graph.outputs.push_back({"y" + std::to_string(graph.outputs.size()), id}); }
  Results run(EvaluateOptions options = {}) {
    options.bounds = &bounds;
    Result<Results> results = evaluate(graph, arguments, options);
    if (!results) FAIL(render(results.error(), SourceMap()));
    return *results;
  }
  /// The value of one node.
  Array value(NodeId id) {
    graph.outputs.clear();
    output(id);
    return run().outputs[0];
  }
};

/// One op on arrays.
inline Array apply(Op o, std::vector<Array> operands, Attributes attributes = {}, ValueType target = {}) {
  Program p;
  std::vector<NodeId> ids;
  for (Array& operand : operands) ids.push_back(p.input(std::move(operand)));
  return p.value(p.op(o, ids, std::move(attributes), std::move(target)));
}

/// Same type and bits, all NaNs alike.
inline void check_same(const Array& found, const Array& expected) {
  Comparison comparison = compare(found, expected);
  CHECK_MESSAGE(comparison.ok(), comparison.first_wrong);
}

}  // namespace caten::testing
