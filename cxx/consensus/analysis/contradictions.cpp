#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "consensus/analysis/masks.hpp"

namespace caten::consensus {
namespace {

using Set = std::vector<const Constraint*>;
using Ids = std::vector<bool>;

/// The ids that each cell of a value starts with, or -1.
std::vector<int64_t> initial_ids(const Instance& instance, const State& initial, size_t value) {
  std::vector<int64_t> out;
  for (int64_t cell = 0; cell < instance.values[value].cells; ++cell)
    out.push_back(initial.committed(value, cell) ? read_element(instance, initial, value, cell).integer : -1);
  return out;
}

/// What hard constraints leave to the cells of one value.
class Domains {
 public:
  Domains(const StaticMasks& masks, std::vector<int64_t> initial, size_t value, int64_t ids)
      : initial_(std::move(initial)), ids_(static_cast<size_t>(ids)) {
    for (const StaticMasks::Palette& each : masks.palettes)
      if (each.value == value && each.constraint->hard) palettes_.push_back(&each);
    for (const StaticMasks::Lock& each : masks.locks)
      if (each.value == value) locks_.push_back(&each);
  }

  /// The constraints that bind a cell.
  Set binding(size_t cell) const {
    Set out;
    for (const auto* each : palettes_)
      if (each->cells[cell]) out.push_back(each->constraint);
    for (const auto* each : locks_)
      if (each->cells[cell] && initial_[cell] >= 0) out.push_back(each->constraint);
    return out;
  }

  /// The ids of a cell under these constraints.
  Ids ids(size_t cell, const Set& under) const {
    Ids out(ids_, true);
    auto counts = [&](const Constraint* constraint) {
      return std::find(under.begin(), under.end(), constraint) != under.end();
    };
    for (const auto* each : palettes_)
      if (each->cells[cell] && counts(each->constraint))
        for (size_t id = 0; id < ids_; ++id) out[id] = out[id] && each->ids[id];
    for (const auto* each : locks_)
      if (each->cells[cell] && initial_[cell] >= 0 && counts(each->constraint))
        for (size_t id = 0; id < ids_; ++id) out[id] = out[id] && static_cast<int64_t>(id) == initial_[cell];
    return out;
  }

  size_t size() const { return ids_; }
  const std::vector<int64_t>& initial() const { return initial_; }

 private:
  std::vector<int64_t> initial_;
  size_t ids_;
  std::vector<const StaticMasks::Palette*> palettes_{};
  std::vector<const StaticMasks::Lock*> locks_{};
};

/// Can each of these cells get an id of its own? By augmenting paths.
class Matching {
 public:
  Matching(std::vector<Ids> domains, size_t ids) : domains_(std::move(domains)), holder_(ids, SIZE_MAX) {}

  bool complete() {
    for (size_t cell = 0; cell < domains_.size(); ++cell) {
      std::vector<bool> tried(holder_.size(), false);
      if (!place(cell, tried)) return false;
    }
    return true;
  }

 private:
  /// Recursion is as deep as there are ids.
  bool place(size_t cell, std::vector<bool>& tried) {
    for (size_t id = 0; id < holder_.size(); ++id) {
      if (!domains_[cell][id] || tried[id]) continue;
      tried[id] = true;
      if (holder_[id] != SIZE_MAX && !place(holder_[id], tried)) continue;
      holder_[id] = cell;
      return true;
    }
    return false;
  }

  std::vector<Ids> domains_;
  std::vector<size_t> holder_;
};

class ContradictionFinder {
 public:
  ContradictionFinder(const Instance& instance, const State& initial, Diagnostics& diagnostics)
      : instance_(instance), initial_(initial), diagnostics_(diagnostics), masks_(static_masks(instance)) {}

  void run() {
    for (const StaticMasks::Palette& each : masks_.palettes)
      if (std::none_of(each.ids.begin(), each.ids.end(), [](bool id) { return id; }))
        report({each.constraint}, fmt::format("no id of `{}` is in the palette", instance_.values[each.value].name()));
    for (size_t value = 0; value < instance_.values.size(); ++value)
      if (instance_.values[value].token()) of_value(value);
  }

