#include "consensus/compiled/listed_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "consensus/affine.hpp"

namespace caten::consensus::compiled {
namespace {

bool same_affine(const BoundAffine& a, const BoundAffine& b) {
  auto same_term = [](const BoundAffine::Term& x, const BoundAffine::Term& y) {
    return x.coefficient == y.coefficient && x.slot == y.slot && x.quotient == y.quotient;
  };
  auto same_sum = [&](const BoundAffine::Sum& x, const BoundAffine::Sum& y) {
    return x.constant == y.constant &&
           std::equal(x.terms.begin(), x.terms.end(), y.terms.begin(), y.terms.end(), same_term);
  };
  auto same_division = [](const BoundAffine::Division& x, const BoundAffine::Division& y) {
    return x.divisor == y.divisor && x.remainder == y.remainder && x.dividend == y.dividend;
  };
  return std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), same_sum) &&
         std::equal(a.quotients.begin(), a.quotients.end(), b.quotients.begin(), b.quotients.end(), same_division);
}

/// The same places, written the same way.
bool same_subscripts(const BoundReference& a, const BoundReference& b) {
  return a.border == b.border &&
         std::equal(a.subscripts.begin(), a.subscripts.end(), b.subscripts.begin(), b.subscripts.end(),
                    [](const BoundSubscript& x, const BoundSubscript& y) {
                      return x.form == y.form && x.value == y.value && same_affine(x.first, y.first) &&
                             (x.form != BoundSubscript::Form::kTensor || x.tensor.same_bytes(y.tensor));
                    });
}

}  // namespace

ListedRule::ListedRule(const Instance& instance, const RuleInstance& rule, const Sources& sources, const Build& build,
                       ListNodes& list, Obstacle& obstacle)
    : FormulaLowering(build, build.shape(list.who), instance.values[rule.on].sizes.size(), list.tables, obstacle),
      instance_(instance),
      rule_(rule),
      sources_(sources),
      on_(instance.values[rule.on]),
      list_(list),
      reads_(rule.reads.size()),
      references_(rule.references.size()) {}

NodeId ListedRule::coordinate(size_t axis) const {
  int64_t stride = 1;
  for (size_t k = axis + 1; k < on_.sizes.size(); ++k) stride *= on_.sizes[k];
  auto all = [&](int64_t value) { return b_.constant(Scalar::of_integer(DType::kI32, value), shape()); };
  NodeId out = stride == 1 ? list_.who : b_.div(list_.who, all(stride));
  return axis == 0 ? out : b_.op(Op::kMod, {out, all(on_.sizes[axis])});
}

Quantity ListedRule::index(size_t slot) {
  if (slot < on_.sizes.size()) return arithmetic_.of_integers(coordinate(slot), 0, on_.sizes[slot] - 1);
  obstacle_.add("an index of another scope");
  return arithmetic_.constant(Number::of(int64_t{0}));
}

std::optional<DrawNodes> ListedRule::draws() {
  return DrawNodes{
      .rule = rule_.number, .cell = b_.cast(list_.who, DType::kU64), .step = list_.step, .seed = list_.seed};
}

NodeId ListedRule::column(const Column& column) {
  if (!column.numbers) return list_.who;
  auto [known, added] = columns_.try_emplace(column.numbers->data());
  if (added) known->second = taken(table(*column.numbers), list_.who);
  return known->second;
}

CellNodes ListedRule::cells(const Column& of) {
  CellNodes out{.number = column(of)};
  auto all = [&](int64_t value) { return b_.constant(Scalar::of_integer(DType::kI32, value), shape()); };
  if (!of.absent && !of.padded) return out;
  out.there = b_.lt(all(-1), out.number);
  if (of.padded) out.padded = b_.eq(out.number, all(kPadded));
  out.number = b_.max(out.number, all(0));
  return out;
}

