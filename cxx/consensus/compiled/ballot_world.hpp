// A world whose proposals compete: kernels say what is proposed and what it would break, and the winners of that are
// agreed on in memory.
//
// In: an instance, what is remembered before some step, a function that compiles graphs. Out: the states behind it.
// What is remembered is that of the interpreter, whole after each step; kernels read copies of the cells. Entry:
// BallotWorld::make.
#pragma once

#include <map>
#include <set>

#include "consensus/compiled/agreement.hpp"
#include "consensus/compiled/apart_judge.hpp"
#include "consensus/compiled/ballot_program.hpp"
#include "consensus/compiled/world.hpp"
#include "consensus/planning.hpp"

namespace caten::consensus::compiled {

class BallotWorld : public World {
 public:
  static std::unique_ptr<World> make(const Instance& instance, reference::Memory memory, const CompileGraph& compile,
                                     std::string& reason);

  Status step() override;
  State state() const override { return memory_.state; }
  StoredValue cells(size_t value) const override;
  reference::Memory memory() const override { return memory_; }
  std::string cells_digest() const override;
  const std::optional<Event>& event() const override { return event_; }

 private:
  struct Cells {
    Array elements{}, committed{};  ///< committed: bool
  };
  /// A graph that was compiled.
  struct Compiled {
    ListProgram program{};
    Launch launch{};
  };
  struct CompiledBallot : Compiled {
    BallotOutputs outputs{};
  };
  struct CompiledArguments : Compiled {
    std::vector<size_t> elements{};
    std::vector<bool> lists{};
  };
  /// A rule and its graphs; those that depend on what models give are kept by that.
  struct RuleGraphs {
    std::unique_ptr<RuleBallot> ballot{};
    std::optional<Compiled> asks{};
    std::map<std::string, CompiledArguments> arguments{};
    std::map<std::string, CompiledBallot> proposals{};
  };
  /// What the instances of a rule say in a step.
  struct Said {
    const RuleGraphs* graphs = nullptr;
    const CompiledBallot* compiled = nullptr;
    std::vector<int32_t> who{};
    std::vector<Array> outputs{};
  };
  using Group = reference::Group;
  struct Tally {
    std::map<Group, bool> admitted{};  ///< groups with proposals, and whether one of them is admissible
    std::vector<Vote> admissible{};
    std::vector<std::pair<size_t, int64_t>> stuck{};
    int64_t proposed = 0;
  };

  BallotWorld(const Instance& instance, reference::Memory memory, CompileGraph compile);
  bool lower(std::string& reason);
  void mirror_all();
  void mirror(size_t value, int64_t cell);

  Status compile(Compiled& compiled);
  Arguments arguments_for(const Compiled& compiled, const std::vector<int32_t>& who,
                          const std::vector<Array>& models) const;
  std::vector<int32_t> active(const RuleInstance& rule, const Plan& plan) const;
  Result<Said> say(size_t rule, const Plan& plan);
  Result<std::vector<Array>> call_models(RuleGraphs& graphs, const std::vector<int32_t>& who);
  Result<const CompiledBallot*> ballot_for(RuleGraphs& graphs, const std::vector<Array>& models);

  void collect(size_t rule, const Said& said, Tally& tally);
  void collect(size_t rule, size_t site, size_t item, const Said& said, Tally& tally);
  bool judge(const Said& said, Vote& vote);
  bool present(const Said& said, size_t emit, size_t item) const;
  reference::Bar as_bar(const Said& said, const Vote& vote) const;
  std::vector<reference::Target> targets_of(const Said& said, size_t site, size_t item) const;
  template <class Visit>
  void for_each_place(const std::vector<Said>& said, const Vote& vote, Visit&& visit) const;

  std::vector<Vote> choose(const std::vector<Said>& said);
  std::vector<Vote> within_budgets(const std::vector<Vote>& winners, const Event* event) const;
  std::set<Group> unsatisfied(const std::vector<Said>& said, const Tally& tally, const std::vector<Vote>& winners,
                              std::vector<Vote>& kept);
  Result<bool> answer(const std::set<Group>& unsatisfied, int64_t step, const Tally& tally, std::set<Group>& held);
  void publish(const std::vector<Said>& said, const std::vector<Vote>& winners, const std::set<Group>& held,
               int64_t step);
  void publish(const Said& said, size_t emit, const std::vector<const Vote*>& winners, std::vector<int64_t>& cells);

  const Instance& instance_;
  reference::Memory memory_;
  CompileGraph compile_;
  std::vector<RuleGraphs> rules_{};
  std::vector<Cells> cells_{};          ///< of each value
  std::vector<int64_t> first_place_{};  ///< of each value's cells
  std::optional<ApartJudge> apart_{};   ///< where no graph judges
  Agreement agreement_;
  std::optional<Event> event_{};
  int64_t step_ = 0;  ///< the one that is being made
  // Of the proposal that is judged:
  std::vector<int64_t> keeps_{};  ///< what is violated now, of each level
  bool better_than_keep_ = false;
};

}  // namespace caten::consensus::compiled
