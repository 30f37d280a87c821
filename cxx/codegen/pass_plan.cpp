#include "codegen/pass_plan.hpp"

#include "codegen/steps.hpp"

namespace caten {
namespace {

std::optional<Dim> step(const LoopNest& nest, const Dim& index, const Dim& variable) {
  return step_of(nest, index, *variable.as_symbol());
}

/// The indices of all loads that the folds of a pass need.
std::vector<Dim> loads(const LoopNest& nest, const PassPlan& plan) { return load_indices(nest, plan.folded); }

}  // namespace

std::optional<size_t> axis_across(const LoopNest& nest, const PassPlan& plan) {
  auto is_long = [](const Dim& extent) { return !extent.is_constant() || extent.constant() > kSmallSize; };
  if (plan.outer.empty() || !is_long(plan.axes.back().extent)) return std::nullopt;
  for (const Dim& index : load_indices(nest, plan.stored)) {
    std::optional<Dim> last = step(nest, index, plan.outer.back());
    if (!last || last->is(0) || last->is(1)) continue;
    for (size_t k = plan.outer.size() - 1; k-- > 0;) {
      std::optional<Dim> other = step(nest, index, plan.outer[k]);
      if (other && other->is(1) && is_long(plan.axes[k].extent)) return k;
    }
  }
  return std::nullopt;
}

std::vector<ValueId> loads_across(const LoopNest& nest, const PassPlan& plan, size_t across) {
  std::vector<ValueId> out;
  for (ValueId id : needed_values(nest, plan.stored)) {
    const ScalarValue& value = nest[id];
    if (value.kind == ValueKind::kSelect || value.kind == ValueKind::kClamp) return {};
    if (value.kind != ValueKind::kLoad) continue;
    std::optional<Dim> last = step(nest, value.index, plan.outer.back());
    std::optional<Dim> other = step(nest, value.index, plan.outer[across]);
    if (other && other->is(1) && last && !last->is(0)) out.push_back(id);
  }
  return out;
}

bool runs_along_columns(const LoopNest& nest, const Kernel& kernel, const PassPlan& plan) {
  if (kernel.passes > 1 || !plan.everywhere.empty() || plan.outer.empty() || plan.reduced.empty()) return false;
  int along_columns = 0, along_rows = 0;
  for (const Dim& index : loads(nest, plan)) {
    std::optional<Dim> column = step(nest, index, plan.outer.back()), row = step(nest, index, plan.reduced.back());
    if (column && column->is(1) && !(row && row->is(1))) ++along_columns;
    if (row && row->is(1) && !(column && column->is(0))) ++along_rows;
  }
  return along_columns > along_rows;
}

bool shares_columns(const LoopNest& nest, const PassPlan& plan) {
  if (plan.outer.size() < 2) return false;
  for (const Dim& index : loads(nest, plan)) {
    std::optional<Dim> column = step(nest, index, plan.outer.back());
    std::optional<Dim> row = step(nest, index, plan.outer[plan.outer.size() - 2]);
    if (column && column->is(1) && row && row->is(0)) return true;
  }
  return false;
}

bool shares_rows(const LoopNest& nest, const Kernel& kernel, const PassPlan& plan) {
  if (kernel.passes > 1 || !plan.everywhere.empty() || plan.folds.size() != 1 || plan.axes.size() < 2 ||
      plan.reduced.empty())
    return false;
  bool of_rows = false, of_columns = false;
  for (const Dim& index : loads(nest, plan)) {
    std::optional<Dim> row = step(nest, index, plan.outer[plan.outer.size() - 2]);
    std::optional<Dim> column = step(nest, index, plan.outer.back());
    std::optional<Dim> folded = step(nest, index, plan.reduced.back());
    if (!row || !column || !folded || (!row->is(0) && !column->is(0))) return false;
    of_rows = of_rows || (folded->is(1) && !row->is(0));
    of_columns = of_columns || (folded->is(1) && !column->is(0));
  }
  return of_rows && of_columns;
}

}  // namespace caten
