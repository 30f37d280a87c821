// What is drawn: words of Philox, and ids by their logits.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "consensus/compiled/formula_lowering.hpp"

namespace caten::consensus::compiled {
namespace {

Scalar low_half() { return Scalar::of_integer(DType::kU64, 0xFFFFFFFF); }

/// Ten rounds in lanes of 64 bits, whose lower halves are the words: that is what processors multiply, and what is
/// above is masked where it matters.
std::vector<NodeId> philox_nodes(const Build& b, const DrawNodes& of, size_t block) {
  const Shape shape = b.shape(of.cell);
  auto all = [&](int64_t value) { return b.constant(Scalar::of_integer(DType::kU64, value), shape); };
  auto word_of = [&](NodeId i64) { return b.both(b.cast(i64, DType::kU64), b.constant(low_half())); };
  // Cells are fewer than 2^31: the upper half of their numbers is 0.
  std::vector<NodeId> c{of.cell, all(0), b.fill(word_of(of.step), shape),
                        all(static_cast<int64_t>(block & 0xFFFFFFFF))};
  // Of scalars: the keys of all rounds are the same for all cells.
  NodeId key0 = word_of(of.seed), key1 = b.constant(Scalar::of_integer(DType::kU64, static_cast<int64_t>(of.rule)));
  auto next_key = [&](NodeId key, int64_t weyl) {
    return b.both(b.add(key, b.constant(Scalar::of_integer(DType::kU64, weyl))), b.constant(low_half()));
  };
  auto product = [&](int64_t constant, NodeId x) {
    NodeId wide = b.mul(b.both(x, b.constant(low_half(), shape)), all(constant));
    return std::pair{b.div(wide, all(int64_t{1} << 32)), wide};
  };
  for (int round = 0; round < 10; ++round) {
    auto [high0, low0] = product(0xD2511F53, c[0]);
    auto [high1, low1] = product(0xCD9E8D57, c[2]);
    auto mix = [&](NodeId x, NodeId y, NodeId key) {
      return b.op(Op::kXor, {b.op(Op::kXor, {x, y}), b.fill(key, shape)});
    };
    c = {mix(high1, c[1], key0), low1, mix(high0, c[3], key1), low0};
    key0 = next_key(key0, 0x9E3779B9);
    key1 = next_key(key1, 0xBB67AE85);
  }
  for (NodeId& each : c) each = b.cast(b.both(each, b.constant(low_half(), shape)), DType::kU32);
  return c;
}

/// 2^-(2^-(i+1)) in units of 2^-32, as in formula.cpp: what each bit of a binary fraction multiplies a power of 1/2 by.
constexpr std::array<int64_t, 16> kRoots = {3037000500, 3611622603, 3938502376, 4112874773, 4202935003, 4248701965,
                                            4271771996, 4283353945, 4289156690, 4292061010, 4293513907, 4294240540,
                                            4294603903, 4294785595, 4294876445, 4294921870};
constexpr int64_t kWhole = int64_t{1} << 32;

}  // namespace

NodeId FormulaLowering::word(size_t draw) {
  auto [known, added] = words_.try_emplace(draw / 4);
  if (added) {
    std::optional<DrawNodes> of = draws();
    if (!of) obstacle_.add("a draw where nothing is drawn");
    if (!of) return b_.constant(Scalar::zero(DType::kU32), arithmetic_.shape());
    known->second = philox_nodes(b_, *of, draw / 4);
  }
  return known->second[draw % 4];
}

/// The weight of a logit that is so much less than the greatest one, f32, as a u64: categorical_weight, of which only
/// the upper halves matter from one product to the next.
NodeId FormulaLowering::weight(NodeId below) const {
  const Shape& shape = arithmetic_.shape();
  auto all = [&](int64_t value) { return b_.constant(Scalar::of_integer(DType::kU64, value), shape); };
  auto real = [&](double value) { return b_.constant(Scalar::of_real(DType::kF32, value), shape); };
  NodeId halvings = b_.mul(below, real(94548.461F));
  NodeId some = b_.lt(halvings, real(31 * 65536.0));
  NodeId fixed = b_.cast(b_.cast(halvings, DType::kI32), DType::kU64);
  auto bit = [&](int place) { return b_.both(b_.div(fixed, all(int64_t{1} << place)), all(1)); };
  NodeId out = all(int64_t{1} << 30);
  for (int i = 0; i < 16; ++i) {
    NodeId factor = b_.add(all(kWhole), b_.mul(bit(15 - i), all(kRoots[static_cast<size_t>(i)] - kWhole)));
    out = b_.div(b_.mul(out, factor), all(kWhole));
  }
  for (int place = 16; place < 21; ++place) {
    NodeId halved = b_.div(out, all(int64_t{1} << (1 << (place - 16))));
    out = arithmetic_.blend(b_.eq(bit(place), all(1)), halved, out);
  }
  return b_.mul(out, b_.cast(some, DType::kU64));
}

Quantity FormulaLowering::drawn(const Items& logits, size_t categories, const std::vector<NodeId>& allowed,
                                size_t draw) {
  const Shape& shape = arithmetic_.shape();
  NodeId lowest = b_.constant(Scalar::of_real(DType::kF32, -std::numeric_limits<double>::infinity()), shape);
  std::vector<NodeId> values;
  std::vector<std::optional<NodeId>> there;
  std::optional<NodeId> wrong;
  NodeId greatest = lowest;
  for (size_t id = 0; id < categories; ++id) {
    const Quantity& logit = logits.list ? logits.each[id] : logits.each[0];
    std::optional<NodeId> may = logit.valid;
    if (logit.is_bot()) may = arithmetic_.valid(logit);
    if (!allowed.empty()) may = arithmetic_.both(may, allowed[id]);
    NodeId value = arithmetic_.in(logit, DType::kF32);
    if (!logit.is_integer() && !logit.constant) {
      NodeId nan = b_.negate(b_.eq(value, value));
      if (may) nan = b_.both(nan, *may);
      wrong = wrong ? arithmetic_.either(*wrong, nan) : nan;
    }
    if (may) value = arithmetic_.blend(*may, value, lowest);
    greatest = values.empty() ? value : b_.max(greatest, value);
    values.push_back(value);
  }
  NodeId minus = b_.constant(Scalar::of_real(DType::kF32, -1), shape);
  NodeId zero = b_.constant(Scalar::zero(DType::kU64), shape);
  std::vector<NodeId> sums;
  for (NodeId value : values) {
    // Infinities apart from themselves are not a number, and no distance.
    NodeId below = b_.add(greatest, b_.mul(value, minus));
    NodeId made = arithmetic_.blend(
        b_.eq(value, greatest), b_.constant(Scalar::of_integer(DType::kU64, int64_t{1} << 30), shape), weight(below));
    made = b_.mul(made, b_.cast(b_.lt(lowest, value), DType::kU64));
    sums.push_back(sums.empty() ? made : b_.add(sums.back(), made));
  }
  NodeId total = sums.back(), of = b_.cast(word(draw), DType::kU64);
  auto all = [&](int64_t value) { return b_.constant(Scalar::of_integer(DType::kU64, value), shape); };
  NodeId place = b_.add(b_.mul(of, b_.div(total, all(kWhole))),
                        b_.div(b_.mul(of, b_.both(total, b_.constant(low_half(), shape))), all(kWhole)));
  auto count = static_cast<int64_t>(categories);
  DType dtype = dtype_for(0, count);
  NodeId id = b_.constant(Scalar::zero(dtype), shape);
  for (size_t i = 0; i + 1 < sums.size(); ++i) id = b_.add(id, b_.cast(b_.negate(b_.lt(place, sums[i])), dtype));
  NodeId some = b_.lt(zero, total);
  if (wrong) some = b_.both(some, b_.negate(*wrong));
  return arithmetic_.of_integers(id, 0, count - 1, some);
}

/// 1 if a word's upper 24 bits, times 2^-24, are below p (2.3): where p has few values, so are the thresholds.
Quantity FormulaLowering::bernoulli(Scope& scope, size_t argument, size_t draw) {
  const Shape& shape = arithmetic_.shape();
  NodeId bits = b_.cast(b_.div(word(draw), b_.constant(Scalar::of_integer(DType::kU32, 256), shape)), DType::kI32);
  auto threshold = [](double p) {
    return p > 0 ? static_cast<int64_t>(std::ceil(std::min(p, 1.0) * 0x1p24)) : int64_t{0};
  };
  const Quantity p = scope.known[argument].each[0];
  if (p.is_bot()) return p;
  if (p.constant)
    return arithmetic_.condition(
        b_.lt(bits, b_.constant(Scalar::of_integer(DType::kI32, threshold(p.constant->value())), shape)));
  if (std::optional<size_t> basis = basis_of(scope, argument); basis && !p.is_integer()) {
    const Quantity& integer = scope.known[*basis].each[0];
    std::vector<Number> numbers = numbers_of(scope, argument, *basis);
    if (std::none_of(numbers.begin(), numbers.end(), [](const Number& each) { return each.is_bot(); })) {
      Array table = Array::zeros(DType::kI32, {static_cast<int64_t>(numbers.size())});
      for (size_t i = 0; i < numbers.size(); ++i)
        table.as_mutable<int32_t>()[i] = static_cast<int32_t>(threshold(numbers[i].value()));
      return arithmetic_.condition(b_.lt(bits, looked_up(std::move(table), integer, integer.low)));
    }
  }
  NodeId uniform = b_.mul(b_.cast(bits, DType::kF64), b_.constant(Scalar::of_real(DType::kF64, 0x1p-24), shape));
  return arithmetic_.condition(b_.lt(uniform, arithmetic_.in(p, DType::kF64)), p.valid);
}

}  // namespace caten::consensus::compiled
