// Instantiation of constraints and commits: which cells each is about.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "consensus/instantiation.hpp"
#include "consensus/print.hpp"

namespace caten::consensus {
namespace {

/// About cells one by one, whatever their number: `change`, `read_future` and palettes.
bool per_cell(const Formula& predicate) {
  if (predicate.uses(Function::kAllDifferent) || predicate.uses(Function::kAccepts)) return false;
  return predicate.uses(Function::kChange) || predicate.uses(Function::kReadFuture) ||
         predicate.uses(Function::kInPalette);
}

std::vector<int64_t> cells_at(const BoundReference& reference, std::span<const int64_t> names) {
  std::vector<int64_t> out;
  reference.for_each(names, nullptr, [&](int64_t cell) {
    if (cell >= 0) out.push_back(cell);
  });
  return out;
}

bool depends_on_data(const BoundReference& reference) {
  return std::any_of(reference.subscripts.begin(), reference.subscripts.end(),
                     [](const BoundSubscript& each) { return each.form == BoundSubscript::Form::kValue; });
}

}  // namespace

std::vector<std::string> brought_names(const Instance& instance, const Reference& reference,
                                       std::vector<int64_t>& sizes) {
  std::vector<std::string> out;
  std::optional<size_t> value = find_value(instance, reference.value.text);
  for (size_t i = 0, axis = 0; value && i < reference.subscripts.size(); ++i, ++axis) {
    // Behind a region the axes are counted from the end.
    if (std::holds_alternative<Region>(reference.subscripts[i].node))
      axis = instance.values[*value].sizes.size() - (reference.subscripts.size() - i);
    const Affine* affine = std::get_if<Affine>(&reference.subscripts[i].node);
    if (!affine || affine->terms.size() != 1 || affine->constant != 0 || affine->terms[0].coefficient != 1) continue;
    const Name* name = std::get_if<Name>(&affine->terms[0].atom);
    if (!name || instance.parameters.contains(name->text) || std::find(out.begin(), out.end(), name->text) != out.end())
      continue;
    out.push_back(name->text);
    sizes.push_back(instance.values[*value].sizes[axis]);
  }
  return out;
}

void for_each_index(const std::vector<int64_t>& sizes, const std::function<void(const std::vector<int64_t>&)>& visit) {
  std::vector<int64_t> at(sizes.size());
  while (true) {
    visit(at);
    size_t axis = sizes.size();
    while (axis > 0 && ++at[axis - 1] == sizes[axis - 1]) at[--axis] = 0;
    if (axis == 0) return;
  }
}

std::vector<std::pair<size_t, int64_t>> ConstraintInstance::cells_of(const ConstraintCells& cells) const {
  std::vector<std::pair<size_t, int64_t>> out;
  for (int64_t cell : cells.scope) out.emplace_back(value, cell);
  for (const ReadInstance& each : references)
    for (int64_t cell : cells_at(*each.cells, cells.names)) out.emplace_back(each.value, cell);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::optional<std::vector<bool>> ConstraintInstance::allowed_ids() const {
  bool negated = predicate.nodes.size() == 2 && predicate.root().function == Function::kNot;
  if (predicate.nodes[0].function != Function::kInPalette || predicate.nodes.size() != (negated ? 2 : 1))
    return std::nullopt;
  std::vector<bool> out = palettes[0];
  if (negated != (declaration->mode == Constraint::Mode::kForbid)) out.flip();
  return out;
}

void Instantiation::constraints() {
  std::set<int64_t, std::greater<>> priorities;
  int64_t total = 0;
  for (const Constraint* each : instance.program->all<Constraint>()) {
    ConstraintInstance out{.declaration = each, .number = instance.constraints.size()};
    std::vector<int64_t> sizes;
    BindScope scope{.indices = brought_names(instance, each->scope, sizes), .references_allowed = true};
    std::optional<BoundReference> cells = binder.reference(each->scope, scope);
    if (!cells) continue;
    out.value = cells->value;
    scope.palette_ids = instance.values[out.value].vocabulary;
    std::optional<Formula> predicate = binder.formula(each->predicate, scope);
    if (!predicate) continue;
    bool data = depends_on_data(*cells);
    for (const ReadInstance& read : scope.references) data = data || depends_on_data(*read.cells);
    if (data || instance.values[out.value].set || predicate->root().width != Formula::kNumber) {
      binder.error(Code::IllTyped, each->place, "a constraint that is not about fixed cells, or is a list",
                   "true or false, of cells that do not depend on what cells hold", text_of(each->predicate),
                   "index by tensors, and use any or all for lists");
      continue;
    }
    out.predicate = std::move(*predicate);
    out.references = std::move(scope.references);
    out.palettes = std::move(scope.palettes);
    out.automata = std::move(scope.automata);
    bool one_by_one = per_cell(out.predicate);
    for_each_index(sizes, [&](const std::vector<int64_t>& place) {
      if (total > options.max_scopes) return;
      std::vector<int64_t> found = cells_at(*cells, place);
      total += static_cast<int64_t>(found.size()) + 1;
      if (one_by_one)
        for (int64_t cell : found) out.instances.push_back({place, {cell}});
      else if (!found.empty() || !out.references.empty())
        out.instances.push_back({place, std::move(found)});
    });
    if (total > options.max_scopes)
      binder.error(Code::WorldTooLarge, each->place, "constraints over more cells than this runtime holds",
                   fmt::format("at most {} in all", options.max_scopes), "more", "give smaller sizes");
    priorities.insert(each->priority);
    instance.constraints.push_back(std::move(out));
  }
  instance.priorities.assign(priorities.begin(), priorities.end());
  for (ConstraintInstance& each : instance.constraints)
    each.level = static_cast<size_t>(
        std::find(instance.priorities.begin(), instance.priorities.end(), each.declaration->priority) -
        instance.priorities.begin());
}

void Instantiation::commits() {
  instance.committed_by.resize(instance.values.size());
  for (size_t i = 0; i < instance.values.size(); ++i)
    instance.committed_by[i].assign(static_cast<size_t>(instance.values[i].cells), {-1, -1});
  for (const Commit* each : instance.program->all<Commit>()) {
    CommitInstance out{.declaration = each};
    std::vector<int64_t> sizes;
    BindScope scope{.indices = brought_names(instance, each->target, sizes)};
    std::optional<BoundReference> cells = binder.reference(each->target, scope);
    if (!cells) continue;
    out.value = cells->value;
    if (each->budget) out.budget = binder.formula(*each->budget, scope);
    bool twice = false;
    for_each_index(sizes, [&](const std::vector<int64_t>& place) {
      for (int64_t cell : cells_at(*cells, place)) {
        auto& by = instance.committed_by[out.value][static_cast<size_t>(cell)];
        twice = twice || by.first >= 0;
        by = {static_cast<int32_t>(instance.commits.size()), static_cast<int32_t>(out.groups.size())};
      }
      out.groups.push_back(place);
    });
    if (twice)
      binder.error(Code::WrongCommit, each->place,
                   fmt::format("cells of `{}` are committed twice", each->target.value.text),
                   "one commit for each cell", text_of(each->target), "let their targets be disjoint");
    instance.commits.push_back(std::move(out));
  }
  for (const RuleInstance& rule : instance.rules)
    for (const EmitInstance& emit : rule.emits) {
      const auto& by = instance.committed_by[emit.target.value];
      if (std::all_of(by.begin(), by.end(), [](const auto& at) { return at.first < 0; }))
        binder.error(Code::WrongCommit, emit.declaration->place,
                     fmt::format("nothing commits `{}`", instance.values[emit.target.value].name()), "a commit of it",
                     text_of(emit.declaration->target),
                     fmt::format("add: commit {}[*] using satisfy(max_constraints_then_score)",
                                 instance.values[emit.target.value].name()));
    }
}

}  // namespace caten::consensus
