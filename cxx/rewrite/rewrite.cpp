#include "rewrite/rewrite.hpp"

#include <map>
#include <utility>

namespace caten {

const std::vector<Pass>& all_passes() {
  static const std::vector<Pass> passes{
      {"inline-regions", "composites become their bodies", inline_regions, Stage::kChecked, Stage::kFlat, false},
      {"fold-constants", "element-wise ops on constants are computed", fold_constants, Stage::kFlat, Stage::kFlat,
       true},
      {"simplify", "algebraic identities", simplify, Stage::kFlat, Stage::kFlat, true},
      // Identities may leave constants; where they do not, this takes a look.
      {"fold-constants", "element-wise ops on constants are computed", fold_constants, Stage::kFlat, Stage::kFlat,
       true},
      {"simplify", "algebraic identities", simplify, Stage::kFlat, Stage::kFlat, true},
      {"remove-dead-code", "collects that nothing reads go, and carries are no longer computed", remove_dead_code,
       Stage::kFlat, Stage::kFlat, true},
  };
  return passes;
}

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rules = [] {
    std::vector<Rule> out;
    for (auto* family : {arithmetic_rules, logic_rules, view_rules})
      for (const Rule& rule : family()) out.push_back(rule);
    return out;
  }();
  return rules;
}

namespace {

/// The program after all passes; verified after each of them, or after the last one.
Result<Graph> run_passes(const Graph& graph, const RewriteOptions& options, bool verify_each) {
  Graph current = graph;
  auto valid = [&](Stage stage) {
    Timed step(options.timings, "verify the graph");
    return verify(current, stage);
  };
  const std::vector<Pass>& passes = options.passes ? *options.passes : all_passes();
  if (!graph.dims.solution().empty()) {
    Timed step(options.timings, "rewrite: resolve sizes");
    current = resolve_dims(std::move(current));
  }
  if (verify_each) CATEN_TRY(valid(passes.front().before));
  size_t changes = 0;
  std::map<std::string_view, size_t> seen;  // how many changes there were after a pass
  for (const Pass& pass : passes) {
    if (pass.optional && options.off.contains(std::string(pass.name))) continue;
    if (auto known = seen.find(pass.name); known != seen.end() && known->second == changes) continue;
    {
      Timed step(options.timings, options.timings ? "rewrite: " + std::string(pass.name) : "");
      if (pass.run(current, options)) ++changes;
      seen[pass.name] = changes;
    }
    if (verify_each)
      if (Status holds = valid(pass.after); !holds) {
        holds.error().notes.push_back("after pass " + std::string(pass.name));
        return tl::make_unexpected(std::move(holds.error()));
      }
    if (options.after_pass) options.after_pass(pass.name, current);
  }
  if (!verify_each) CATEN_TRY(valid(passes.back().after));
  return current;
}

}  // namespace

Result<Graph> rewrite(const Graph& graph, const RewriteOptions& options) {
  Result<Graph> out = run_passes(graph, options, options.verify_each);
  if (out || options.verify_each) return out;
  // Once more, to name the pass.
  RewriteOptions slowly = options;
  slowly.trace = {};
  slowly.after_pass = {};
  return run_passes(graph, slowly, true);
}

}  // namespace caten
