#include "autodiff/vjp.hpp"

#include "autodiff/reverse.hpp"
#include "autodiff/selection.hpp"

namespace caten {

using namespace autodiff;

Result<Graph> vjp(const Graph& program, const VjpOptions& options) {
  Graph out = prepare_loops(program);
  auto outputs = chosen_outputs(out, options.outputs);
  if (!outputs) return tl::make_unexpected(std::move(outputs.error()));
  auto leaves = chosen_leaves(out, options.wrt);
  if (!leaves) return tl::make_unexpected(std::move(leaves.error()));
  if (!options.zeros && !options.wrt.empty()) CATEN_TRY(check_paths(out, *outputs, *leaves));

  std::set<std::string> taken = leaf_names(out);
  std::vector<std::pair<NodeId, Flow>> seeds;
  for (const Graph::Output& output : *outputs) {
    ValueType type = out.type(output.value);
    seeds.emplace_back(output.value, Flow{out.add_input(fresh_name("d_", output.name, taken), type)});
  }
  std::vector<NodeId> targets;
  for (const Graph::Input& leaf : *leaves) targets.push_back(leaf.node);
  Flows found = Reverse(out).run(seeds, targets);

  if (!options.primal) {
    out.outputs.clear();
    for (Graph::State& state : out.states) state.next = {};
  }
  taken.clear();
  for (const Graph::Output& output : out.outputs) taken.insert(output.name);
  for (size_t k = 0; k < leaves->size(); ++k) {
    NodeId value = found[k] ? found[k].value : Build(out).zeros(out.type(targets[k]));
    out.outputs.push_back({fresh_name("d_", (*leaves)[k].name, taken), value});
  }
  // Only what is needed, with sizes that were solved on the way replaced.
  return resolve_dims(std::move(out));
}

}  // namespace caten
