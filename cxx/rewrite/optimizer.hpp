// Optimizers: the user's rewrite rules. In: (name pattern replacement [:runtime r] [:when guard] [:inputs types]). Out:
// a rule that `optimize` applies to a Graph, bottom-up and in the order of definition, until none applies.
//
// Patterns. ?x matches any value and, repeated, the same value; ??xs matches any number of operands, the fewest that
// do; a number or bool matches constants of that value, of any real dtype and any shape (0 is not -0; complex constants
// are written (c re im)); (op …) matches an op, written as in IR text with + * / < = as other names of add mul div lt
// eq; attributes stand where IR text has them and are matched by ?k too; (composite … :key value …) matches a call of a
// composite. Operands are matched in their order. Replacements are built of the same forms; a number takes the type of
// the other operands, else of what is replaced.
//
// Guards. (and …) (or …) (not g); (< <= > >= = a b …) on sizes; (dtype-in ?x f32 …); (rank-in ?x 1 2 …); (constant ?x);
// (contiguous ?x): its elements lie in row-major order, no view away from what is computed; (transposed ?x): the last
// two axes of something contiguous, exchanged; (cheaper): the replacement computes and moves fewer elements. Sizes are
// integers, names of the composite's signature, (dim ?x k), (rank ?x), (elements ?x), (bytes ?x), (+ …), (* …). What
// cannot be proved is false. A replacement has the type of what it replaces, else the rule does not apply.
//
// :inputs ((?x f32 64 64) (?k 1) …) says on which types and attributes the rule is tested, where those that are
// generated do not match.
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
  std::vector<Datum> inputs{};  ///< (?x dtype sizes…) or (?k attribute): what it is tested on
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
  size_t tried = 0;               ///< types on which the rule applied; 0: the rule could not be tested
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
  NodeId replacement{};  ///< once it is built
};
std::optional<Match> match(const Graph& graph, const Pattern& pattern, NodeId id);
/// Builds a replacement (or a pattern, for tests); `type` is that of literals without neighbours.
Result<NodeId> instantiate(Graph& graph, const Pattern& pattern, const Match& match, const ValueType& type,
                           const CompositeHooks& hooks);
/// Whether item i of an op's form in patterns is a value; the others are attributes.
bool is_value_item(const Pattern& pattern, size_t i);
/// E0704 for a guard of an unknown form.
Status check_guard(const Datum& guard, const std::vector<std::string>& variables);
/// Whether the guard can be decided only when the replacement is there.
bool needs_replacement(const Datum& guard);
/// Nothing: undecided.
std::optional<bool> guard_holds(const Graph& graph, const Datum& guard, const Match& match,
                                const CompositeHooks& hooks);
/// The value of a constant, seen through repetition.
std::optional<Scalar> constant_value(const Graph& graph, NodeId id);

}  // namespace caten