NodeId ListedRule::affine(const BoundAffine& whole, size_t part) const {
  auto all = [&](int64_t value) { return b_.integer(value, shape()); };
  const BoundAffine::Sum& sum = whole.parts[part];
  NodeId out = all(sum.constant);
  for (const BoundAffine::Term& term : sum.terms) {
    NodeId atom;
    if (term.quotient) {
      const BoundAffine::Division& division = whole.quotients[term.slot];
      atom = b_.op(division.remainder ? Op::kMod : Op::kDiv, {affine(whole, division.dividend), all(division.divisor)});
    } else {
      atom = b_.cast(coordinate(term.slot), DType::kI64);
    }
    out = b_.add(out, term.coefficient == 1 ? atom : b_.mul(atom, all(term.coefficient)));
  }
  return out;
}

NodeId ListedRule::affine(const BoundAffine& whole) const {
  return whole.parts.empty() ? b_.integer(0, shape()) : affine(whole, whole.parts.size() - 1);
}

/// A reference with one position of which values name a place.
CellNodes ListedRule::named_by_data(const BoundReference& reference) {
  auto all = [&](int64_t value) { return b_.integer(value, shape()); };
  CellNodes out{.number = all(0)};
  for (size_t axis = 0; axis < reference.subscripts.size(); ++axis) {
    const BoundSubscript& subscript = reference.subscripts[axis];
    int64_t size = reference.sizes[axis];
    NodeId place = affine(subscript.first);
    Border::Form border = subscript.form == BoundSubscript::Form::kAffine ? reference.border : Border::Form::kClip;
    if (subscript.form == BoundSubscript::Form::kTensor) {
      NodeId inside = b_.both(b_.lt(all(-1), place), b_.lt(place, all(subscript.tensor.elements())));
      out.there = arithmetic_.both(out.there, inside);
      Array flat = subscript.tensor.reinterpreted(subscript.tensor.dtype(), {subscript.tensor.elements()});
      place = b_.cast(taken(table(std::move(flat)), place), DType::kI64);
    }
    if (subscript.form == BoundSubscript::Form::kValue) {
      const ValueInstance& by = instance_.values[subscript.value];
      NodeId inside = b_.both(b_.lt(all(-1), place), b_.lt(place, all(by.cells)));
      NodeId named = b_.both(inside, committed(subscript.value, place));
      out.there = arithmetic_.both(out.there, named);
      place = b_.cast(taken(list_.elements[subscript.value], place), DType::kI64);
    }
    NodeId inside = b_.both(b_.lt(all(-1), place), b_.lt(place, all(size)));
    if (border == Border::Form::kWrap) {
      place = b_.op(Op::kMod, {place, all(size)});
    } else if (border == Border::Form::kPad) {
      NodeId beyond = b_.negate(inside);
      out.padded = out.padded ? arithmetic_.either(*out.padded, beyond) : beyond;
    } else {
      out.there = arithmetic_.both(out.there, inside);
    }
    out.number = b_.add(b_.mul(out.number, all(size)), place);
  }
  if (out.padded) {
    // What is absent on one axis is absent, padded or not.
    if (out.there) out.padded = b_.both(*out.padded, *out.there);
    out.there = arithmetic_.both(out.there, b_.negate(*out.padded));
  }
  if (out.there) out.number = b_.mul(out.number, b_.cast(*out.there, DType::kI64));
  out.number = b_.cast(out.number, DType::kI32);
  return out;
}

std::vector<CellNodes> ListedRule::sources_of(const ReadInstance& read, const std::vector<Column>& columns) {
  std::vector<CellNodes> out;
  for (const Column& each : columns) out.push_back(cells(each));
  if (!columns.empty() || !depends_on_values(instance_, read)) return out;
  const EdgeInstance& edge = instance_.edges[read.edges[0]];
  const BoundReference& reference = read.cells ? *read.cells : edge.source;
  bool plain = read.edges.size() == 1 && edge.single() && reference.single() && !edge.condition &&
               same_subscripts(reference, edge.source);
  for (const BoundSubscript& each : reference.subscripts)
    plain = plain && each.axes == 1 &&
            (each.form != BoundSubscript::Form::kValue || !is_float(instance_.values[each.value].dtype));
  if (plain) return {named_by_data(reference)};
  obstacle_.add(fmt::format("rule `{}` reads cells of `{}` that values name, in more than one way",
                            rule_.declaration->name.text, instance_.values[read.value].name()));
  return {};
}

