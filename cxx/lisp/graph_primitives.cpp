// Computing and printing what lazy tensors stand for.
#include "ir/print.hpp"
#include "lisp/foreign.hpp"
#include "lisp/graph_builder.hpp"
#include "lisp/lisp.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

/// (compute tensors): an array for each, or a diagnostic.
cl_object compute(cl_object tensors) {
  return primitive([&]() -> cl_object {
    Graph graph;
    GraphBuilder builder(graph);
    for (cl_object rest = tensors; is_cons(rest); rest = tail(rest)) {
      Result<NodeId> value = builder.add(head(rest));
      if (!value) return to_lisp(value.error());
      graph.outputs.push_back({"value" + std::to_string(graph.outputs.size()), *value});
    }
    graph = session().converted(std::move(graph));
    Timed step(session().options().timings, "optimizers");
    Result<Graph> optimized = apply_optimizers(graph);
    if (!optimized) return to_lisp(optimized.error());
    step.stop();
    Arguments arguments;
    arguments.inputs = std::move(builder.data);
    Result<Results> results = session().run(*optimized, std::move(arguments));
    if (!results) return to_lisp(results.error());
    cl_object list = ECL_NIL;
    for (size_t i = results->outputs.size(); i-- > 0;) {
      size_t bytes = results->outputs[i].bytes();
      list = ecl_cons(give_to_lisp(std::make_unique<OwnedArray>(std::move(results->outputs[i])), bytes), list);
    }
    return list;
  });
}

/// (resume): withdraws the request to interrupt; t if there was one.
cl_object resume() {
  return primitive([]() -> cl_object { return session().resume() ? ECL_T : ECL_NIL; });
}

/// The graph of named outputs ((name . tensor) …) with the sizes of `env`; `data` gets that of its inputs.
Result<Graph> build_graph(cl_object name, cl_object inputs, cl_object outputs, cl_object env,
                          std::vector<Array>* data = nullptr) {
  Graph graph;
  GraphBuilder builder(graph);
  graph.name = to_utf8(name);
  if (DimEnv* dims = to_dim_env(env)) graph.dims = *dims;
  for (; is_cons(inputs); inputs = tail(inputs)) {
    Result<NodeId> value = builder.add(head(inputs));
    if (!value) return tl::make_unexpected(value.error());
  }
  for (; is_cons(outputs); outputs = tail(outputs)) {
    Result<NodeId> value = builder.add(tail(head(outputs)));
    if (!value) return tl::make_unexpected(value.error());
    graph.outputs.push_back({to_utf8(head(head(outputs))), *value});
  }
  if (data) *data = std::move(builder.data);
  return resolve_dims(graph);
}

/// (print-graph name inputs outputs env): IR text.
cl_object print_graph(cl_object name, cl_object inputs, cl_object outputs, cl_object env) {
  return primitive([&]() -> cl_object {
    Result<Graph> graph = build_graph(name, inputs, outputs, env);
    return graph ? to_lisp(std::string_view(print(*graph))) : to_lisp(graph.error());
  });
}

/// (check-schedule clauses): T, or a diagnostic.
cl_object check_schedule(cl_object clauses) {
  return primitive([&]() -> cl_object {
    Result<ScheduleHint> hint = parse_schedule(schedule_clauses(clauses));
    return hint ? ECL_T : to_lisp(hint.error());
  });
}

/// (set-precision dtype keep): what graphs are converted to from now on; T or a diagnostic.
cl_object set_precision(cl_object dtype, cl_object keep) {
  return primitive([&]() -> cl_object {
    Result<std::optional<Precision>> precision = parse_precision(to_utf8(dtype), to_utf8(keep));
    if (!precision) return to_lisp(precision.error());
    session().set_precision(std::move(*precision));
    return ECL_T;
  });
}

/// (get-precision): (dtype . keep) as they were given, or nil.
cl_object get_precision() {
  return primitive([&]() -> cl_object {
    std::optional<Precision> precision = session().precision();
    if (!precision) return ECL_NIL;
    return ecl_cons(to_lisp(dtype_name(precision->dtype)), to_lisp(std::string_view(precision->kept)));
  });
}

/// (precision-families): ((name kept ops composites) …), names as strings.
cl_object list_precision_families() {
  return primitive([&]() -> cl_object {
    auto names = [](const std::vector<std::string_view>& from) {
      cl_object list = ECL_NIL;
      for (size_t i = from.size(); i-- > 0;) list = ecl_cons(to_lisp(from[i]), list);
      return list;
    };
    cl_object list = ECL_NIL;
    for (const PrecisionFamily& family : precision_families())
      list = ecl_cons(
          cl_list(4, to_lisp(family.name), family.kept ? ECL_T : ECL_NIL, names(family.ops), names(family.composites)),
          list);
    return cl_nreverse(list);
  });
}

std::optional<KeptGraph>& kept_graph() {
  static std::optional<KeptGraph> graph;
  return graph;
}

/// (keep-graph name inputs outputs env): keeps the graph for trace (lisp/lisp.hpp).
cl_object keep_graph(cl_object name, cl_object inputs, cl_object outputs, cl_object env) {
  return primitive([&]() -> cl_object {
    std::vector<Array> data;
    Result<Graph> graph = build_graph(name, inputs, outputs, env, &data);
    if (!graph) return to_lisp(graph.error());
    kept_graph() = KeptGraph{std::move(*graph), std::move(data)};
    return ECL_T;
  });
}

const Primitive kPrimitives[] = {{"COMPUTE", compute},
                                 {"RESUME", resume},
                                 {"PRINT-GRAPH", print_graph},
                                 {"KEEP-GRAPH", keep_graph},
                                 {"CHECK-SCHEDULE", check_schedule},
                                 {"SET-PRECISION", set_precision},
                                 {"GET-PRECISION", get_precision},
                                 {"PRECISION-FAMILIES", list_precision_families}};

}  // namespace

std::optional<KeptGraph> take_kept_graph() {
  std::optional<KeptGraph> graph = std::move(kept_graph());
  kept_graph().reset();
  return graph;
}

void define_graph_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
