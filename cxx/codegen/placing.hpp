// Where the values that a statement needs are computed, when a loop nest becomes text.
#pragma once

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "codegen/loop_nest.hpp"

namespace caten {

/// Changes while a kernel runs; the rest of a Dim is a size, which the host computes.
bool varies(const Dim& dim);

/// Which values a statement needs, and in which branch of a select each is computed: in the innermost one that all its
/// users are in.
class Placing {
 public:
  static constexpr uint32_t kNowhere = UINT32_MAX;
  struct Branch {
    uint32_t parent = 0, depth = 0;
    uint32_t select = kNowhere;
    bool reads = false;  ///< something in it loads or divides: it must not be evaluated in vain
    std::vector<uint32_t> values{};
  };

  /// `safe` are loads of what is there whatever a select's condition is.
  Placing(const LoopNest& nest, const std::vector<ValueId>& wanted, const std::set<uint32_t>& available,
          const std::set<uint32_t>& safe = {})
      : nest_(nest), at_(nest.values.size(), kNowhere), arms_(nest.values.size(), {kNowhere, kNowhere}) {
    branches.push_back({});
    for (ValueId id : wanted) need(id, 0);
    for (size_t i = nest.values.size(); i-- > 0;) {
      auto id = static_cast<uint32_t>(i);
      if (at_[id] == kNowhere) continue;
      if (available.contains(id)) {
        at_[id] = kNowhere;
        continue;
      }
      spread(id);
    }
    for (uint32_t id = 0; id < nest.values.size(); ++id)
      if (at_[id] != kNowhere && must_be_guarded(nest.values[id]) && !safe.contains(id))
        for (uint32_t b = at_[id];; b = branches[b].parent) {
          branches[b].reads = true;
          if (b == 0) break;
        }
    for (uint32_t id = 0; id < nest.values.size(); ++id)
      if (at_[id] != kNowhere) branches[home(at_[id])].values.push_back(id);
  }

  /// The branches of a select's two sides, if one of them must not be evaluated in vain.
  std::optional<std::pair<uint32_t, uint32_t>> sides(uint32_t select) const {
    auto [yes, no] = arms_[select];
    if (yes == kNowhere || !(branches[yes].reads || branches[no].reads)) return std::nullopt;
    return arms_[select];
  }

  std::vector<Branch> branches;

  /// It loads or divides: evaluated in vain, it could fail.
  static bool must_be_guarded(const ScalarValue& value);

 private:
  void need(ValueId id, uint32_t branch) {
    uint32_t& at = at_[id.value];
    if (at == kNowhere) {
      at = branch;
      return;
    }
    uint32_t a = at, b = branch;
    while (a != b)
      (branches[a].depth >= branches[b].depth ? a : b) =
          branches[branches[a].depth >= branches[b].depth ? a : b].parent;
    at = a;
  }

  void spread(uint32_t id) {
    const ScalarValue& value = nest_.values[id];
    uint32_t here = at_[id];
    for (ValueId named : values_in(value.index)) need(named, here);
    if (value.kind != ValueKind::kSelect) {
      for (ValueId operand : value.operands) need(operand, here);
      return;
    }
    auto arm = [&] {
      branches.push_back({here, branches[here].depth + 1, id, false, {}});
      return static_cast<uint32_t>(branches.size() - 1);
    };
    uint32_t yes = arm(), no = arm();
    arms_[id] = {yes, no};
    need(value.operands[0], here);
    need(value.operands[1], yes);
    need(value.operands[2], no);
  }

  /// The branch as it is rendered: sides that may be evaluated in vain belong to what is around them.
  uint32_t home(uint32_t branch) const {
    while (branch != 0 && !sides(branches[branch].select)) branch = branches[branch].parent;
    return branch;
  }

  const LoopNest& nest_;
  std::vector<uint32_t> at_;
  std::vector<std::pair<uint32_t, uint32_t>> arms_;
};

}  // namespace caten
