// A consensual program while it runs: on the interpreter or compiled, and from what it began.
//
// In: a program and its inputs, from files and the command line, from Lisp or from a journal. Out: steps, states, and
// what a journal needs of them. Entry: WorldRun::make.
#pragma once

#include <memory>

#include "consensus/compiled/world.hpp"
#include "consensus/journal/checkpoint.hpp"
#include "consensus/journal/replay.hpp"
#include "consensus/reference/account.hpp"
#include "driver/session.hpp"
#include "worlds/given_inputs.hpp"

namespace caten {

/// What is around a run.
struct Surroundings {
  consensus::ResolveOptions composites{};
  ModelNamed model{};
  std::string runtime{};  ///< as --runtime has it
  bool report = false;    ///< steps are to say what they did
};

class WorldRun {
 public:
  /// On the session's runtime, on the interpreter whatever that is, or on the runtime if the program is compiled and
  /// on the interpreter if it is not.
  enum class On : uint8_t { kRuntime, kInterpreter, kEither };
  /// Nothing after errors: what cannot be instantiated, races, contradictions. The session and what is around the run
  /// must live as long.
  static std::unique_ptr<WorldRun> make(Session& session, const Surroundings& around, consensus::Program program,
                                        const std::vector<GivenInput>& inputs, uint32_t seed, On on,
                                        Diagnostics& diagnostics);

  /// The next step.
  Status step();
  /// The next step, and what it does for a cell; on the interpreter alone.
  Result<consensus::reference::Account> account(size_t value, int64_t cell,
                                                const std::optional<consensus::reference::Target>& instead);
  /// What the step behind this memory does for a cell; the run stays where it is. Since then the constraints must not
  /// have been edited.
  Result<consensus::reference::Account> account_from(consensus::reference::Memory before, size_t value, int64_t cell,
                                                     const std::optional<consensus::reference::Target>& instead);
  uint64_t steps() const { return steps_; }  ///< since the run began, across restarts
  /// k, which edits of the constraints move on; of a compiled run that is a look at the state.
  int64_t clock() const { return compiled_ ? compiled_->state().step : world_->state().step; }

  /// One constraint more, or the one of this name less, from the next step on, in a program that has a rule set
  /// (E1031). After an error all is as it was.
  Status add_constraint(consensus::Constraint constraint);
  Status remove_constraint(const std::string& name);

  bool compiled() const { return compiled_ != nullptr; }
  /// Why steps are not compiled that may be; "" where nobody asked for it.
  const std::string& interpreted_because() const { return interpreted_because_; }

  /// What the interpreter says of the last step; null: the step was compiled, or there was none.
  const consensus::reference::StepReport* report() const { return report_ ? &*report_ : nullptr; }
  const consensus::Instance& instance() const { return world_->instance(); }
  consensus::State state() const { return compiled_ ? compiled_->state() : world_->state(); }
  /// Of one value, without clocks.
  consensus::StoredValue cells(size_t value) const {
    return compiled_ ? compiled_->cells(value) : world_->state().values[value];
  }

  /// What a journal says of the last step.
  std::string event_text() const;
  std::string cells_digest() const;
  /// All that later steps depend on, also as a checkpoint, and the digest of that state.
  consensus::reference::Memory memory() const;
  std::string checkpoint() const { return consensus::encode_checkpoint(instance(), memory()); }
  std::string digest() const { return consensus::digest(instance(), state()); }
  Status restore(const consensus::Record& checkpoint);

  /// Does again what a journal says; `seen` is called behind each step.
  consensus::Replayer replayer(std::function<Status()> seen);

 private:
  WorldRun() = default;
  Status start();
  Status edit(const std::function<Status()>& change);

  On on_ = On::kRuntime;
  Session* session_ = nullptr;
  std::unique_ptr<consensus::reference::World> world_{};
  std::unique_ptr<consensus::compiled::World> compiled_{};
  std::string interpreted_because_{};
  std::string runtime_{};  ///< as --runtime has it
  std::optional<consensus::reference::StepReport> report_{};
  uint64_t steps_ = 0;
};

/// A journal, and its run at the beginning.
struct JournalRun {
  consensus::Journal journal;
  std::unique_ptr<WorldRun> run{};
};

/// The journal of a file. What is torn at its end gives a note. Nothing after errors.
std::optional<JournalRun> open_journal(Session& session, const Surroundings& around, const std::string& path,
                                       WorldRun::On on, Diagnostics& diagnostics);

}  // namespace caten
