// Derivatives of what lazy tensors stand for, as lazy tensors.
#include <fmt/format.h>

#include <algorithm>

#include "autodiff/jvp.hpp"
#include "autodiff/vjp.hpp"
#include "lisp/foreign.hpp"
#include "lisp/graph_builder.hpp"
#include "lisp/lisp.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

cl_object place_of(const Origin& origin) {
  if (!origin.span.known() || !session_sources().contains(origin.span)) return ECL_NIL;
  std::string_view text = session_sources().text(origin.span.source);
  auto characters = [&](uint32_t byte) {
    return to_lisp(static_cast<int64_t>(std::count_if(
        text.begin(), text.begin() + byte, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; })));
  };
  return cl_list(3, to_lisp(static_cast<int64_t>(origin.span.source)), characters(origin.span.begin),
                 characters(origin.span.end));
}

/// What Lisp makes tensors of: for each value that outputs need, in order, its leaf, or (op operands attributes dtype
/// shape levels place path); operands are positions in this list.
class Rows {
 public:
  /// `leaf`: the tensor of an input or of a variable of an enclosing loop, or nil.
  template <class Leaf>
  Rows(const Graph& graph, Leaf leaf) : graph_(graph) {
    std::vector<NodeId> needed;
    for (NodeId id : graph.reachable())
      if (graph[id].kind != NodeKind::kInput || !is_nil(leaf(id))) needed.push_back(id);
    for (NodeId id : needed) {
      positions_[id] = static_cast<int64_t>(positions_.size());
      cl_object tensor = leaf(id);
      list_ = ecl_cons(is_nil(tensor) ? row(id) : tensor, list_);
    }
    list_ = cl_nreverse(list_);
  }

  cl_object list() const { return list_; }
  cl_object position(NodeId id) const { return to_lisp(positions_.at(id)); }

 private:
  cl_object row(NodeId id) const {
    const Node& node = graph_[id];
    cl_object operands = ECL_NIL, place = ECL_NIL, path = ECL_NIL;
    for (size_t k = node.operands.size(); k-- > 0;) operands = ecl_cons(position(node.operands[k]), operands);
    if (!node.origins.empty()) {
      const Origin& origin = graph_.origins[node.origins[0]];
      place = place_of(origin);
      path = to_lisp(std::string_view(origin.composite_path));
    }
    cl_object kind = node.kind == NodeKind::kOp       ? to_lisp(node.op)
                     : node.kind == NodeKind::kResult ? keyword("RESULT")
                     : node.kind == NodeKind::kRegion ? keyword("REGION")
                                                      : keyword("BOUND");
    return cl_list(8, kind, operands, attributes_of(node), to_lisp(node.type.dtype), to_lisp(node.type.shape),
                   ecl_make_uint64_t(node.free_levels), place, path);
  }

  const Graph& graph_;
  std::map<NodeId, int64_t> positions_;
  cl_object list_ = ECL_NIL;
};

/// Names of the graph become those of the arguments.
Diagnostic in_words(Diagnostic diagnostic, const std::vector<std::pair<std::string, std::string>>& names) {
  for (const auto& [from, to] : names) {
    std::string quoted = "`" + from + "`";
    for (size_t at = diagnostic.message.find(quoted); at != std::string::npos; at = diagnostic.message.find(quoted, at))
      diagnostic.message.replace(at, quoted.size(), "`" + to + "`");
  }
  return diagnostic;
}

/// A loop that was added outside the enclosing loops but reads what is inside.
std::optional<Diagnostic> misplaced_loop(const Graph& graph, int depth) {
  if (depth == 0) return std::nullopt;
  std::vector<char> varies(graph.size(), 0);
  for (NodeId id : graph.reachable()) {
    const Node& node = graph[id];
    bool any = node.kind == NodeKind::kInput;
    for (NodeId operand : node.operands) any = any || varies[operand.value];
    varies[id.value] = any;
    if (any && node.is(Op::kLoop) && node.get<LoopAttributes>().level < depth)
      return Diagnostic{.code = Code::BadArgument,
                        .message = "a product over an axis, or a put mul, is differentiated inside a loop",
                        .expected = "a derivative that needs no loop of its own",
                        .found = "reduce mul or put mul",
                        .remedy = "differentiate outside the loop, or write the product as a loop"};
  }
  return std::nullopt;
}

/// (differentiate forward arguments outputs seeds env depth zeros): arguments ((tensor . name) …) are inputs that stand
/// for what is differentiated by; outputs and seeds are tensors, a seed for each output (for each argument, if
/// forward). Returns (rows values derivatives): positions in rows.
cl_object differentiate(cl_object forward, cl_object arguments, cl_object outputs, cl_object seeds, cl_object env,
                        cl_object depth, cl_object zeros) {
  return primitive([&]() -> cl_object {
    Graph graph;
    GraphBuilder builder(graph);
    if (DimEnv* dims = to_dim_env(env)) graph.dims = *dims;
    std::vector<std::string> wrt, chosen;
    std::vector<std::pair<std::string, std::string>> words;
    for (cl_object rest = arguments; is_cons(rest); rest = tail(rest)) {
      cl_object tensor = head(head(rest));
      if (Result<NodeId> made = builder.add(tensor); !made) return to_lisp(made.error());
      wrt.push_back(graph.inputs.back().name);
      words.emplace_back(wrt.back(), to_utf8(tail(head(rest))));
    }
    for (cl_object rest = outputs; is_cons(rest); rest = tail(rest)) {
      Result<NodeId> made = builder.add(head(rest));
      if (!made) return to_lisp(made.error());
      std::string name = fmt::format("result {}", graph.outputs.size());
      graph.outputs.push_back({name, *made});
      if (is_nil(forward)) chosen.push_back(name);
    }
    int64_t levels = 0;
    to_int64(depth, levels);
    bool allow = !is_nil(zeros);
    Result<Graph> done =
        is_nil(forward)
            ? vjp(graph, {.outputs = chosen, .wrt = wrt, .primal = true, .zeros = allow})
            : jvp(graph,
                  {.outputs = {}, .wrt = wrt, .primal = true, .zeros = allow, .depth = static_cast<int>(levels)});
    if (!done) return to_lisp(in_words(done.error(), words));
    if (auto problem = misplaced_loop(*done, static_cast<int>(levels))) return to_lisp(*problem);

    // Inputs: those of the graph, then one for each seed.
    std::map<NodeId, cl_object> leaves;
    for (size_t k = 0; k < builder.leaves.size(); ++k) leaves[done->inputs[k].node] = builder.leaves[k];
    for (size_t k = builder.leaves.size(); k < done->inputs.size() && is_cons(seeds); ++k, seeds = tail(seeds))
      leaves[done->inputs[k].node] = head(seeds);
    Rows rows(*done, [&](NodeId id) {
      auto found = leaves.find(id);
      return found == leaves.end() ? ECL_NIL : found->second;
    });
    cl_object values = ECL_NIL, derivatives = ECL_NIL;
    for (size_t k = done->outputs.size(); k-- > 0;) {
      cl_object& list = k < graph.outputs.size() ? values : derivatives;
      list = ecl_cons(rows.position(done->outputs[k].value), list);
    }
    return cl_list(3, rows.list(), values, derivatives);
  });
}

const Primitive kPrimitives[] = {{"DIFFERENTIATE", differentiate}};

}  // namespace

void define_derivative_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
