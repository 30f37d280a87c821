// Expressions for all cells at once: formulas (consensus/formula.hpp) as nodes of a graph. Part of the lowering of
// consensual programs; docs/consensus.md, 2.2 to 2.7, has what is kept here.
//
// What an expression may ask while it is lowered is what Facts answer while it is computed; who lowers for which cells
// answers it by overriding. A list is a quantity for each of its elements.
#pragma once

#include <map>
#include <span>

#include "consensus/compiled/quantity.hpp"
#include "consensus/instance.hpp"

namespace caten::consensus::compiled {

/// What an expression gives: a number, or a list.
struct Items {
  std::vector<Quantity> each{};
  bool list = false;
};

/// What draws depend on (2.2): the rule's number, and nodes: the cells u64 of the lowering's shape, step and seed
/// i64[].
struct DrawNodes {
  size_t rule = 0;
  NodeId cell{}, step{}, seed{};
};

class FormulaLowering {
 public:
  FormulaLowering(const FormulaLowering&) = delete;
  FormulaLowering& operator=(const FormulaLowering&) = delete;
  virtual ~FormulaLowering() = default;

 protected:
  /// `rank`: how many indices a cell has. `tables`: the arrays of the inputs `table0`, … of the graph, to which those
  /// of the lowering are added.
  FormulaLowering(const Build& build, const Shape& shape, size_t rank, std::vector<Array>& tables, Obstacle& obstacle)
      : b_(build), obstacle_(obstacle), arithmetic_(build, shape, obstacle), rank_(rank), tables_(tables) {}

  virtual Quantity index(size_t slot) = 0;
  virtual Items read(size_t slot) { return refused(slot); }
  virtual Items reference(size_t slot) { return refused(slot); }
  virtual Items model(size_t slot) { return refused(slot); }
  virtual Quantity predicate(Function function, size_t slot);
  virtual std::optional<DrawNodes> draws() { return std::nullopt; }
  /// Of each id whether it may be drawn where the whole expression is a draw; empty: all may.
  virtual std::vector<NodeId> allowed() { return {}; }

  Items items(const Formula& formula, std::span<const int64_t> offset = {});
  Quantity number(const Formula& formula, std::span<const int64_t> offset = {});
  /// The part of an expression that this node is.
  Items part(const Formula& formula, size_t node);
  /// The id that is drawn by these logits, of so many (2.4). BOT where nothing may be drawn.
  Quantity drawn(const Items& logits, size_t categories, const std::vector<NodeId>& allowed, size_t draw);
  /// Draw number `draw` of each instance, u32.
  NodeId word(size_t draw);

  /// An element of a value as a number.
  Quantity stored(const ValueInstance& value, NodeId element) const;
  /// Where the number is an element of the value (3.4); nothing: everywhere.
  std::optional<NodeId> fits(const Quantity& q, const ValueInstance& value) const;
  /// Where the score is one that beats keeping (3.4, 3.5).
  std::optional<NodeId> scored(const Formula& formula);

  /// The elements of an array at these places, integers.
  NodeId taken(NodeId array, NodeId places) const { return b_.take(array, 0, {b_.cast(places, DType::kI64)}); }
  NodeId table(Array array);
  NodeId looked_up(Array array, const Quantity& index, int64_t low);

  Build b_;
  Obstacle& obstacle_;
  Arithmetic arithmetic_;

 private:
  /// An expression's parts that were lowered.
  struct Scope {
    const Formula& formula;
    std::span<const int64_t> offset{};  ///< of a neighbourhood, where an edge's condition is lowered
    std::vector<Items> known{};
  };

  Items refused(size_t slot);
  void lower_node(Scope& scope, size_t index);
  Items element_wise(const Scope& scope, const Formula::Node& node) const;
  Items tally(const Items& ids, int64_t vocabulary) const;
  std::optional<Quantity> tabulated(Scope& scope, size_t index);
  std::vector<Number> numbers_of(const Scope& scope, size_t index, size_t basis) const;
  std::optional<size_t> basis_of(const Scope& scope, size_t index) const;
  Quantity bernoulli(Scope& scope, size_t argument, size_t draw);
  NodeId weight(NodeId below) const;

  size_t rank_;
  std::vector<Array>& tables_;
  std::map<size_t, std::vector<NodeId>> words_{};  ///< by draw# div 4
};

}  // namespace caten::consensus::compiled
