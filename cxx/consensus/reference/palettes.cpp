#include <algorithm>
#include <map>

#include "consensus/reference/proposal.hpp"

namespace caten::consensus::reference {

Palettes::Palettes(const Instance& instance) {
  mask_of_.resize(instance.values.size());
  std::vector<const ConstraintInstance*> order;
  for (const ConstraintInstance& each : instance.constraints)
    if (each.allowed_ids()) order.push_back(&each);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->level < b->level; });
  std::map<std::vector<bool>, int32_t> numbers;
  for (const ConstraintInstance* each : order) {
    std::vector<int32_t>& of = mask_of_[each->value];
    if (of.empty()) of.assign(static_cast<size_t>(instance.values[each->value].cells), -1);
    std::vector<bool> ids = *each->allowed_ids();
    for (const ConstraintCells& cells : each->instances)
      for (int64_t cell : cells.scope) {
        int32_t& mask = of[static_cast<size_t>(cell)];
        std::vector<bool> both = ids;
        if (mask >= 0)
          for (size_t id = 0; id < both.size(); ++id) both[id] = both[id] && masks_[static_cast<size_t>(mask)][id];
        // A soft palette that would leave nothing gives way to those above it.
        bool empty = std::find(both.begin(), both.end(), true) == both.end();
        if (empty && !each->declaration->hard) continue;
        auto [found, added] = numbers.emplace(both, static_cast<int32_t>(masks_.size()));
        if (added) masks_.push_back(both);
        mask = found->second;
      }
  }
}

const std::vector<bool>* Palettes::allowed(size_t value, int64_t cell) const {
  if (mask_of_[value].empty()) return nullptr;
  int32_t mask = mask_of_[value][static_cast<size_t>(cell)];
  return mask < 0 ? nullptr : &masks_[static_cast<size_t>(mask)];
}

}  // namespace caten::consensus::reference
