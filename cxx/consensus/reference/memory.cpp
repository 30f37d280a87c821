#include "consensus/reference/memory.hpp"

#include <fmt/format.h>

namespace caten::consensus::reference {

void remember(const Instance& instance, const Memory& memory, const Group& group, const Bar& winner,
              std::map<Group, Undo>& undo) {
  auto [of_group, added] = undo.emplace(group, Undo{});
  if (auto bars = memory.bars.find(group); added && bars != memory.bars.end()) of_group->second.bars = bars->second;
  of_group->second.bars.push_back(winner);
  for (const Target& target : winner.targets) {
    const ValueInstance& value = instance.values[target.value];
    const StoredValue& stored = memory.state.values[target.value];
    Undo::Before before{.target = {target.value, target.cell, {}},
                        .committed = memory.state.committed(target.value, target.cell),
                        .clock = stored.clocks.at(target.cell)};
    size_t size = dtype_size(value.dtype);
    for (int64_t i = 0; i < value.width; ++i)
      before.target.elements.push_back(Scalar::load(
          value.dtype, stored.elements.data() + static_cast<size_t>(target.cell * value.width + i) * size));
    of_group->second.before.push_back(std::move(before));
  }
}

Undone backtrack(const Instance& instance, Memory& memory, const Group& group, int64_t commits) {
  Undone out;
  std::vector<Undo>& history = memory.history[group];
  for (; out.commits < commits && !history.empty(); ++out.commits) {
    Undo undo = std::move(history.back());
    history.pop_back();
    for (const Undo::Before& before : undo.before) {
      StoredValue& value = memory.state.values[before.target.value];
      for (size_t e = 0; e < before.target.elements.size(); ++e)
        write_element(instance, memory.state, before.target.value, before.target.cell, static_cast<int64_t>(e),
                      before.target.elements[e]);
      value.committed[static_cast<size_t>(before.target.cell)] = before.committed;
      value.clocks.set({before.target.cell}, before.clock);
      out.cells.emplace_back(before.target.value, before.target.cell);
    }
    memory.bars[group] = std::move(undo.bars);
  }
  return out;
}

Status restart(const Instance& instance, Memory& memory, const Group& group) {
  const Commit& commit = *instance.commits[group.first].declaration;
  uint32_t first = memory.state.seed - static_cast<uint32_t>(memory.restarts);
  if (memory.restarts >= commit.on_unsat.count)
    return fail(
        {.code = Code::RestartsUsed,
         .message = fmt::format("`{}` is unsatisfied after {} restarts", commit.target.value.text, memory.restarts),
         .span = commit.place.span,
         .expected = "a run in which something is admissible in every step",
         .found = fmt::format("none with the seeds {} to {}", first, memory.state.seed),
         .remedy = "allow more restarts, try another seed, or weaken a constraint"});
  Result<State> again = initial_state(instance, memory.state.seed + 1);
  if (!again) return tl::make_unexpected(again.error());
  ++memory.restarts;
  // Edits of the constraints come from outside: they hold in the new run as they did in the old one.
  again->edits = std::move(memory.state.edits);
  memory.state = std::move(*again);
  memory.history.clear();
  memory.bars.clear();
  return {};
}

tl::unexpected<Diagnostic> unsatisfied(const Instance& instance, const Group& group, int64_t step, int64_t proposed,
                                       int64_t stuck) {
  const Commit& commit = *instance.commits[group.first].declaration;
  return fail({.code = Code::Unsatisfied,
               .message = fmt::format("nothing is admissible for `{}` in step {}", commit.target.value.text, step),
               .span = commit.place.span,
               .expected = "a proposal that breaks no hard constraint",
               .found = fmt::format("{} proposals, and {} cells for which nothing could be drawn", proposed, stuck),
               .remedy = "weaken a constraint, or choose another on_unsat than fail"});
}

}  // namespace caten::consensus::reference
