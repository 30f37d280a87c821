#include "consensus/analysis/masks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/analysis/conditions.hpp"
#include "consensus/print.hpp"

namespace caten::consensus {
namespace {

std::vector<bool> cells_of(const Instance& instance, const ConstraintInstance& constraint) {
  std::vector<bool> out(static_cast<size_t>(instance.values[constraint.value].cells), false);
  for (const ConstraintCells& each : constraint.instances)
    for (int64_t cell : each.scope) out[static_cast<size_t>(cell)] = true;
  return out;
}

bool is_lock(const ConstraintInstance& constraint) {
  return constraint.declaration->hard && constraint.declaration->mode == Constraint::Mode::kForbid &&
         constraint.predicate.nodes.size() == 1 && constraint.predicate.root().function == Function::kChange;
}

/// The number that an index expression is whatever the cell is.
std::optional<int64_t> fixed(const Affine& affine, const Integers& given) {
  LinearSpace space(given);
  std::optional<LinearForm> form = space.form(affine);
  return form && space.variables() == 0 ? std::optional(form->constant) : std::nullopt;
}

/// A subscript that leads outside of an axis, as it is written.
bool leaves(const Subscript& subscript, int64_t size, const Integers& given) {
  auto outside = [&](const Affine& affine) {
    std::optional<int64_t> place = fixed(affine, given);
    return place && (*place < 0 || *place >= size);
  };
  if (const Affine* index = std::get_if<Affine>(&subscript.node)) return outside(*index);
  const Range* range = std::get_if<Range>(&subscript.node);
  return range && (outside(range->first) || outside(range->last));
}

}  // namespace

Integers integers_of(const Instance& instance) {
  Integers out;
  for (const auto& [name, given] : instance.parameters)
    if (const int64_t* value = std::get_if<int64_t>(&given)) out.emplace(name, *value);
  return out;
}

StaticMasks static_masks(const Instance& instance) {
  StaticMasks out;
  for (const ConstraintInstance& each : instance.constraints) {
    if (is_lock(each)) out.locks.push_back({each.declaration, each.value, cells_of(instance, each)});
    if (std::optional<std::vector<bool>> ids = each.allowed_ids())
      out.palettes.push_back({each.declaration, each.value, std::move(*ids), cells_of(instance, each)});
  }
  return out;
}

void check_regions(const Instance& instance, Diagnostics& diagnostics) {
  Integers given = integers_of(instance);
  for (const ConstraintInstance& each : instance.constraints) {
    const Reference& scope = each.declaration->scope;
    const std::vector<int64_t>& sizes = instance.values[each.value].sizes;
    auto outside = [&](const Place& place, std::string expected) {
      diagnostics.add({.code = ::caten::Code::OutsideGrid,
                       .message = fmt::format("`{}` is about cells that `{}` does not have",
                                              each.declaration->name.text, scope.value.text),
                       .span = place.span,
                       .expected = std::move(expected),
                       .found = text_of(scope),
                       .remedy = "keep the constraint to the grid, or give other sizes"});
    };
    bool found = false;
    for (size_t i = 0; i < scope.subscripts.size() && !found; ++i) {
      if (std::holds_alternative<Region>(scope.subscripts[i].node)) break;
      found = leaves(scope.subscripts[i], sizes[i], given);
      if (found) outside(scope.subscripts[i].place, fmt::format("places from 0 to {}", sizes[i] - 1));
    }
    if (!found && each.instances.empty()) outside(scope.place, "at least one cell");
  }
}

}  // namespace caten::consensus
