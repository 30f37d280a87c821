#include "autodiff/jvp.hpp"

#include "autodiff/forward.hpp"
#include "autodiff/selection.hpp"

namespace caten {

using namespace autodiff;

namespace {

/// Copies a program; loops become those that carry tangents too, so that none runs twice.
class Linearizer : public GraphCopier {
 public:
  /// `leaves` and their tangents are inputs or states of `from`.
  Linearizer(const Graph& from, Graph& to, std::vector<std::pair<NodeId, NodeId>> leaves, int depth)
      : GraphCopier(from, to), forward(to), leaves_(std::move(leaves)), levels_(~uint64_t{0} << depth) {}

  Forward forward;

  /// To be called once inputs and states are there.
  void seed() {
    for (const auto& [leaf, tangent] : std::exchange(leaves_, {})) forward.seed(leaf_copy(leaf), leaf_copy(tangent));
  }

 private:
  NodeId leaf_copy(NodeId leaf) const {
    for (size_t k = 0; k < from_.inputs.size(); ++k)
      if (from_.inputs[k].node == leaf) return to_.inputs[k].node;
    for (size_t k = 0; k < from_.states.size(); ++k)
      if (from_.states[k].node == leaf) return to_.states[k].node;
    return {};
  }

  NodeId visit(NodeId id, Node&& node) override {
    seed();
    const Node& before = from_[id];
    if (before.free_levels & levels_) return copy_node(std::move(node));  // of the body of a loop
    if (before.is(Op::kLoop)) {
      NodeId plain = copy_node(std::move(node));
      plain_[id] = plain;
      return forward.extended(plain);
    }
    if (before.kind == NodeKind::kResult && plain_.contains(before.operands[0])) {
      NodeId plain = plain_.at(before.operands[0]);
      uint32_t index = before.get<ResultAttributes>().index;
      NodeId made = Build(to_).result(node.operands[0], forward.moved(plain, index));
      forward.seed(made, forward.result_tangent(plain, index));
      return made;
    }
    return copy_node(std::move(node));
  }

  std::vector<std::pair<NodeId, NodeId>> leaves_;
  uint64_t levels_;
  std::map<NodeId, NodeId> plain_;  ///< loops as they were
};

}  // namespace

Result<Graph> jvp(const Graph& program, const JvpOptions& options) {
  Graph from = resolve_dims(program);
  auto outputs = chosen_outputs(from, options.outputs);
  if (!outputs) return tl::make_unexpected(std::move(outputs.error()));
  auto leaves = chosen_leaves(from, options.wrt);
  if (!leaves) return tl::make_unexpected(std::move(leaves.error()));
  if (!options.zeros && !options.wrt.empty()) CATEN_TRY(check_paths(from, *outputs, *leaves));

  std::set<std::string> taken = leaf_names(from);
  std::vector<std::pair<NodeId, NodeId>> seeds;
  for (const Graph::Input& leaf : *leaves) {
    ValueType type = from.type(leaf.node);
    seeds.emplace_back(leaf.node, from.add_input(fresh_name("t_", leaf.name, taken), type));
  }
  Graph out;
  Linearizer linearizer(from, out, std::move(seeds), options.depth);
  linearizer.copy_program();
  linearizer.seed();
  std::vector<Graph::Output> tangents;
  taken.clear();
  if (options.primal)
    for (const Graph::Output& output : out.outputs) taken.insert(output.name);
  for (const Graph::Output& output : *outputs) {
    NodeId value = linearizer.copy(output.value);
    NodeId tangent = linearizer.forward.tangent(value);
    if (!tangent.valid()) tangent = Build(out).zeros(out.type(value));
    tangents.push_back({fresh_name("t_", output.name, taken), tangent});
  }
  if (const auto& problem = linearizer.forward.problem()) return tl::make_unexpected(*problem);
  if (!options.primal) {
    out.outputs.clear();
    for (Graph::State& state : out.states) state.next = {};
  }
  out.outputs.insert(out.outputs.end(), tangents.begin(), tangents.end());
  return resolve_dims(std::move(out));
}

}  // namespace caten
