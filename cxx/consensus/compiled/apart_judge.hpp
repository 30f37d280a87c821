// Judges constraints that no graph judges, proposal by proposal: those that ask an automaton. Part of the compiled
// steps of programs whose proposals compete.
//
// In: an instance, a state, a proposal. Out: what it violates before and behind it, as the interpreter says (3.5). What
// an automaton says of a scope is kept until one of its cells changes.
#pragma once

#include <map>
#include <optional>

#include "consensus/compiled/accepted_words.hpp"
#include "consensus/reference/judge.hpp"

namespace caten::consensus::compiled {

class ApartJudge {
 public:
  explicit ApartJudge(const Instance& instance);

  /// Adds, level by level, the weights that these constraints violate now and behind the proposal. False: it breaks one
  /// that is hard.
  bool judge(const State& state, const std::vector<size_t>& constraints, const reference::Proposed& proposed,
             std::span<int64_t> before, std::span<int64_t> after);

  /// The cell may have changed.
  void forget(size_t value, int64_t cell);
  void forget_all();

 private:
  struct Violated {
    bool before = false, after = false;
  };
  Violated violated(const State& state, size_t scope, const reference::Proposed& proposed);
  /// Nothing: the predicate asks for more than what an automaton says, or several of the scope's cells are proposed.
  std::optional<Violated> by_words(const State& state, size_t scope, const reference::Proposed& proposed);
  const AcceptedWords& words(const State& state, size_t scope, const Transitions& transitions);

  const Instance& instance_;
  reference::Scopes scopes_;
  std::vector<std::optional<Transitions>> transitions_{};  ///< by constraint, of those that are `… accepts …` alone
  std::map<size_t, AcceptedWords> words_{};                ///< by scope
  size_t bytes_ = 0;
};

}  // namespace caten::consensus::compiled
