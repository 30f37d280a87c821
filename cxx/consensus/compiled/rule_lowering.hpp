// One rule for all cells at once: what its instances see, propose, and whether they win, as nodes of a graph. Part of
// the lowering of consensual programs; docs/consensus.md has the sentences that are kept here (3.3 to 3.7).
//
// Supported are rules whose one proposal is for the cell that they are on, and which read cells at constant distances:
// their proposals compete with nothing but keeping what is there.
#pragma once

#include "consensus/compiled/formula_lowering.hpp"
#include "consensus/compiled/layout.hpp"

namespace caten::consensus::compiled {

/// The state of one value before the step: all elements of its layout, flat.
struct StoredNodes {
  GridLayout layout{};
  NodeId elements{};
  std::optional<NodeId> committed{};  ///< bool; nothing: all cells are, and stay so
};

/// What all rules of a step read.
struct StepNodes {
  std::vector<StoredNodes> values{};  ///< by the number of the value
  NodeId step{}, seed{}, colour{};    ///< i64[]; the colour of the event
  NodeId phase{};                     ///< u32[], of the event
  std::vector<Array> tables{};        ///< of inputs `table0`, …
};

/// What a rule does to its value: of the computed elements of the layout.
struct RuleNodes {
  NodeId elements{};    ///< after the step, in the dtype of the value
  NodeId won{};         ///< bool
  bool always = false;  ///< every active cell wins
};

class RuleLowering : public FormulaLowering {
 public:
  RuleLowering(const Instance& instance, const RuleInstance& rule, const ScheduleInstance* schedule, const Build& build,
               StepNodes& step, Obstacle& obstacle);
  RuleNodes lower();

 private:
  Quantity index(size_t slot) override;
  Items read(size_t slot) override { return {reads_[slot], !rule_.reads[slot].single}; }
  Items reference(size_t slot) override { return {references_[slot], !rule_.references[slot].single}; }
  std::optional<DrawNodes> draws() override;

  std::optional<NodeId> active() const;
  std::optional<NodeId> of_colour() const;
  std::optional<NodeId> earlier_strata_done() const;
  std::vector<Quantity> seen(const ReadInstance& read);
  Quantity seen_at(const ReadInstance& read, const Position& position, Border::Form border,
                   const std::optional<NodeId>& visible, const Number& padding);
  std::optional<NodeId> visible_where(const EdgeInstance& edge, std::span<const int64_t> offset);
  NodeId moved(const GridLayout& layout, NodeId array, const Position& position) const;
  std::vector<int64_t> here() const { return std::vector<int64_t>(on_.sizes.size()); }
  static bool may_meet(const Position& a, const Position& b, const std::vector<int64_t>& sizes, Border::Form border);
  std::optional<NodeId> inside(const Position& position, const std::vector<int64_t>& sizes, Border::Form border) const;
  NodeId coordinate(size_t axis, DType dtype = DType::kI32) const;
  std::optional<NodeId> unlocked(NodeId proposed);

  const Instance& instance_;
  const RuleInstance& rule_;
  const ScheduleInstance* schedule_;
  const ValueInstance& on_;
  StepNodes& step_;
  const GridLayout& layout_;  ///< of the value that the rule is on
  std::vector<std::vector<Quantity>> reads_{}, references_{};
  std::optional<NodeId> enabled_{};
};

}  // namespace caten::consensus::compiled
