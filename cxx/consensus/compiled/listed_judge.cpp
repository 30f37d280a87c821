#include "consensus/compiled/listed_judge.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten::consensus::compiled {
namespace {

/// Every pair is compared.
constexpr size_t kMostDifferent = 32;

/// The predicate of one lane, before a proposal or behind it.
class LaneLowering : public FormulaLowering {
 public:
  LaneLowering(const Instance& instance, const ConstraintInstance& constraint, const Lane& lane,
               const std::vector<TargetNodes>& targets, bool after, ListedRule& rule, const Build& build,
               ListNodes& list, Obstacle& obstacle)
      : FormulaLowering(build, rule.shape(), lane.names.size(), list.tables, obstacle),
        instance_(instance),
        constraint_(constraint),
        lane_(lane),
        targets_(targets),
        after_(after),
        rule_(rule) {}

  /// Bool.
  NodeId violated() {
    Quantity holds = number(constraint_.predicate);
    if (holds.is_bot()) return arithmetic_.truth(arithmetic_.constant(Number::of(int64_t{0})));
    bool forbids = constraint_.declaration->mode == Constraint::Mode::kForbid;
    NodeId out = forbids ? arithmetic_.truth(holds) : b_.negate(arithmetic_.truth(holds));
    return holds.valid ? b_.both(out, *holds.valid) : out;
  }

 protected:
  Quantity index(size_t slot) override {
    return arithmetic_.of_integers(rule_.column(lane_.names[slot]), INT32_MIN, INT32_MAX);
  }

  Items reference(size_t slot) override {
    const ReadInstance& read = constraint_.references[slot];
    Items out{.each = {}, .list = !read.single};
    for (const Column& column : lane_.references[slot]) {
      CellNodes cell = rule_.cells(column);
      for (int64_t i = 0; i < instance_.values[read.value].width; ++i) {
        Quantity each = element(read.value, cell.number, i);
        each.valid = arithmetic_.both(each.valid, cell.there);
        out.each.push_back(each);
      }
    }
    return out;
  }

  Quantity predicate(Function function, size_t slot) override {
    if (function == Function::kChange) return change();
    if (function == Function::kInPalette) return in_palette(constraint_.palettes[slot]);
    if (function == Function::kAllDifferent) return all_different();
    if (function == Function::kReadFuture) return read_future();
    obstacle_.add("`accepts`");
    return arithmetic_.constant(Number::of(int64_t{0}));
  }

 private:
  /// The target is this cell.
  NodeId hits(const TargetNodes& target, NodeId cell) const { return b_.eq(target.cell, cell); }

  Quantity element(size_t value, NodeId cell, int64_t i) const {
    Quantity out = rule_.element(value, cell, i);
    out.valid = rule_.committed(value, cell);
    for (const TargetNodes& target : targets_) {
      if (!after_ || target.value != value) continue;
      NodeId hit = hits(target, cell);
      NodeId proposed = b_.cast(target.elements[static_cast<size_t>(i)], out.dtype);
      out.node = arithmetic_.blend(hit, proposed, out.node);
      out.valid = arithmetic_.either(*out.valid, hit);
    }
    return out;
  }

  Quantity change() {
    Quantity none = arithmetic_.constant(Number::of(int64_t{0}));
    std::optional<NodeId> out;
    for (const TargetNodes& target : targets_) {
      if (!after_ || target.value != constraint_.value) continue;
      std::optional<NodeId> within, other;
      for (const Column& column : lane_.scope) {
        CellNodes cell = rule_.cells(column);
        NodeId hit = hits(target, cell.number);
        if (cell.there) hit = b_.both(hit, *cell.there);
        within = within ? arithmetic_.either(*within, hit) : hit;
      }
      if (!within) continue;
      for (int64_t i = 0; i < instance_.values[target.value].width; ++i) {
        Quantity before = rule_.element(target.value, target.cell, i);
        NodeId apart = b_.negate(b_.eq(before.node, b_.cast(target.elements[static_cast<size_t>(i)], before.dtype)));
        other = other ? arithmetic_.either(*other, apart) : apart;
      }
      NodeId made = b_.both(b_.both(*within, *other), rule_.committed(target.value, target.cell));
      out = out ? arithmetic_.either(*out, made) : made;
    }
    return out ? arithmetic_.condition(*out) : none;
  }

  Quantity read_future() {
    Quantity none = arithmetic_.constant(Number::of(int64_t{0}));
    std::optional<NodeId> future = after_ ? rule_.reads_future() : std::nullopt, out;
    if (!future) return none;
    for (const TargetNodes& target : targets_) {
      if (target.value != constraint_.value) continue;
      for (const Column& column : lane_.scope) {
        CellNodes cell = rule_.cells(column);
        NodeId hit = hits(target, cell.number);
        if (cell.there) hit = b_.both(hit, *cell.there);
        out = out ? arithmetic_.either(*out, hit) : hit;
      }
    }
    return out ? arithmetic_.condition(b_.both(*out, *future)) : none;
  }

