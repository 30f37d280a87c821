// Live edits of a running program's constraints, and what other replicas have seen.
#include <fmt/format.h>

#include <algorithm>

#include "consensus/reference/world.hpp"
#include "consensus/words.hpp"

namespace caten::consensus::reference {
namespace {

Diagnostic wrong_edit(std::string message, std::string expected, std::string found, std::string remedy) {
  return {.code = Code::WrongEdit,
          .message = std::move(message),
          .expected = std::move(expected),
          .found = std::move(found),
          .remedy = std::move(remedy)};
}

}  // namespace

Result<size_t> World::rule_set() const {
  if (!memory_.state.edits.empty()) return memory_.state.edits.begin()->first;
  return fail(wrong_edit("the program's constraints cannot be edited while it runs", "a value of kind Rule", "none",
                         "declare it: value RuleSet : Rule shape Set() clock Lamport"));
}

Program World::edited(const std::map<size_t, ReplicaSet<RuleEdit>>& edits) const {
  Program out = base_;
  for (const auto& [value, set] : edits)
    for (const Dot& dot : set.dots()) {
      const RuleEdit& edit = set.at(dot);
      if (edit.added) {
        out.declarations.emplace_back(*edit.added);
      } else {
        std::erase_if(out.declarations, [&](const Declaration& declaration) {
          const Constraint* constraint = std::get_if<Constraint>(&declaration);
          return constraint && constraint->name.text == edit.removed;
        });
      }
    }
  return out;
}

Status World::settle() {
  std::set<Dot> now;
  for (const auto& [value, set] : memory_.state.edits) now.insert(set.dots().begin(), set.dots().end());
  if (now == built_->edits) return {};
  Diagnostics diagnostics;
  std::unique_ptr<Built> built = build(edited(memory_.state.edits), diagnostics);
  if (!built) return first_error(diagnostics);
  built->edits = std::move(now);
  built_ = std::move(built);
  return {};
}

Status World::merge(size_t value, const ReplicaSet<Event>& events) {
  auto mine = memory_.state.events.find(value);
  if (mine == memory_.state.events.end())
    return fail(wrong_edit("this value is no set of events", "a value of kind Event", instance().values[value].name(),
                           "merge into the plan"));
  mine->second.merge(events);
  return {};
}

Status World::merge(size_t value, const ReplicaSet<RuleEdit>& edits) {
  auto mine = memory_.state.edits.find(value);
  if (mine == memory_.state.edits.end())
    return fail(wrong_edit("this value is no set of rules", "a value of kind Rule", instance().values[value].name(),
                           "merge into the rule set"));
  std::map<size_t, ReplicaSet<RuleEdit>> all = memory_.state.edits;
  all[value].merge(edits);
  // Tried first, so that an edit that means nothing here leaves all as it is.
  Diagnostics diagnostics;
  if (!build(edited(all), diagnostics)) return first_error(diagnostics);
  mine->second.merge(edits);
  return {};
}

Status World::add_constraint(Constraint constraint) {
  Result<size_t> value = rule_set();
  if (!value) return tl::make_unexpected(value.error());
  ReplicaSet<RuleEdit> more = memory_.state.edits.at(*value);
  more.add(RuleEdit{.added = std::move(constraint), .removed = {}}, kInitialOrigin, memory_.state.step);
  return merge(*value, more);
}

Status World::remove_constraint(const std::string& name) {
  Result<size_t> value = rule_set();
  if (!value) return tl::make_unexpected(value.error());
  ReplicaSet<RuleEdit>& set = memory_.state.edits.at(*value);
  for (const Dot& dot : set.dots())
    if (set.at(dot).added && set.at(dot).added->name.text == name) {
      set.remove(dot);
      return {};
    }
  std::vector<std::string> names;
  for (const Constraint* each : built_->program.all<Constraint>()) names.push_back(each->name.text);
  if (std::find(names.begin(), names.end(), name) == names.end())
    return fail(wrong_edit(fmt::format("there is no constraint `{}`", name), fmt::format("{}", fmt::join(names, " ")),
                           name, suggestion(name, names, "name one that holds")));
  set.add(RuleEdit{.added = {}, .removed = name}, kInitialOrigin, memory_.state.step);
  return {};
}

}  // namespace caten::consensus::reference
