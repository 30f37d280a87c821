// An expression with its names bound, and what it gives for one cell.
//
// Whether a part of an expression is a number or a list, and how long that is, is known before running, but for what
// models give. Lists of one length and numbers combine element by element.
#pragma once

#include <span>

#include "base/result.hpp"
#include "consensus/number.hpp"

namespace caten::consensus {

struct Formula {
  static constexpr size_t kNumber = 0;          ///< a width: no list
  static constexpr size_t kUnknown = SIZE_MAX;  ///< a width: a model decides
  struct Node {
    Function function = Function::kConstant;
    Item constant{};
    size_t slot = 0;  ///< of an index, a read, a reference, a model, a draw, a palette or an automaton its number
    size_t width = kNumber;
    int64_t vocabulary =
        0;  ///< whose ids a read or reference gives; of kCategorical, kIds and kTally how many there are
    std::vector<size_t> arguments{};
  };
  std::vector<Node> nodes{};  ///< arguments before what they are arguments of; the last one is the whole

  const Node& root() const { return nodes.back(); }
  bool uses(Function function) const;
};

/// What an expression may ask while it is computed. What an expression cannot hold where it stands is never asked for.
class Facts {
 public:
  virtual ~Facts() = default;
  virtual std::span<const int64_t> indices() const { return {}; }
  virtual Item read(size_t slot) const;
  virtual Item reference(size_t slot) const;
  virtual Item model(size_t slot) const;
  /// 32 random bits: the draw with this number.
  virtual uint32_t word(size_t draw) const;
  /// The ids that may be drawn where the whole expression is a draw; null for all.
  virtual const std::vector<bool>* allowed() const { return nullptr; }
  /// A predicate about the scope of a constraint.
  virtual Number predicate(Function function, size_t slot) const;
};

Item evaluate(const Formula& formula, const Facts& facts);
/// The part of the expression that this node is.
Item evaluate(const Formula& formula, size_t node, const Facts& facts);
/// Of an expression that is a number.
Number evaluate_number(const Formula& formula, const Facts& facts);

/// The id that `categorical` draws: docs/consensus.md, 2.4. BOT if nothing may be drawn, or a logit is NaN.
Number draw_categorical(const Item& logits, size_t categories, const std::vector<bool>* allowed, uint32_t word);
/// The weight of a logit that is `below` less than the greatest one, in units of 2^-30.
uint64_t categorical_weight(double below);
/// A number of [0, 1) from 24 of the 32 bits.
double uniform_of(uint32_t word);

}  // namespace caten::consensus