Quantity ListedRule::element(size_t value, NodeId cell, int64_t element) const {
  const ValueInstance& of = instance_.values[value];
  NodeId place = cell;
  if (of.width != 1)
    place = b_.add(b_.mul(b_.cast(cell, DType::kI64), b_.integer(of.width, shape())), b_.integer(element, shape()));
  return stored(of, taken(list_.elements[value], place));
}

const ListedRule::Seen& ListedRule::seen(const ReadInstance& read, const std::vector<Column>& columns,
                                         std::optional<Seen>& known) {
  if (known) return *known;
  Seen out{.cells = sources_of(read, columns), .items = {.each = {}, .list = !read.single}};
  const ValueInstance& value = instance_.values[read.value];
  if (value.set) obstacle_.add(fmt::format("a rule reads the set `{}`", value.name()));
  Number padding = read.edges.empty() ? Number::bot() : instance_.edges[read.edges[0]].padding;
  for (const CellNodes& cell : out.cells) {
    if (obstacle_.met()) break;
    std::optional<NodeId> valid = arithmetic_.both(cell.there, committed(read.value, cell.number));
    for (int64_t i = 0; i < value.width; ++i) {
      Quantity each = element(read.value, cell.number, i);
      each.valid = valid;
      if (cell.padded)
        each = arithmetic_.where(arithmetic_.condition(*cell.padded), arithmetic_.constant(padding), each);
      out.items.each.push_back(each);
    }
  }
  if (out.items.each.empty() && !out.items.list) out.items.each = {arithmetic_.constant(Number::bot())};
  known = std::move(out);
  return *known;
}

Items ListedRule::read(size_t slot) { return seen(rule_.reads[slot], sources_.reads[slot], reads_[slot]).items; }

Items ListedRule::reference(size_t slot) {
  return seen(rule_.references[slot], sources_.references[slot], references_[slot]).items;
}

Items ListedRule::model(size_t slot) {
  Items out{.each = {}, .list = list_.model_lists[slot]};
  for (NodeId node : list_.models[slot]) {
    DType dtype = b_.dtype(node);
    Quantity each{.node = node, .dtype = dtype};
    if (is_float(dtype)) {
      each.type = dtype == DType::kF64 ? Number::Type::kF64 : Number::Type::kF32;
      if (dtype != DType::kF64 && dtype != DType::kF32) each.node = b_.cast(node, each.dtype = DType::kF32);
    } else {
      std::tie(each.low, each.high) = integers_of(dtype);
      each.node = b_.cast(node, each.dtype = dtype_for(each.low, each.high));
    }
    out.each.push_back(each);
  }
  return out;
}

template <class Visit>
void ListedRule::for_each_read(Visit visit) {
  for (size_t i = 0; i < reads_.size(); ++i) visit(rule_.reads[i], seen(rule_.reads[i], sources_.reads[i], reads_[i]));
  for (size_t i = 0; i < references_.size(); ++i)
    visit(rule_.references[i], seen(rule_.references[i], sources_.references[i], references_[i]));
}

std::optional<NodeId> ListedRule::enabled() {
  std::optional<NodeId> out;
  for_each_read([&](const ReadInstance& read, const Seen& seen) {
    if (read.optional || obstacle_.met()) return;
    for (const CellNodes& cell : seen.cells) {
      NodeId here = committed(read.value, cell.number);
      out = arithmetic_.both(out, cell.there ? arithmetic_.either(here, b_.negate(*cell.there)) : here);
    }
  });
  return out;
}

