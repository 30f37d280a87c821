#include "consensus/formula.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

namespace caten::consensus {
namespace {

size_t width_of(const std::vector<Item>& items) {
  for (const Item& item : items)
    if (item.list) return item.size();
  return Formula::kNumber;
}

/// f of each element; of numbers alone a number.
template <class F>
Item element_wise(const std::vector<Item>& items, F&& f) {
  size_t width = width_of(items);
  if (width == Formula::kNumber && std::none_of(items.begin(), items.end(), [](const Item& i) { return i.list; }))
    return f(0);
  std::vector<Number> out(width);
  for (size_t i = 0; i < width; ++i) out[i] = f(i);
  return Item(std::move(out));
}

Item fold_arguments(Function function, const std::vector<Item>& items) {
  if (items.size() == 1 && function == Function::kSubtract)
    return element_wise(items, [&](size_t i) { return apply(function, items[0].at(i)); });
  return element_wise(items, [&](size_t i) {
    Number out = items[0].at(i);
    for (size_t j = 1; j < items.size(); ++j) out = apply(function, out, items[j].at(i));
    return out;
  });
}

Item tally(const Item& item, int64_t vocabulary) {
  std::vector<int64_t> counts(static_cast<size_t>(vocabulary));
  for (size_t i = 0; i < item.size(); ++i) {
    const Number& id = item.at(i);
    if (id.is_integer() && id.integer >= 0 && id.integer < vocabulary) ++counts[static_cast<size_t>(id.integer)];
  }
  std::vector<Number> out;
  for (int64_t count : counts) out.push_back(Number::of(count));
  return Item(std::move(out));
}

Item ids(int64_t vocabulary) {
  std::vector<Number> out;
  for (int64_t id = 0; id < vocabulary; ++id) out.push_back(Number::of(id));
  return Item(std::move(out));
}

/// Of a list, which only a model can give here, nothing is drawn.
Number bernoulli(const Item& item, uint32_t word) {
  if (item.size() != 1 || item.at(0).is_bot()) return Number::bot();
  const Number& p = item.at(0);
  return Number::of(int64_t{uniform_of(word) < p.value()});
}

/// 2^-(2^-(i+1)) in units of 2^-32: what each bit of a binary fraction multiplies a power of 1/2 by.
constexpr std::array<uint64_t, 16> kRoots = {3037000500, 3611622603, 3938502376, 4112874773, 4202935003, 4248701965,
                                             4271771996, 4283353945, 4289156690, 4292061010, 4293513907, 4294240540,
                                             4294603903, 4294785595, 4294876445, 4294921870};

}  // namespace

bool Formula::uses(Function function) const {
  return std::any_of(nodes.begin(), nodes.end(), [&](const Node& node) { return node.function == function; });
}

Item Facts::read(size_t) const {
  assert(false);
  return {};
}
Item Facts::reference(size_t) const {
  assert(false);
  return {};
}
Item Facts::model(size_t) const {
  assert(false);
  return {};
}
uint32_t Facts::word(size_t) const {
  assert(false);
  return 0;
}
Number Facts::predicate(Function, size_t) const {
  assert(false);
  return {};
}

double uniform_of(uint32_t word) { return static_cast<double>(word >> 8) * 0x1p-24; }

uint64_t categorical_weight(double below) {
  // One product of f32, and integers from there on: every processor gives the same.
  float halvings = static_cast<float>(below) * 94548.461F;  // 2^16 / ln 2
  if (!(halvings < 31 * 65536.0F)) return 0;
  auto fixed = static_cast<uint64_t>(halvings);
  uint64_t weight = uint64_t{1} << 62;
  for (size_t bit = 0; bit < kRoots.size(); ++bit)
    if (fixed >> (15 - bit) & 1) weight = (weight >> 32) * kRoots[bit];
  return weight >> 32 >> (fixed >> 16);
}

Number draw_categorical(const Item& logits, size_t categories, const std::vector<bool>* allowed, uint32_t word) {
  auto may = [&](size_t id) { return !allowed || (*allowed)[id]; };
  double greatest = -std::numeric_limits<double>::infinity();
  for (size_t id = 0; id < categories; ++id) {
    const Number& logit = logits.at(id);
    if (!may(id) || logit.is_bot()) continue;
    if (std::isnan(logit.value())) return Number::bot();
    greatest = std::max(greatest, static_cast<double>(static_cast<float>(logit.value())));
  }
  std::vector<uint64_t> weights(categories);
  uint64_t total = 0;
  for (size_t id = 0; id < categories; ++id) {
    const Number& logit = logits.at(id);
    if (!may(id) || logit.is_bot()) continue;
    double value = static_cast<float>(logit.value());
    bool nothing = value == -std::numeric_limits<double>::infinity();
    weights[id] = nothing ? 0 : categorical_weight(value == greatest ? 0 : greatest - value);
    total += weights[id];
  }
  if (total == 0) return Number::bot();
  // floor(word · total / 2^32), in two halves so that nothing leaves 64 bits.
  uint64_t place = word * (total >> 32) + (word * (total & 0xffffffff) >> 32);
  size_t id = 0;
  for (uint64_t before = 0; before + weights[id] <= place; ++id) before += weights[id];
  return Number::of(static_cast<int64_t>(id));
}

Item evaluate(const Formula& formula, size_t index, const Facts& facts) {
  const Formula::Node& node = formula.nodes[index];
  switch (node.function) {
    case Function::kConstant: return node.constant;
    case Function::kIndex: return Number::of(facts.indices()[node.slot]);
    case Function::kRead: return facts.read(node.slot);
    case Function::kReference: return facts.reference(node.slot);
    case Function::kModel: return facts.model(node.slot);
    case Function::kChange:
    case Function::kReadFuture:
    case Function::kInPalette:
    case Function::kAllDifferent:
    case Function::kAccepts: return facts.predicate(node.function, node.slot);
    case Function::kUniform: return Number::f32(uniform_of(facts.word(node.slot)));
    case Function::kIds: return ids(node.vocabulary);
    case Function::kKeep: return Number::bot();
    default: break;
  }
  std::vector<Item> items;
  items.reserve(node.arguments.size());
  for (size_t argument : node.arguments) items.push_back(evaluate(formula, argument, facts));
  switch (node.function) {
    case Function::kBernoulli: return bernoulli(items[0], facts.word(node.slot));
    case Function::kTally: return tally(items[0], node.vocabulary);
    case Function::kWhere:
      return element_wise(items, [&](size_t i) { return where(items[0].at(i), items[1].at(i), items[2].at(i)); });
    case Function::kCategorical:
      return draw_categorical(
          items[0], items[0].list ? items[0].size() : static_cast<size_t>(std::max<int64_t>(node.vocabulary, 1)),
          index + 1 == formula.nodes.size() ? facts.allowed() : nullptr, facts.word(node.slot));
    case Function::kSum:
    case Function::kMean:
    case Function::kCount:
    case Function::kAny:
    case Function::kAll: return fold(node.function, items[0]);
    case Function::kMin:
    case Function::kMax:
      return items.size() == 1 ? Item(fold(node.function, items[0])) : fold_arguments(node.function, items);
    case Function::kAdd:
    case Function::kSubtract:
    case Function::kMultiply:
    case Function::kDivide:
    case Function::kModulo:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kEqual:
    case Function::kAnd:
    case Function::kOr: return fold_arguments(node.function, items);
    default: return element_wise(items, [&](size_t i) { return apply(node.function, items[0].at(i)); });
  }
}

Item evaluate(const Formula& formula, const Facts& facts) { return evaluate(formula, formula.nodes.size() - 1, facts); }

Number evaluate_number(const Formula& formula, const Facts& facts) { return evaluate(formula, facts).at(0); }

}  // namespace caten::consensus
