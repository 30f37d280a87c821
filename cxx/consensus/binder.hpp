// Binds names in index expressions, references and expressions to what an instance has for them.
#pragma once

#include <map>

#include "consensus/instance.hpp"

namespace caten::consensus {

/// What names may mean in one expression, and what it is found to use.
struct BindScope {
  std::vector<std::string> indices{};
  /// What a name of a read means, if there are reads.
  std::map<std::string, size_t> reads{};
  const std::vector<ReadInstance>* read_instances = nullptr;
  std::map<std::string, Formula> locals{};
  /// Whose edges references need; null where they need none.
  const Rule* rule = nullptr;
  bool references_allowed = false;
  bool draws_allowed = false;
  int64_t categories = 0;  ///< ids of the proposal's target

  size_t draws = 0;
  std::vector<ReadInstance> references{};
  std::vector<ModelCall> models{};
  std::vector<std::vector<bool>> palettes{};
  std::vector<AutomatonGiven> automata{};
  int64_t palette_ids = 0;  ///< the vocabulary of a constraint's scope
};

class Binder {
 public:
  Binder(Instance& instance, Diagnostics& diagnostics);

  /// Nothing after an error was reported.
  std::optional<BoundAffine> affine(const Affine& affine, const BindScope& scope);
  /// A size or an end: of parameters alone.
  std::optional<int64_t> integer(const Affine& affine);
  std::optional<BoundReference> reference(const Reference& reference, const BindScope& scope);
  std::optional<Formula> formula(const Expression& expression, BindScope& scope);
  /// A read of these cells, seen through the edges that show them to the rule.
  std::optional<ReadInstance> seen(const Reference& reference, const BindScope& scope);

  /// The resource that an expression names: a region, a palette or an automaton.
  template <class T>
  const T* resource(const Expression& expression) const {
    const Text* text = std::get_if<Text>(&expression.node);
    const Name* name = std::get_if<Name>(&expression.node);
    auto found = instance_.parameters.find(text ? text->content : name ? name->text : "");
    return found == instance_.parameters.end() ? nullptr : std::get_if<T>(&found->second);
  }
  std::optional<std::vector<bool>> palette(const Expression& expression, int64_t vocabulary);

  void error(Code code, const Place& place, std::string message, std::string expected, std::string found,
             std::string remedy);

 private:
  std::optional<size_t> part(const Affine& affine, const BindScope& scope, BoundAffine& out);
  std::optional<BoundSubscript> subscript(const Subscript& subscript, const BindScope& scope,
                                          std::span<const int64_t> rest);
  std::optional<std::vector<int64_t>> area(const Region& region, const Place& place, std::span<const int64_t> sizes);
  std::optional<size_t> node(const Expression& expression, BindScope& scope, Formula& out);
  std::optional<size_t> name(const Name& name, const Place& place, BindScope& scope, Formula& out);
  std::optional<size_t> call(const Call& call, const Place& place, BindScope& scope, Formula& out);
  std::optional<Array> whole(const Expression& expression, const BindScope& scope) const;
  std::optional<size_t> model(const Call& call, const Place& place, BindScope& scope, Formula& out);
  std::optional<size_t> predicate(const Call& call, const Place& place, Function function, BindScope& scope,
                                  Formula& out);
  std::optional<size_t> width(const Formula::Node& node, const Place& place, const Formula& formula,
                              std::string_view function);
  size_t add(Formula& out, Formula::Node node);
  /// The nodes of a local name's expression once more: what they read and draw is the same.
  size_t splice(Formula& out, const Formula& local);
  Formula::Node seen_node(Function function, size_t slot, const ReadInstance& read) const;

  Instance& instance_;
  Diagnostics& diagnostics_;
};

}  // namespace caten::consensus
