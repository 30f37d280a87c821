// In: a checked Graph. Out: an equal, simpler one without regions. Entry: rewrite, which runs the list of passes of
// rewrite.cpp; user optimizers (rewrite/optimizer.hpp) run before it, while composites are still regions.
//
// Passes keep every value bit for bit, NaN for NaN, so that any subset of the optional ones gives the same answer; each
// is one file of passes/, each algebraic rule one row of a file of rules/. Passes and rules are switched off by name
// (-fno-NAME). What comes out is verified; where that fails, the passes run again with a look after each, to name the
// one at fault.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/timings.hpp"
#include "ir/build.hpp"
#include "ir/verify.hpp"

namespace caten {

struct Pass;

struct RewriteOptions {
  std::set<std::string> off{};  ///< names of optional passes and of rules
  bool verify_each = false;     ///< the program is verified after each pass, not only after the last one
  std::function<void(const std::string&)> trace{};  ///< "rule: before → after"
  std::function<void(std::string_view pass, const Graph&)> after_pass{};
  Timings* timings = nullptr;                 ///< steps "rewrite: PASS"
  const std::vector<Pass>* passes = nullptr;  ///< null: all_passes()
};

struct Pass {
  std::string_view name;
  std::string_view summary;
  bool (*run)(Graph&, const RewriteOptions&);  ///< false: nothing that is needed has changed
  Stage before, after;
  bool optional;
};
/// In the order in which they run; a pass may stand there more than once, and runs again if others made changes since.
const std::vector<Pass>& all_passes();

/// E0806 if a pass breaks an invariant.
Result<Graph> rewrite(const Graph& graph, const RewriteOptions& options = {});

/// An identity of IEEE and wrapping integer arithmetic: the value that may stand for `node`, or an invalid one. The
/// node's operands are of the graph being built; it has not been added.
struct Rule {
  std::string_view name;
  Op root;
  NodeId (*apply)(const Build& build, const Node& node);
};
const std::vector<Rule>& all_rules();

// passes/. What nothing needs any more may stay in their graphs; the next copy, the schedule's at last, leaves it out.
bool remove_dead_code(Graph& graph, const RewriteOptions& options);
bool inline_regions(Graph& graph, const RewriteOptions& options);
bool fold_constants(Graph& graph, const RewriteOptions& options);
bool simplify(Graph& graph, const RewriteOptions& options);

// rules/
std::vector<Rule> arithmetic_rules();
std::vector<Rule> logic_rules();
std::vector<Rule> view_rules();

}  // namespace caten
