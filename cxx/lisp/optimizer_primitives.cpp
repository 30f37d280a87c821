// Optimizers that Lisp code defines: kept here in the order of definition, applied to every graph that Lisp computes.
// Rules over composites call back into Lisp, which knows their bodies.
#include <fmt/format.h>

#include <algorithm>

#include "lisp/foreign.hpp"
#include "lisp/graph_builder.hpp"
#include "lisp/lisp.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"
#include "rewrite/optimizer.hpp"

namespace caten::lisp {
namespace {

struct Rules {
  std::vector<Optimizer> list;
  std::set<std::string> off;
  std::function<void(const std::string&)> trace;
};

Rules& rules() {
  static Rules all;
  return all;
}

/// Calls a Lisp function of caten/optimizer, which guards itself: it returns its value or a diagnostic.
template <class... Arguments>
cl_object call_lisp(const char* name, Arguments... arguments) {
  return cl_funcall(static_cast<cl_narg>(1 + sizeof...(arguments)), symbol(name, "CATEN/OPTIMIZER"), arguments...);
}

/// The composite's value on values of the graph: Lisp expands its body over stand-ins for them.
Result<NodeId> call_composite(Graph& graph, const std::string& name, const std::vector<NodeId>& arguments,
                              const KeywordValues& keywords) {
  cl_object types = ECL_NIL;
  for (size_t i = arguments.size(); i-- > 0;) types = ecl_cons(to_lisp(graph.type(arguments[i])), types);
  cl_object pairs = ECL_NIL;
  for (size_t i = keywords.size(); i-- > 0;)
    pairs = ecl_cons(ecl_cons(to_lisp(std::string_view(keywords[i].first)), to_lisp(keywords[i].second)), pairs);
  auto owned = std::make_unique<OwnedDimEnv>();
  owned->dims = graph.dims;
  OwnedDimEnv* env = owned.get();
  cl_object lisp_env = give_to_lisp(std::move(owned), 1024);
  cl_object result = call_lisp("EXPAND-ON-TYPES", to_lisp(std::string_view(name)), types, pairs, lisp_env);
  if (is_diagnostic(result)) return fail(to_diagnostic(result, session_sources()));
  graph.dims = env->dims;
  GraphBuilder builder(graph);
  size_t i = 0;
  for (cl_object stand_ins = tail(result); is_cons(stand_ins) && i < arguments.size(); stand_ins = tail(stand_ins))
    builder.bind(head(stand_ins), arguments[i++]);
  return builder.add(head(result));
}

std::optional<Dim> size_of_call(const Graph& graph, NodeId region, const std::string& name) {
  const Node& node = graph[region];
  cl_object types = ECL_NIL;
  for (size_t i = node.operands.size(); i-- > 1;) types = ecl_cons(to_lisp(graph.type(node.operands[i])), types);
  const std::string& composite = node.get<RegionAttributes>().name;
  cl_object size =
      call_lisp("SIZE-OF-CALL", to_lisp(std::string_view(composite)), types, to_lisp(std::string_view(name)));
  if (is_nil(size) || is_diagnostic(size)) return std::nullopt;
  Result<Dim> dim = to_dim(size);
  return dim ? std::optional<Dim>(*dim) : std::nullopt;
}

CompositeHooks hooks() {
  return {.known =
              [](const std::string& name) {
                return !is_nil(call_lisp("KNOWN-COMPOSITE", to_lisp(std::string_view(name))));
              },
          .call = call_composite,
          .size = size_of_call};
}

OptimizeOptions options() {
  return {.runtime = session().runtime_name(), .off = rules().off, .trace = rules().trace, .hooks = hooks()};
}

/// Lisp symbols are upper case; patterns, ops and composites are written in lower case.
void lower_symbols(Datum& root) {
  std::vector<Datum*> open{&root};
  while (!open.empty()) {
    Datum* datum = open.back();
    open.pop_back();
    if (datum->is_symbol())
      std::transform(datum->text.begin(), datum->text.end(), datum->text.begin(),
                     [](unsigned char c) { return std::tolower(c); });
    for (Datum& item : datum->items) open.push_back(&item);
  }
}

/// (define-rewrite form): parses and tests the rule. The number of cases it was tested on, or a diagnostic.
cl_object define_rewrite(cl_object form) {
  return primitive([&]() -> cl_object {
    Datum datum = to_datum(form);
    lower_symbols(datum);
    Result<Optimizer> rule = parse_optimizer(datum, hooks());
    if (!rule) return to_lisp(rule.error());
    OptimizeOptions testing{.runtime = rule->runtime, .hooks = hooks()};
    Result<RuleReport> report = test_rule(*rule, 1, 400, testing);
    if (!report) return to_lisp(report.error());
    if (!report->sound)
      return to_lisp(Diagnostic{.code = Code::BadOptimizer,
                                .message = fmt::format("the optimizer `{}` changes values", rule->name),
                                .expected = "equal values of pattern and replacement",
                                .found = report->counter_example,
                                .remedy = "correct the replacement, or limit the rule with :when"});
    if (report->tried == 0)
      return to_lisp(Diagnostic{
          .code = Code::BadOptimizer,
          .message = fmt::format("the optimizer `{}` cannot be tested", rule->name),
          .expected = "a rule that applies to one of the generated inputs, or :inputs",
          .found = rule->inputs.empty() ? "no inputs to which it applies" : "it does not apply to its :inputs",
          .remedy = "say on what to test it: (:inputs ((?x f32 64 64) …)), every variable once"});
    std::vector<Optimizer>& list = rules().list;
    auto same =
        std::find_if(list.begin(), list.end(), [&](const Optimizer& known) { return known.name == rule->name; });
    if (same != list.end())
      *same = std::move(*rule);
    else
      list.push_back(std::move(*rule));
    return to_lisp(static_cast<int64_t>(report->tried));
  });
}

/// (switch-rewrite name on): nil if there is no such rule.
cl_object switch_rewrite(cl_object name, cl_object on) {
  return primitive([&]() -> cl_object {
    std::string text = to_utf8(name);
    switch_optimizer(text, !is_nil(on));
    const std::vector<Optimizer>& list = rules().list;
    return std::any_of(list.begin(), list.end(), [&](const Optimizer& rule) { return rule.name == text; }) ? ECL_T
                                                                                                           : ECL_NIL;
  });
}

/// (list-rewrites): ((name . on) …) in the order of definition.
cl_object list_rewrites() {
  return primitive([&]() -> cl_object {
    cl_object list = ECL_NIL;
    for (size_t i = rules().list.size(); i-- > 0;) {
      const std::string& name = rules().list[i].name;
      list = ecl_cons(ecl_cons(to_lisp(std::string_view(name)), rules().off.contains(name) ? ECL_NIL : ECL_T), list);
    }
    return list;
  });
}

const Primitive kPrimitives[] = {
    {"DEFINE-REWRITE", define_rewrite}, {"SWITCH-REWRITE", switch_rewrite}, {"LIST-REWRITES", list_rewrites}};

}  // namespace

Result<Graph> apply_optimizers(const Graph& graph) {
  if (rules().list.empty()) return graph;
  return optimize(graph, rules().list, options());
}

void switch_optimizer(const std::string& name, bool on) {
  if (on)
    rules().off.erase(name);
  else
    rules().off.insert(name);
}

void trace_optimizers(std::function<void(const std::string&)> listener) { rules().trace = std::move(listener); }

void define_optimizer_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
