// One rule for a list of its instances: what they see, say, and would break, as nodes of a graph. Part of the lowering
// of consensual programs whose proposals compete; docs/consensus.md has the sentences that are kept here (3.3 to 3.5).
//
// In: a rule, columns of what is known before. Out: nodes over the list; which instances are on it is an input, so that
// one graph serves lists of all lengths. Cells are read by number.
#pragma once

#include "consensus/compiled/columns.hpp"
#include "consensus/compiled/formula_lowering.hpp"

namespace caten::consensus::compiled {

/// What all graphs over lists have as inputs.
struct ListNodes {
  NodeId step{}, seed{};                        ///< i64[]
  NodeId who{};                                 ///< i32[M], the cells that the instances are on
  std::vector<NodeId> elements{}, committed{};  ///< by value, flat; bool. Sets have none
  std::vector<std::vector<NodeId>> models{};    ///< of each call its numbers
  std::vector<bool> model_lists{};              ///< whether a call gives lists
  std::vector<Array> tables{};                  ///< of inputs `table0`, …
};

/// A cell for each instance.
struct CellNodes {
  NodeId number{};                ///< i32; 0 where there is none
  std::optional<NodeId> there{};  ///< nothing: everywhere
  std::optional<NodeId> padded{};
};

/// What one emit of a rule comes to.
struct EmitNodes {
  CellNodes target{};
  std::vector<NodeId> elements{};  ///< of the cell, in the value's dtype
  std::optional<NodeId> valid{};   ///< it says something; nothing: always
  std::optional<NodeId> fits{};    ///< the value can hold it; nothing: always
  bool drawn = false;              ///< what says nothing is stuck
};

class ListedRule : public FormulaLowering {
 public:
  /// `sources`: of each read and reference of the rule the columns of its positions; empty where values decide.
  struct Sources {
    std::vector<std::vector<Column>> reads{}, references{};
    std::vector<Column> targets{};  ///< of each emit
    /// Of each emit the palette of each cell that it may be for, none: no palette; and the ids of the palettes.
    std::vector<std::optional<Column>> palettes{};
    std::vector<std::vector<bool>> masks{};
  };

  ListedRule(const Instance& instance, const RuleInstance& rule, const Sources& sources, const Build& build,
             ListNodes& list, Obstacle& obstacle);

  /// Where all required reads are of committed cells; nothing: everywhere.
  std::optional<NodeId> enabled();
  EmitNodes emit(size_t number);
  Quantity score();
  /// As f32; NaN where there is none.
  NodeId score_or_nan(const Quantity& score) const;
  /// An argument of a model: a quantity for each element.
  Items argument(const ModelArgument& argument) { return items(argument.formula); }
  /// BOT is this integer.
  NodeId filled(const Quantity& argument, DType dtype, int64_t bot) const;
  /// Where a cell of a later time is seen (3.5).
  std::optional<NodeId> reads_future();

  /// What judging needs of the state (3.5).
  NodeId column(const Column& column);
  CellNodes cells(const Column& column);
  Quantity element(size_t value, NodeId cell, int64_t element) const;
  NodeId committed(size_t value, NodeId cell) const { return taken(list_.committed[value], cell); }
  const Shape& shape() const { return arithmetic_.shape(); }

 protected:
  Quantity index(size_t slot) override;
  Items read(size_t slot) override;
  Items reference(size_t slot) override;
  Items model(size_t slot) override;
  std::optional<DrawNodes> draws() override;
  std::vector<NodeId> allowed() override { return allowed_; }

 private:
  struct Seen {
    std::vector<CellNodes> cells{};
    Items items{};
  };
  const Seen& seen(const ReadInstance& read, const std::vector<Column>& columns, std::optional<Seen>& known);
  std::vector<CellNodes> sources_of(const ReadInstance& read, const std::vector<Column>& columns);
  CellNodes named_by_data(const BoundReference& reference);
  NodeId affine(const BoundAffine& affine, size_t part) const;
  NodeId affine(const BoundAffine& whole) const;
  NodeId coordinate(size_t axis) const;
  std::vector<NodeId> allowed_for(size_t emit, const ValueInstance& value);
  template <class Visit>
  void for_each_read(Visit visit);

  const Instance& instance_;
  const RuleInstance& rule_;
  const Sources& sources_;
  const ValueInstance& on_;
  ListNodes& list_;
  std::vector<std::optional<Seen>> reads_, references_;
  std::map<const std::byte*, NodeId> columns_{};  ///< by their elements
  std::vector<NodeId> allowed_{};
};

}  // namespace caten::consensus::compiled
