// Every op on every dtype and class of shape, compiled and compared with the reference: one program per dtype, so that
// the compiler runs once for all its ops.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "driver/session.hpp"
#include "generate.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

using generated::Random;

/// All ops that take a dtype, each as outputs over each class of shape.
class OpTable {
 public:
  explicit OpTable(DType dtype) : dtype_(dtype) {
    graph_.dims.declare("N");
    graph_.name = fmt::format("ops_{}", dtype_name(dtype));
    Dim n = Dim::symbol("N");
    add_shape("scalar", {});
    add_shape("empty", {Dim(0), Dim(3)});
    add_shape("hollow", {Dim(0), Dim(0), Dim(2)});
    add_shape("one", {Dim(1)});
    add_shape("odd", {Dim(7), Dim(3)});
    add_shape("symbolic", {n, Dim(5)});
  }

  /// Compares all outputs for one size of N; the number of cases, or a failure.
  int check(const generated::Runner& run, int64_t n, uint64_t seed) {
    Random random(seed);
    generated::Case program{graph_, {.sizes = {{"N", n}}}};
    for (const Graph::Input& input : graph_.inputs)
      program.arguments.inputs.push_back(generated::random_array(
          random, graph_.type(input.node).dtype, concrete(graph_.type(input.node).shape, program.arguments.sizes)));
    generated::Verdict verdict = generated::check(program, run);
    if (!verdict.ok()) {
      generated::Case smaller = generated::shrink(program, run);
      FAIL_CHECK(dtype_name(dtype_), ": ", verdict.message, " (", graph_.outputs[verdict.first_wrong].name, ")\n",
                 generated::describe(smaller));
    }
    for (size_t i = 0; i < verdict.max_ulp.size(); ++i) {
      // "odd_exp2_17" is exp2.
      const std::string& name = graph_.outputs[i].name;
      size_t begin = name.find('_') + 1;
      double& worst = max_ulp[name.substr(begin, name.rfind('_') - begin)];
      worst = std::max(worst, verdict.max_ulp[i]);
    }
    return static_cast<int>(graph_.outputs.size());
  }

  std::map<std::string, double> max_ulp;  ///< by op

 private:
  std::optional<NodeId> make(Op op, std::vector<NodeId> operands, Attributes attributes = {}, ValueType target = {}) {
    Result<NodeId> made = graph_.make(op, std::move(operands), std::move(attributes), std::move(target));
    return made ? std::optional(*made) : std::nullopt;
  }
  void out(const std::string& name, std::optional<NodeId> id) {
    if (id) graph_.outputs.push_back({fmt::format("{}_{}", name, graph_.outputs.size()), *id});
  }

  void add_shape(const std::string& name, const Shape& shape) {
    ValueType type{dtype_, shape};
    NodeId x = graph_.add_input("x_" + name, type), y = graph_.add_input("y_" + name, type);
    NodeId c = graph_.add_input("c_" + name, {DType::kBool, shape});
    for (const OpInfo& row : all_ops()) {
      if (!is_elementwise(row.op)) continue;
      std::vector<NodeId> operands{x};
      if (row.arity == 2) operands.push_back(y);
      out(name + "_" + std::string(row.name), make(row.op, operands));
    }
    out(name + "_if", make(Op::kIf, {c, x, y}));
    for (DType to : all_dtypes()) {
      out(fmt::format("{}_cast_{}", name, dtype_name(to)), make(Op::kCast, {x}, {}, {to, {}}));
      out(fmt::format("{}_bitcast_{}", name, dtype_name(to)), make(Op::kBitcast, {x}, {}, {to, {}}));
    }
    out(name + "_copy", make(Op::kCopy, {x}, CopyAttributes{}));
    out(name + "_const", make(Op::kConst, {}, ConstAttributes{Scalar::one(dtype_)}, type));
    for (Combine combine : {Combine::kAdd, Combine::kMul, Combine::kMax, Combine::kAnd, Combine::kXor}) {
      std::vector<int> axes;
      for (size_t axis = 0; axis < shape.size(); ++axis) {
        axes = {static_cast<int>(axis)};
        out(name + "_reduce", make(Op::kReduce, {x}, ReduceAttributes{combine, axes}));
      }
      axes.clear();
      for (size_t axis = 0; axis < shape.size(); ++axis) axes.push_back(static_cast<int>(axis));
      out(name + "_reduce_all", make(Op::kReduce, {x}, ReduceAttributes{combine, axes}));
    }
    out(name + "_flat", make(Op::kReshape, {x}, {}, {dtype_, {element_count(shape)}}));
    if (shape.empty()) return;
    add_views(name, shape, x);
    add_accesses(name, shape, x, y);
  }

