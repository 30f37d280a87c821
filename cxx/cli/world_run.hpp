// A consensual program while it runs: on the interpreter or compiled, as --runtime says, and from what it began.
//
// In: a program and its inputs, from a file and the command line or from a journal. Out: steps, states, and what a
// journal needs of them. Entry: WorldRun::make.
#pragma once

#include <memory>

#include "cli/given_inputs.hpp"
#include "consensus/compiled/world.hpp"
#include "consensus/journal/replay.hpp"
#include "consensus/reference/account.hpp"

namespace caten {

class WorldRun {
 public:
  enum class On : uint8_t { kRuntime, kInterpreter };
  /// On the session's runtime, or on the interpreter whatever that is. Nothing after errors: what cannot be
  /// instantiated, races, contradictions.
  static std::unique_ptr<WorldRun> make(Session& session, const Settings& settings, consensus::Program program,
                                        const std::vector<GivenInput>& inputs, uint32_t seed, On on,
                                        Diagnostics& diagnostics);

  /// The next step.
  Status step();
  /// The next step, and what it does for a cell; on the interpreter alone.
  Result<consensus::reference::Account> account(size_t value, int64_t cell,
                                                const std::optional<consensus::reference::Target>& instead);
  uint64_t steps() const { return steps_; }  ///< since the run began, across restarts

  /// What the interpreter says of the last step; null: the step was compiled, or there was none.
  const consensus::reference::StepReport* report() const { return report_ ? &*report_ : nullptr; }
  const consensus::Instance& instance() const { return world_->instance(); }
  consensus::State state() const { return compiled_ ? compiled_->state() : world_->state(); }

  /// What a journal says of the last step.
  std::string event_text() const;
  std::string cells_digest() const;
  /// All that later steps depend on, and the digest of that state.
  std::string checkpoint() const;
  std::string digest() const { return consensus::digest(instance(), state()); }
  Status restore(const consensus::Record& checkpoint);

  /// Does again what a journal says; `seen` is called behind each step.
  consensus::Replayer replayer(std::function<Status()> seen);

 private:
  WorldRun() = default;
  Status start_compiled();

  std::unique_ptr<consensus::reference::World> world_{};
  std::unique_ptr<consensus::compiled::World> compiled_{};
  consensus::compiled::RunGraph run_{};  ///< null: on the interpreter
  std::string runtime_{};                ///< as --runtime has it
  std::optional<consensus::reference::StepReport> report_{};
  uint64_t steps_ = 0;
};

/// A journal, and its run at the beginning.
struct JournalRun {
  consensus::Journal journal;
  std::unique_ptr<WorldRun> run{};
};

/// The journal that the first operand behind the command names. What is torn at its end gives a note. Nothing after
/// errors.
std::optional<JournalRun> open_journal(Session& session, const Settings& settings, WorldRun::On on,
                                       Diagnostics& diagnostics);

}  // namespace caten
