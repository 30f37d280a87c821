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
#include "consensus/compiled/vote_count.hpp"
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
    /// Ascending: all others would say nothing, as nothing that they look at has changed. Nothing: any may say
    /// something.
    std::optional<std::vector<int32_t>> awake{};
  };
  using Group = reference::Group;

  BallotWorld(const Instance& instance, reference::Memory memory, CompileGraph compile);
  bool lower(std::string& reason);
  void mirror_all();
  void mirror(size_t value, int64_t cell);

  Status compile(Compiled& compiled);
  Arguments arguments_for(const Compiled& compiled, const std::vector<int32_t>& who,
                          const std::vector<Array>& models) const;
  bool all_active(const RuleInstance& rule, const Plan& plan) const;
  std::vector<int32_t> active(const RuleInstance& rule, const Plan& plan) const;
  bool can_sleep(const RuleBallot& ballot) const;
  void wake_all();
  void wake(size_t value, const std::vector<int64_t>& cells);
  Result<Said> say(size_t rule, const Plan& plan);
  Result<std::vector<Array>> call_models(RuleGraphs& graphs, const std::vector<int32_t>& who);
  Result<const CompiledBallot*> ballot_for(RuleGraphs& graphs, const std::vector<Array>& models);

  std::set<Group> winning_groups(const Tally& tally, const LargeVector<Vote>& winners) const;
  LargeVector<Vote> within_budgets(LargeVector<Vote> winners, const Event* event) const;
  std::set<Group> unsatisfied(const Tally& tally, const std::set<Group>& winning, LargeVector<Vote>& kept) const;
  Result<bool> answer(const std::set<Group>& unsatisfied, int64_t step, const Tally& tally, std::set<Group>& held);
  void publish(const std::vector<Said>& said, LargeVector<Vote> winners, const std::set<Group>& held, int64_t step);
  void publish(const Said& said, size_t emit, std::span<const Vote> winners, std::vector<int64_t>& cells);

  const Instance& instance_;
  reference::Memory memory_;
  CompileGraph compile_;
  std::vector<RuleGraphs> rules_{};
  std::vector<Cells> cells_{};         ///< of each value
  std::vector<bool> full_{};           ///< values all of whose cells are committed
  std::optional<ApartJudge> apart_{};  ///< where no graph judges
  VoteCount count_;
  std::optional<Footprints> footprints_{};
  std::optional<Agreement> agreement_{};
  std::optional<Event> event_{};
  int64_t step_ = 0;  ///< the one that is being made
};

}  // namespace caten::consensus::compiled
