// What the clauses of a schedule make of a product's and an element-wise kernel.
#include <doctest/doctest.h>

#include "codegen/lower.hpp"
#include "golden.hpp"
#include "ir/build.hpp"
#include "sexp/datum.hpp"

namespace caten {
namespace {

std::string loops(const std::vector<Statement>& body, int depth = 0) {
  std::string out;
  for (const Statement& statement : body) {
    std::string indent(static_cast<size_t>(depth) * 2, ' ');
    if (statement.kind == StatementKind::kLoop)
      out += indent + "loop " + statement.extent.describe() + (statement.independent ? ", independent" : "") + "\n" +
             loops(statement.body, depth + 1);
    else if (statement.kind == StatementKind::kDeclare && (depth < 3))
      out += indent + "accumulator of " + std::to_string(statement.lanes) + "\n";
    else if (statement.kind == StatementKind::kIf)
      out += indent + "if\n" + loops(statement.body, depth + 1) + indent + "else\n" +
             loops(statement.otherwise, depth + 1);
    else if (statement.kind == StatementKind::kStore)
      out += indent + "store\n";
    else if (statement.kind == StatementKind::kSet)
      out += indent + "fold\n";
  }
  return out;
}

std::string lowered(bool product, const std::string& schedule) {
  Graph graph;
  Build b(graph);
  SourceMap sources;
  Result<Datum> clauses = read_one(sources, sources.add("schedule", "(" + schedule + ")"));
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(16), Dim(64)}});
  std::vector<NodeId> arguments{x};
  NodeId y;
  if (product) {
    NodeId w = graph.add_input("w", {DType::kF32, {Dim(64), Dim(96)}});
    arguments.push_back(w);
    Shape whole{Dim(16), Dim(64), Dim(96)};
    y = b.reduce(Combine::kAdd, b.mul(b.spread(x, whole, {0, 1}), b.spread(w, whole, {1, 2})), {1});
  } else {
    y = b.op(Op::kSqrt, {x});
  }
  y = graph.make_region({.name = "f", .attributes = {}, .schedule = clauses->items}, y, arguments);
  graph.outputs.push_back({"y", y});
  Schedule made = make_schedule(graph);
  REQUIRE(made.kernels.size() == 1);
  LoopNest nest = lower(made, made.kernels[0]);
  return (product ? "product " : "element-wise ") + (schedule.empty() ? "as usual" : schedule) +
         (nest.range() ? "" : ", on one core") + "\n" + loops(nest.body, 1);
}

}  // namespace

TEST_CASE("loops that a schedule asks for") {
  std::string text;
  for (const char* schedule : {"", "(tile 2 48)", "(vectorise 8)", "(unroll 4)", "(parallel nil)"})
    text += lowered(true, schedule) + "\n";
  for (const char* schedule : {"", "(vectorise 16)", "(order 1 0)", "(parallel 2)"})
    text += lowered(false, schedule) + "\n";
  check_golden("codegen/hints.txt", text);
}

}  // namespace caten
