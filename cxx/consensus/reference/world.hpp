// A program that runs: the reference interpreter of docs/consensus.md, the oracle of what is compiled.
//
// In: a program, what its names mean, what is given, a seed. Out: a World whose state changes by steps. Invariants: a
// step is a pure function of the state; it changes the state whole or not at all. Entry: World::make, World::step.
#pragma once

#include <memory>

#include "consensus/reference/memory.hpp"

namespace caten::consensus::reference {

struct WorldOptions {
  InstanceOptions sizes{};
  ResolveOptions names{};
  bool in_rounds = false;              ///< winners by section 4
  std::optional<uint64_t> shuffled{};  ///< the order in which proposals are looked at; it changes nothing
};

class World {
 public:
  /// Nothing after errors.
  static std::unique_ptr<World> make(Program program, Given given, uint32_t seed, const WorldOptions& options,
                                     Diagnostics& diagnostics);

  /// The next step. After an error (E1027 to E1030) the state is the one before it.
  Result<StepReport> step(Observer* observer = nullptr);

  const Instance& instance() const { return *built_->instance; }
  const State& state() const { return memory_.state; }
  std::string digest() const { return consensus::digest(instance(), state()); }
  Array array(size_t value) const { return to_array(instance(), state(), value); }
  int64_t restarts() const { return memory_.restarts; }
  const Memory& memory() const { return memory_; }
  /// Goes on from here: from what a world of the same program, with the same given and the same seed, remembered.
  void restore(Memory memory) { memory_ = std::move(memory); }

  /// What other replicas of an event or rule set have seen. It counts from the next step on.
  Status merge(size_t value, const ReplicaSet<Event>& events);
  Status merge(size_t value, const ReplicaSet<RuleEdit>& edits);
  /// One constraint more, or (by name) one of the program's or an added one less, from the next step on. E1031.
  Status add_constraint(Constraint constraint);
  Status remove_constraint(const std::string& name);
  /// The instance with the edits of the rule set; a step does it by itself. What looks at the instance before is gone.
  Status settle();

 private:
  /// The program with the edits of its rule set, and all that follows from it.
  struct Built {
    Program program{};
    Names names{};
    std::optional<Instance> instance{};
    std::vector<RuleReader> readers{};
    std::optional<Palettes> palettes{};
    std::optional<Scopes> scopes{};
    std::set<Dot> edits{};  ///< what the rule sets held
  };
  World() = default;
  std::unique_ptr<Built> build(Program program, Diagnostics& diagnostics) const;
  Program edited(const std::map<size_t, ReplicaSet<RuleEdit>>& edits) const;
  void commit(const Decision& decision, const std::set<Group>& held, StepReport& report);
  Status answer_unsatisfied(const Decision& decision, std::set<Group>& held, StepReport& report);
  Result<size_t> rule_set() const;

  Program base_{};
  Given given_{};
  WorldOptions options_{};
  std::unique_ptr<Built> built_{};
  Memory memory_{};
};

}  // namespace caten::consensus::reference
