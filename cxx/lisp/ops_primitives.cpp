// Loading implementations of composites: the calls to test them on are traced by Lisp, which knows the composites.
#include <fmt/format.h>

#include "driver/implementation_file.hpp"
#include "lisp/foreign.hpp"
#include "lisp/graph_builder.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

std::unique_ptr<Implementation>& pending() {
  static std::unique_ptr<Implementation> implementation;
  return implementation;
}

/// (read-ops path): (test-code ((name . (dtype . shape)) …) …), a list of inputs for each requirement; the file is
/// kept.
cl_object read_ops(cl_object path) {
  return primitive([&]() -> cl_object {
    Result<Implementation> read = read_implementation(to_utf8(path), session_sources());
    if (!read) return to_lisp(read.error());
    pending() = std::make_unique<Implementation>(std::move(*read));
    cl_object rows = ECL_NIL;
    for (size_t r = pending()->requirements.size(); r-- > 0;) {
      cl_object row = ECL_NIL;
      for (size_t k = pending()->inputs.size(); k-- > 0;) {
        const Implementation::Operand& input = pending()->inputs[k];
        ValueType type{input.type.dtype, {}};
        for (const Dim& dim : input.type.shape) {
          const std::string* name = dim.as_symbol();
          type.shape.push_back(name ? Dim(pending()->requirements[r].at(*name)) : dim);
        }
        row = ecl_cons(ecl_cons(to_lisp(std::string_view(input.name)), to_lisp(type)), row);
      }
      rows = ecl_cons(row, rows);
    }
    return ecl_cons(to_lisp(std::string_view(pending()->test_code)), rows);
  });
}

/// The call of the composite in the graph that the test makes.
const RegionAttributes* find_call(const Graph& graph, const std::string& composite) {
  for (NodeId id : graph.reachable())
    if (graph[id].kind == NodeKind::kRegion && graph[id].get<RegionAttributes>().name == composite)
      return &graph[id].get<RegionAttributes>();
  return nullptr;
}

/// (check-ops inputs result): compares the file that was read with the composite on this call; T or a diagnostic.
cl_object check_ops(cl_object inputs, cl_object result) {
  return primitive([&]() -> cl_object {
    Graph graph;
    GraphBuilder builder(graph);
    for (; is_cons(inputs); inputs = tail(inputs))
      if (Result<NodeId> value = builder.add(head(inputs)); !value) return to_lisp(value.error());
    Result<NodeId> value = builder.add(result);
    if (!value) return to_lisp(value.error());
    graph.outputs.push_back({"result", *value});
    const RegionAttributes* call = find_call(graph, pending()->composite);
    if (!call)
      return to_lisp(
          Diagnostic{.code = Code::WrongImplementation,
                     .message = fmt::format("{}: its test does not call `{}`", pending()->path, pending()->composite),
                     .expected = "a form that calls the composite",
                     .found = pending()->test_code,
                     .remedy = "correct the name, or load the file that defines the composite first"});
    pending()->attributes = call->attributes;
    std::string runtime = session().runtime_name();
    const std::vector<std::string>& runtimes = pending()->runtimes;
    if (std::find(runtimes.begin(), runtimes.end(), runtime) == runtimes.end()) return ECL_T;  // it is not used
    Status same = session().check_implementation(std::make_shared<Implementation>(*pending()), graph);
    return same ? ECL_T : to_lisp(same.error());
  });
}

/// (use-ops): the file that was read and checked is used from now on.
cl_object use_ops() {
  return primitive([&]() -> cl_object {
    session().add_implementation(std::shared_ptr<const Implementation>(pending().release()));
    return ECL_T;
  });
}

const Primitive kPrimitives[] = {{"READ-OPS", read_ops}, {"CHECK-OPS", check_ops}, {"USE-OPS", use_ops}};

}  // namespace

void define_ops_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