  void add_views(const std::string& name, const Shape& shape, NodeId x) {
    PermuteAttributes reversed;
    for (size_t axis = shape.size(); axis-- > 0;) reversed.axes.push_back(static_cast<int>(axis));
    std::optional<NodeId> turned = make(Op::kPermute, {x}, reversed);
    out(name + "_permute", turned);
    out(name + "_permute_flat", make(Op::kReshape, {*turned}, {}, {dtype_, {element_count(shape)}}));
    Shape wider = shape;
    wider.insert(wider.begin() + 1, Dim(1));
    std::optional<NodeId> column = make(Op::kReshape, {x}, {}, {dtype_, wider});
    wider[1] = Dim(4);
    out(name + "_expand", make(Op::kExpand, {*column}, {}, {dtype_, wider}));
    SliceAttributes all, strided;
    for (const Dim& size : shape) {
      all.ranges.push_back({Dim(0), size, 1});
      strided.ranges.push_back({Dim(0), size, 2});
    }
    out(name + "_slice", make(Op::kSlice, {x}, strided));
    if (shape.back().is_constant() && shape.back().constant() > 0) {
      all.ranges.back() = {shape.back() - Dim(1), Dim(-1), -1};
      out(name + "_flip", make(Op::kSlice, {x}, all));
    }
    out(name + "_index", make(Op::kIndex, {}, IndexAttributes{0}, {DType::kI64, shape}));
  }

  void add_accesses(const std::string& name, const Shape& shape, NodeId x, NodeId y) {
    NodeId i = graph_.add_input("i_" + name, {DType::kI64, {Dim(6)}});
    out(name + "_take", make(Op::kTake, {x, i}, AccessAttributes{0, Combine::kSet}));
    int last = static_cast<int>(shape.size()) - 1;
    out(name + "_take_last", make(Op::kTake, {x, i}, AccessAttributes{last, Combine::kSet}));
    Shape rows{Dim(6)};
    rows.insert(rows.end(), shape.begin() + 1, shape.end());
    std::optional<NodeId> values = make(Op::kTake, {y, i}, AccessAttributes{0, Combine::kSet});
    for (Combine mode : {Combine::kSet, Combine::kAdd, Combine::kMul, Combine::kMax})
      out(name + "_put", make(Op::kPut, {x, *values, i}, AccessAttributes{0, mode}));
    if (shape.size() < 2) return;
    out(name + "_take_both", make(Op::kTake, {x, i, i}, AccessAttributes{0, Combine::kSet}));
    std::optional<NodeId> picked = make(Op::kTake, {y, i, i}, AccessAttributes{0, Combine::kSet});
    out(name + "_put_both", make(Op::kPut, {x, *picked, i, i}, AccessAttributes{0, Combine::kAdd}));
  }

  DType dtype_;
  Graph graph_;
};

void check_ops(const std::string& runtime) {
  Session session({.runtime = runtime, .store = test_store()});
  generated::Runner run = [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); };
  int cases = 0;
  std::string report;
  const char* tier = std::getenv("CATEN_TIER");
  bool quick = tier && std::string_view(tier) == "quick";
  for (DType dtype : all_dtypes()) {
    // One of each class while working; each dtype is a run of the compiler.
    if (quick && !contains(set_of(DType::kBool) | set_of(DType::kI8) | set_of(DType::kU64) | set_of(DType::kBF16) |
                               set_of(DType::kF32) | set_of(DType::kC64) | set_of(DType::kF8E4M3),
                           dtype))
      continue;
    OpTable table(dtype);
    uint64_t seed = 7;
    for (int64_t n : {0, 1, 4}) cases += table.check(run, n, seed++);
    for (const auto& [op, worst] : table.max_ulp)
      if (worst > 0) report += fmt::format("{} {}: {:.2f} ulp\n", op, dtype_name(dtype), worst);
  }
  if (std::getenv("CATEN_REPORT")) MESSAGE(runtime, ": largest differences, all others 0:\n", report);
  MESSAGE(runtime, ": ", cases, " outputs compared");
}

}  // namespace

TEST_CASE("every op on every dtype and class of shape, compiled against the reference") {
  for (const std::string& runtime : compiling_runtimes()) check_ops(runtime);
}

}  // namespace caten
