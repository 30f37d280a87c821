// What a step did for one cell, and why: who proposed what, what won, and what each of the others lost to.
//
// In: a world, a cell, and perhaps a value that it might have had. Out: the world's next step is done, and told. The
// judgements are the interpreter's own, seen through its Observer. Entry: account_of.
#pragma once

#include "consensus/reference/world.hpp"

namespace caten::consensus::reference {

/// A proposal for the cell, or the silence of an instance of a rule that could have made one.
struct Entry {
  size_t rule = 0;     ///< its place in the instance
  int64_t origin = 0;  ///< the cell that the rule's instance is on
  std::optional<Proposed> proposed{};
  bool committed = false;
  bool held = false;  ///< it won, but its group went back instead
  std::optional<Loss> loss{};
  std::optional<Proposed> winner{};          ///< of a conflict
  std::optional<Silence::Reason> silence{};  ///< nothing was proposed
  std::vector<RuleReader::Unseen> unseen{};  ///< of a silence: what was not there
};

/// A value that the cell might have had, judged as if it were proposed alone.
struct Hypothesised {
  bool proposed = false;  ///< somebody did propose it
  bool excluded = false;  ///< a palette takes it off the ids before one is drawn
  Judgement judgement{};
  bool better_than_keep = false;
};

struct Account {
  StepReport report{};
  std::optional<Target> before{}, after{};  ///< nothing: not committed
  Clock clock{};                            ///< of the cell, behind the step
  std::vector<Entry> entries{};             ///< by rule, origin and number
  std::optional<Hypothesised> instead{};
};

Result<Account> account_of(World& world, size_t value, int64_t cell, const std::optional<Target>& instead = {});

}  // namespace caten::consensus::reference
