#include "consensus/compiled/step_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "consensus/compiled/rule_lowering.hpp"

namespace caten::consensus::compiled {
namespace {

class StepLowering {
 public:
  StepLowering(const Instance& instance, const std::vector<bool>& whole, Obstacle& obstacle)
      : instance_(instance), whole_(whole), obstacle_(obstacle), b_(out_.graph) {}

  std::optional<StepProgram> run() {
    check_values();
    check_rules();
    check_commits();
    check_constraints();
    check_schedules();
    if (obstacle_.met()) return std::nullopt;
    add_arguments();
    for (size_t i = 0; i < instance_.rules.size(); ++i) {
      add_rule(i);
      if (obstacle_.met()) return std::nullopt;
    }
    for (Array& table : step_.tables) out_.tables.push_back(std::move(table));
    return std::move(out_);
  }

 private:
  const std::string& name_of(const RuleInstance& rule) const { return rule.declaration->name.text; }

  void check_values() {
    for (const ValueInstance& value : instance_.values) {
      if (std::holds_alternative<RuleKind>(value.declaration->kind))
        obstacle_.add(fmt::format("`{}` holds edits of the constraints", value.name()));
      if (std::holds_alternative<LatentKind>(value.declaration->kind))
        obstacle_.add(fmt::format("`{}` has vectors in its cells", value.name()));
      if (value.cells > INT32_MAX) obstacle_.add(fmt::format("`{}` has more than 2^31 - 1 cells", value.name()));
    }
  }

  void check_rules() {
    std::set<size_t> changed;
    for (const RuleInstance& rule : instance_.rules) {
      if (rule.emits.size() != 1) obstacle_.add(fmt::format("rule `{}` makes several proposals", name_of(rule)));
      if (!changed.insert(rule.emits[0].target.value).second)
        obstacle_.add(fmt::format("rule `{}` is not the only one of its value", name_of(rule)));
    }
  }

  void check_commits() {
    for (const CommitInstance& commit : instance_.commits) {
      const std::string& value = commit.declaration->target.value.text;
      if (commit.budget) obstacle_.add(fmt::format("the commit of `{}` has a budget", value));
      if (commit.declaration->on_unsat.form != OnUnsat::Form::kKeep)
        obstacle_.add(fmt::format("the commit of `{}` asks for more than keep where nothing is admissible", value));
    }
    for (const RuleInstance& rule : instance_.rules)
      for (const auto& [commit, group] : instance_.committed_by[rule.emits[0].target.value])
        if (commit < 0)
          return obstacle_.add(fmt::format("rule `{}` proposes for cells outside of every commit", name_of(rule)));
  }

  /// What forbids changes of fixed cells is a mask; nothing else is one.
  void check_constraints() {
    for (const ConstraintInstance& constraint : instance_.constraints) {
      const Constraint& declared = *constraint.declaration;
      bool lock = declared.mode == Constraint::Mode::kForbid &&
                  constraint.predicate.root().function == Function::kChange && declared.weight > 0 &&
                  !is_float(instance_.values[constraint.value].dtype);
      if (!lock) obstacle_.add(fmt::format("constraint `{}` is no lock of fixed cells", declared.name.text));
    }
  }

  void check_schedules() {
    if (instance_.schedules.size() > 1) return obstacle_.add("there are several schedules");
    if (instance_.schedules.empty()) return;
    const ScheduleInstance& schedule = instance_.schedules[0];
    static const std::set<std::string> known{"red-black", "four-colour", "wavefront"};
    if (!known.contains(schedule.strategy)) obstacle_.add(fmt::format("the schedule is {}", schedule.strategy));
    if (schedule.budget) obstacle_.add("the schedule has a budget");
  }

  void add_arguments() {
    out_.graph.name = instance_.program->name.text;
    step_.step = out_.graph.add_input("step", {DType::kI64, {}});
    step_.seed = out_.graph.add_input("seed", {DType::kI64, {}});
    step_.phase = out_.graph.add_input("phase", {DType::kU32, {}});
    step_.colour = out_.graph.add_input("colour", {DType::kI64, {}});
    out_.layouts = layouts_of(instance_);
    for (size_t i = 0; i < instance_.values.size(); ++i) {
      const ValueInstance& value = instance_.values[i];
      StoredNodes& stored = step_.values.emplace_back();
      stored.layout = out_.layouts[i];
      if (value.set) continue;
      auto input = [&](const char* what, DType dtype) {
        return out_.graph.add_input(value.name() + what, {dtype, {Dim(stored.layout.elements())}});
      };
      stored.elements = input(" elements", value.dtype);
      out_.stored.push_back({.value = i, .committed = false});
      if (whole_[i]) continue;
      stored.committed = input(" committed", DType::kBool);
      out_.stored.push_back({.value = i, .committed = true});
    }
  }

  size_t add_output(std::string name, NodeId node) {
    out_.graph.outputs.push_back({std::move(name), node});
    return out_.graph.outputs.size() - 1;
  }

  void add_rule(size_t index) {
    const RuleInstance& rule = instance_.rules[index];
    const ScheduleInstance* schedule = instance_.schedules.empty() ? nullptr : instance_.schedules.data();
    RuleNodes made = RuleLowering(instance_, rule, schedule, b_, step_, obstacle_).lower();
    if (obstacle_.met()) return;
    size_t value = rule.emits[0].target.value;
    const StoredNodes& before = step_.values[value];
    for (StepProgram::Stored& stored : out_.stored) {
      if (stored.value != value) continue;
      if (!stored.committed) {
        stored.output = add_output(fmt::format("elements{}", rule.number), made.elements);
        continue;
      }
      std::vector<int64_t> here(before.layout.sizes().size());
      NodeId open = b_.negate(before.layout.seen(b_, *before.committed, here));
      stored.output =
          add_output(fmt::format("committed{}", rule.number), b_.negate(b_.both(open, b_.negate(made.won))));
    }
    StepProgram::Change change{.rule = index, .value = value};
    if (!made.always) change.output = add_output(fmt::format("won{}", rule.number), made.won);
    out_.changes.push_back(change);
  }

  const Instance& instance_;
  const std::vector<bool>& whole_;
  Obstacle& obstacle_;
  StepProgram out_;
  Build b_;
  StepNodes step_;
};

}  // namespace

std::optional<StepProgram> lower_step(const Instance& instance, const std::vector<bool>& whole, std::string& reason) {
  Obstacle obstacle;
  std::optional<StepProgram> out = StepLowering(instance, whole, obstacle).run();
  reason = obstacle.reason;
  return out;
}

}  // namespace caten::consensus::compiled