  Quantity in_palette(const std::vector<bool>& ids) {
    Array may = Array::zeros(DType::kBool, {static_cast<int64_t>(ids.size())});
    for (size_t id = 0; id < ids.size(); ++id) may.as_mutable<uint8_t>()[id] = ids[id] ? 1 : 0;
    NodeId of = table(std::move(may));
    Quantity out = arithmetic_.constant(Number::of(int64_t{1}));
    for (const Column& column : lane_.scope) {
      CellNodes cell = rule_.cells(column);
      Quantity id = element(constraint_.value, cell.number, 0);
      Quantity in = arithmetic_.condition(taken(of, arithmetic_.in(id, DType::kI32)), id.valid);
      if (cell.there)
        in = arithmetic_.where(arithmetic_.condition(*cell.there), in, arithmetic_.constant(Number::of(int64_t{1})));
      out = arithmetic_.apply(Function::kAnd, out, in);
    }
    return out;
  }

  /// False where two are equal; otherwise open while one is.
  Quantity all_different() {
    if (lane_.scope.size() > kMostDifferent) {
      obstacle_.add(fmt::format("`all_different` of more than {} cells", kMostDifferent));
      return arithmetic_.constant(Number::of(int64_t{0}));
    }
    struct Member {
      std::vector<Quantity> elements{};
      std::optional<NodeId> there{};
    };
    std::vector<Member> members;
    std::optional<NodeId> whole;
    for (const Column& column : lane_.scope) {
      CellNodes cell = rule_.cells(column);
      Member made{.elements = {}, .there = cell.there};
      for (int64_t i = 0; i < instance_.values[constraint_.value].width; ++i)
        made.elements.push_back(element(constraint_.value, cell.number, i));
      std::optional<NodeId> known = made.elements[0].valid;
      if (known && cell.there) known = arithmetic_.either(*known, b_.negate(*cell.there));
      whole = arithmetic_.both(whole, known);
      members.push_back(std::move(made));
    }
    std::optional<NodeId> equal;
    for (size_t i = 0; i < members.size(); ++i)
      for (size_t j = i + 1; j < members.size(); ++j) {
        std::optional<NodeId> same = arithmetic_.both(members[i].there, members[j].there);
        for (size_t e = 0; e < members[i].elements.size(); ++e) {
          const Quantity &a = members[i].elements[e], &b = members[j].elements[e];
          same = arithmetic_.both(same, b_.eq(a.node, b.node));
          same = arithmetic_.both(same, arithmetic_.both(a.valid, b.valid));
        }
        equal = equal ? arithmetic_.either(*equal, *same) : *same;
      }
    if (!equal) return whole ? arithmetic_.condition(*whole, whole) : arithmetic_.constant(Number::of(int64_t{1}));
    Quantity out = arithmetic_.condition(b_.negate(*equal));
    if (whole) out.valid = arithmetic_.either(*whole, *equal);
    return out;
  }

  const Instance& instance_;
  const ConstraintInstance& constraint_;
  const Lane& lane_;
  const std::vector<TargetNodes>& targets_;
  bool after_;
  ListedRule& rule_;
};

}  // namespace

BreachNodes lower_breach(const Instance& instance, const ConstraintInstance& constraint, const std::vector<Lane>& lanes,
                         const std::vector<TargetNodes>& targets, ListedRule& rule, const Build& b, ListNodes& list,
                         Obstacle& obstacle) {
  NodeId weight = b.integer(constraint.declaration->weight, rule.shape());
  NodeId none = b.integer(0, rule.shape());
  BreachNodes out{.before = none, .after = none, .worsened = b.constant(Scalar::zero(DType::kBool), rule.shape())};
  for (const Lane& lane : lanes) {
    auto violated = [&](bool after) {
      NodeId made = LaneLowering(instance, constraint, lane, targets, after, rule, b, list, obstacle).violated();
      CellNodes touched = rule.cells(lane.touched);
      return touched.there ? b.both(made, *touched.there) : made;
    };
    NodeId before = violated(false), after = violated(true);
    if (obstacle.met()) return out;
    out.before = b.add(out.before, b.mul(b.cast(before, DType::kI64), weight));
    out.after = b.add(out.after, b.mul(b.cast(after, DType::kI64), weight));
    NodeId worse = b.both(after, b.negate(before));
    out.worsened = b.negate(b.both(b.negate(out.worsened), b.negate(worse)));
  }
  return out;
}

}  // namespace caten::consensus::compiled
