#include "rewrite/rewrite.hpp"

namespace caten {

const std::vector<Pass>& all_passes() {
  static const std::vector<Pass> passes{
      {"inline-regions", "composites become their bodies", inline_regions, Stage::kChecked, Stage::kFlat, false},
      {"simplify", "algebraic identities", simplify, Stage::kFlat, Stage::kFlat, true},
      {"fold-constants", "element-wise ops on constants are computed", fold_constants, Stage::kFlat, Stage::kFlat,
       true},
      {"simplify", "algebraic identities", simplify, Stage::kFlat, Stage::kFlat, true},
      {"remove-dead-code", "values, carries and collects that nothing needs go", remove_dead_code, Stage::kFlat,
       Stage::kFlat, true},
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
  Graph current;
  const Graph* before = &graph;  // of the next pass
  auto resolve = [&] {
    Timed step(options.timings, "rewrite: resolve sizes");
    current = resolve_dims(graph);
    before = &current;
  };
  auto valid = [&](Stage stage) {
    Timed step(options.timings, "verify the graph");
    return verify(current, stage);
  };
  const std::vector<Pass>& passes = options.passes ? *options.passes : all_passes();
  if (verify_each) {
    resolve();
    CATEN_TRY(valid(passes.front().before));
  }
  for (const Pass& pass : passes) {
    if (pass.optional && options.off.contains(std::string(pass.name))) continue;
    {
      Timed step(options.timings, options.timings ? "rewrite: " + std::string(pass.name) : "");
      current = pass.run(*before, options);
      before = &current;
    }
    if (verify_each)
      if (Status holds = valid(pass.after); !holds) {
        holds.error().notes.push_back("after pass " + std::string(pass.name));
        return tl::make_unexpected(std::move(holds.error()));
      }
    if (options.after_pass) options.after_pass(pass.name, current);
  }
  if (before == &graph) resolve();
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