std::optional<NodeId> ListedRule::reads_future() {
  std::optional<NodeId> out;
  for_each_read([&](const ReadInstance& read, const Seen& seen) {
    const ValueInstance& from = instance_.values[read.value];
    const std::vector<Affine>&mine = on_.declaration->shape.sizes, &theirs = from.declaration->shape.sizes;
    if (obstacle_.met() || (read.value != rule_.on && !same(mine[0], theirs[0]))) return;
    int64_t stride = from.cells / from.sizes[0];
    for (const CellNodes& cell : seen.cells) {
      NodeId time = b_.div(cell.number, b_.constant(Scalar::of_integer(DType::kI32, stride), shape()));
      NodeId later = b_.lt(coordinate(0), time);
      if (cell.there) later = b_.both(later, *cell.there);
      out = out ? arithmetic_.either(*out, later) : later;
    }
  });
  return out;
}

/// Palettes are taken off the ids before one is drawn (3.5).
std::vector<NodeId> ListedRule::allowed_for(size_t emit, const ValueInstance& value) {
  if (!value.token() || !sources_.palettes[emit]) return {};
  NodeId palette = column(*sources_.palettes[emit]);
  std::vector<NodeId> out;
  for (int64_t id = 0; id < value.vocabulary; ++id) {
    Array may = Array::zeros(DType::kBool, {static_cast<int64_t>(sources_.masks.size())});
    for (size_t mask = 0; mask < sources_.masks.size(); ++mask)
      may.as_mutable<uint8_t>()[mask] = sources_.masks[mask][static_cast<size_t>(id)] ? 1 : 0;
    out.push_back(taken(table(std::move(may)), palette));
  }
  return out;
}

EmitNodes ListedRule::emit(size_t number) {
  const EmitInstance& of = rule_.emits[number];
  const ValueInstance& value = instance_.values[of.target.value];
  EmitNodes out{.target = cells(sources_.targets[number])};
  out.drawn = of.value.root().function == Function::kCategorical;
  allowed_ = allowed_for(number, value);
  Items said = items(of.value);
  if (value.token() && said.list && !obstacle_.met()) {
    if (said.each.size() != static_cast<size_t>(value.vocabulary))
      obstacle_.add("a list of another length than a vocabulary");
    if (!obstacle_.met()) said = {.each = {drawn(said, said.each.size(), allowed_, of.draw)}};
    out.drawn = true;
  }
  allowed_.clear();
  if (said.list && said.each.size() != static_cast<size_t>(value.width))
    obstacle_.add("a list of another length than a vector");
  for (int64_t i = 0; i < value.width && !obstacle_.met(); ++i) {
    const Quantity& each = said.each[said.list ? static_cast<size_t>(i) : 0];
    if (each.valid || each.is_bot()) out.valid = arithmetic_.both(out.valid, arithmetic_.valid(each));
    out.fits = arithmetic_.both(out.fits, fits(each, value));
    out.elements.push_back(arithmetic_.in(each, value.dtype));
  }
  return out;
}

Quantity ListedRule::score() {
  if (!rule_.score) return arithmetic_.constant(Number::of(int64_t{0}));
  Items out = items(*rule_.score);
  return out.each.size() == 1 ? out.each[0] : arithmetic_.constant(Number::bot());
}

NodeId ListedRule::score_or_nan(const Quantity& score) const {
  NodeId value = arithmetic_.in(score, DType::kF32);
  if (!score.valid) return value;
  NodeId none = b_.constant(Scalar::of_real(DType::kF32, std::numeric_limits<double>::quiet_NaN()), shape());
  return arithmetic_.blend(*score.valid, value, none);
}

NodeId ListedRule::filled(const Quantity& argument, DType dtype, int64_t bot) const {
  NodeId none = b_.constant(Scalar::of_integer(dtype, bot), shape());
  if (argument.is_bot()) return none;
  NodeId value = arithmetic_.in(argument, dtype);
  return argument.valid ? arithmetic_.blend(*argument.valid, value, none) : value;
}

}  // namespace caten::consensus::compiled