 private:
  void of_value(size_t value) {
    int64_t vocabulary = instance_.values[value].vocabulary;
    bool bound =
        std::any_of(instance_.constraints.begin(), instance_.constraints.end(),
                    [&](const ConstraintInstance& each) { return each.value == value && each.declaration->hard; });
    if (!bound) return;
    Domains domains(masks_, initial_ids(instance_, initial_, value), value, vocabulary);
    std::set<std::pair<Set, int64_t>> looked;  // cells with the same constraints and the same beginning are alike
    for (size_t cell = 0; cell < domains.initial().size(); ++cell) {
      Set binding = domains.binding(cell);
      if (binding.empty() || !looked.emplace(binding, domains.initial()[cell]).second) continue;
      auto impossible = [&](const Set& set) {
        Ids ids = domains.ids(cell, set);
        return std::none_of(ids.begin(), ids.end(), [](bool id) { return id; });
      };
      if (impossible(binding))
        report(smallest(binding, impossible),
               fmt::format("no id is left to {}", cell_text(value, static_cast<int64_t>(cell))));
    }
    for (const ConstraintInstance& each : instance_.constraints)
      if (each.value == value && is_distinct(each)) distinct(each, domains);
  }

  static bool is_distinct(const ConstraintInstance& constraint) {
    return constraint.declaration->hard && constraint.declaration->mode == Constraint::Mode::kRequire &&
           constraint.predicate.nodes.size() == 1 && constraint.predicate.root().function == Function::kAllDifferent;
  }

  void distinct(const ConstraintInstance& constraint, const Domains& domains) {
    for (const ConstraintCells& cells : constraint.instances) {
      Set all{constraint.declaration};
      for (int64_t cell : cells.scope)
        for (const Constraint* each : domains.binding(static_cast<size_t>(cell)))
          if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(each);
      if (all.size() == 1 && cells.scope.size() <= domains.size()) continue;
      auto impossible = [&](const Set& set) {
        if (std::find(set.begin(), set.end(), constraint.declaration) == set.end()) return false;
        if (cells.scope.size() > domains.size()) return true;
        std::vector<Ids> ids;
        for (int64_t cell : cells.scope) ids.push_back(domains.ids(static_cast<size_t>(cell), set));
        return !Matching(std::move(ids), domains.size()).complete();
      };
      // A cell without any id was reported by itself.
      bool single = std::any_of(cells.scope.begin(), cells.scope.end(), [&](int64_t cell) {
        Ids ids = domains.ids(static_cast<size_t>(cell), domains.binding(static_cast<size_t>(cell)));
        return std::none_of(ids.begin(), ids.end(), [](bool id) { return id; });
      });
      if (single || !impossible(all)) continue;
      return report(smallest(all, impossible),
                    fmt::format("too few ids for the {} cells from {} on", cells.scope.size(),
                                cell_text(constraint.value, cells.scope[0])));
    }
  }

  /// Without any one of its constraints the set would be possible.
  template <class Impossible>
  static Set smallest(Set set, const Impossible& impossible) {
    for (size_t i = 0; i < set.size();) {
      Set less = set;
      less.erase(less.begin() + static_cast<ptrdiff_t>(i));
      if (impossible(less))
        set = std::move(less);
      else
        ++i;
    }
    return set;
  }

  void report(const Set& set, std::string found) {
    if (set.empty() || !reported_.insert(set).second) return;
    std::vector<std::string> names;
    for (const Constraint* each : set) names.push_back(fmt::format("`{}`", each->name.text));
    diagnostics_.add({.code = ::caten::Code::Contradiction,
                      .message = set.size() == 1 ? fmt::format("{} can never hold", names[0])
                                                 : fmt::format("{} cannot hold together", fmt::join(names, " and ")),
                      .span = set[0]->place.span,
                      .expected = "constraints that some state satisfies",
                      .found = std::move(found),
                      .remedy = set.size() == 1 ? "give it other cells or ids"
                                                : "leave one of them out, or let one be soft (without `hard`)"});
  }

  std::string cell_text(size_t value, int64_t cell) const {
    return fmt::format("{}[{}]", instance_.values[value].name(),
                       fmt::join(coordinates(cell, instance_.values[value].sizes), ","));
  }

  const Instance& instance_;
  const State& initial_;
  Diagnostics& diagnostics_;
  StaticMasks masks_;
  std::set<Set> reported_{};
};

}  // namespace

void check_contradictions(const Instance& instance, const State& initial, Diagnostics& diagnostics) {
  ContradictionFinder(instance, initial, diagnostics).run();
}

}  // namespace caten::consensus
