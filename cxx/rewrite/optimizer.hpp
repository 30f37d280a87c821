// Optimizers: the user's rewrite rules. In: (name pattern replacement [:runtime r] [:when guard]). Out: a rule that
// `optimize` applies to a Graph, bottom-up and in the order of definition, until none applies.
//
// Patterns. ?x matches any value and, repeated, the same value; ??xs matches the rest of the operands; a number or bool
// matches constants of that value, of
// any real dtype and any shape (0 is not -0; complex constants are written (c re im)); (op …) matches an op, written as
// in IR text with + * / < = as other names of add mul div lt eq; attributes stand where IR text has them and are
// matched by ?k too; (composite … :key value …) matches a call of a composite. Replacements are built of the same
// forms; a number takes the type of the other operands, else of what is replaced.
//
// Guards. (and …) (or …) (not g) (< <= > >= = a b …) on sizes, (dtype-in ?x f32 …), (constant ?x), (rank-in ?x 1 2 …);
// sizes are integers, names of the composite's signature, (dim ?x k), (rank ?x), (+ …), (* …). What cannot be proved is
// false. A replacement has the type of what it replaces, else the rule does not apply.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

struct Pattern {
  enum class Kind : uint8_t { kVariable, kSegment, kLiteral, kWord, kForm };
  Kind kind = Kind::kVariable;
  std::string name{};  ///< variable, or the head of a form: an op's name or a composite's
  std::optional<Op> op{};
  Datum datum{};  ///< kLiteral and kWord (symbols, lists: attributes)
  std::vector<Pattern> items{};
  std::vector<std::pair<std::string, Pattern>> keywords{};
  SourceSpan span{};
};

struct Optimizer {
  std::string name;
  Pattern pattern;
  Pattern replacement;
  std::string runtime{};  ///< "" = any
  std::optional<Datum> when{};
  Datum source{};
};

using KeywordValues = std::vector<std::pair<std::string, Datum>>;

/// What the layer that knows composites supplies; without it, rules of ops alone work.
struct CompositeHooks {
  std::function<bool(const std::string& name)> known{};
  std::function<Result<NodeId>(Graph&, const std::string& name, const std::vector<NodeId>&, const KeywordValues&)>
      call{};
  /// A size of the composite's signature, by name, for a call of it in this graph.
  std::function<std::optional<Dim>(const Graph&, NodeId region, const std::string& name)> size{};
  std::vector<std::string> names{};  ///< for "did you mean"
};

/// E0704 with the place for what is malformed.
Result<Optimizer> parse_optimizer(const Datum& form, const CompositeHooks& hooks = {});

struct OptimizeOptions {
  std::string runtime{};
  std::set<std::string> off{};  ///< rules switched off by name
  size_t step_limit = 10'000;
  bool once = false;                                ///< stop after the first application
  std::function<void(const std::string&)> trace{};  ///< "name: before → after"
  CompositeHooks hooks{};
};

/// E0704 with the names of the rules when the step limit is reached.
Result<Graph> optimize(const Graph& graph, const std::vector<Optimizer>& rules, const OptimizeOptions& options = {});

/// Whether a rule keeps values, on generated inputs.
struct RuleReport {
  bool sound = true;
  size_t tried = 0;               ///< inputs on which the rule applied; 0: the rule could not be tested
  std::string counter_example{};  ///< dtype, sizes, values and both results; as small as was found
};
Result<RuleReport> test_rule(const Optimizer& rule, uint64_t seed = 1, size_t cases = 400,
                             const OptimizeOptions& options = {});

// For the matcher and the tests.
struct Match {
  struct Value {
    NodeId node{};
    std::optional<Datum> datum{};
    bool operator==(const Value&) const = default;
  };
  std::map<std::string, Value> variables{};
  std::map<std::string, std::vector<Value>> segments{};
  NodeId root{};
};
std::optional<Match> match(const Graph& graph, const Pattern& pattern, NodeId id);
/// Builds a replacement (or a pattern, for tests); `type` is that of literals without neighbours.
Result<NodeId> instantiate(Graph& graph, const Pattern& pattern, const Match& match, const ValueType& type,
                           const CompositeHooks& hooks);
/// Nothing: undecided.
std::optional<bool> guard_holds(const Graph& graph, const Datum& guard, const Match& match,
                                const CompositeHooks& hooks);
/// The value of a constant, seen through repetition.
std::optional<Scalar> constant_value(const Graph& graph, NodeId id);

}  // namespace caten
