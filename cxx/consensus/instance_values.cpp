// Instantiation of values and of what they hold at first.
#include <fmt/format.h>

#include "consensus/box.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/instantiation.hpp"
#include "consensus/print.hpp"

namespace caten::consensus {
namespace {

/// The smallest unsigned type that holds the ids and BOT.
DType id_dtype(int64_t vocabulary) {
  return vocabulary <= UINT8_MAX ? DType::kU8 : vocabulary <= UINT16_MAX ? DType::kU16 : DType::kU32;
}

/// A size that is given: at least 1.
std::optional<int64_t> size_of(const Affine& affine, int64_t most, std::string_view what, Binder& binder) {
  std::optional<int64_t> size = binder.integer(affine);
  if (size && *size >= 1 && *size <= most) return size;
  if (size)
    binder.error(Code::WorldTooLarge, affine.place, fmt::format("{} of {}", what, *size), fmt::format("1 to {}", most),
                 fmt::format("{} = {}", text_of(affine), *size), "give another size");
  return std::nullopt;
}

bool set_kind(const Value& value, ValueInstance& out, const Instance& instance, Binder& binder) {
  bool fine = true;
  std::visit(Overloaded{[&](const TokenKind& token) {
                          std::optional<int64_t> ids;
                          if (token.size) {
                            ids = size_of(*token.size, INT32_MAX, "a vocabulary", binder);
                          } else {
                            ids = std::get<VocabularyGiven>(instance.parameters.at(token.vocabulary.text)).size;
                            if (*ids < 1 || *ids > INT32_MAX) {
                              binder.error(Code::WrongGiven, value.place,
                                           fmt::format("the vocabulary `{}` has {} ids", token.vocabulary.text, *ids),
                                           fmt::format("1 to {}", INT32_MAX), std::to_string(*ids), "give its size");
                              ids.reset();
                            }
                          }
                          fine = ids.has_value();
                          out.vocabulary = ids.value_or(1);
                          out.dtype = id_dtype(out.vocabulary);
                        },
                        [&](const LatentKind& latent) {
                          std::optional<int64_t> width = size_of(latent.size, 1 << 20, "a vector", binder);
                          fine = width.has_value();
                          out.width = width.value_or(1);
                          out.dtype = latent.dtype;
                        },
                        [&](const ScalarKind& scalar) { out.dtype = scalar.dtype; },
                        [&](const EventKind&) { out.set = true; }, [&](const RuleKind&) { out.set = true; }},
             value.kind);
  if (!out.set && out.vocabulary == 0 && (!contains(kRealSet | kBoolSet, out.dtype) || out.dtype == DType::kU64)) {
    binder.error(Code::IllTyped, value.place, fmt::format("`{}` of {}", value.name.text, dtype_name(out.dtype)),
                 "bool, an integer up to i64 or u32, or f16 bf16 f32 f64", std::string(dtype_name(out.dtype)),
                 "rules compute in i64, f32 and f64: take one of these");
    fine = false;
  }
  if (out.set != (value.shape.form == Shape::Form::kSet)) {
    binder.error(Code::IllTyped, value.place, fmt::format("`{}` of this kind in this shape", value.name.text),
                 out.set ? "shape Set()" : "a shape with cells", out.set ? "cells" : "Set()",
                 "events and rules are sets; all else has cells");
    fine = false;
  }
  return fine;
}

/// Data for a value, in the value's dtype; nothing after an error.
std::optional<Array> data_of(const ValueInstance& value, const Array& array, Binder& binder) {
  std::vector<int64_t> shape = value.sizes;
  if (std::holds_alternative<LatentKind>(value.declaration->kind)) shape.push_back(value.width);
  bool integers = is_integer(value.dtype) || value.dtype == DType::kBool;
  bool fits = integers ? is_integer(array.dtype()) || array.dtype() == DType::kBool : array.dtype() == value.dtype;
  auto wrong = [&](std::string expected, std::string found) {
    binder.error(
        Code::WrongData, value.declaration->place, fmt::format("data that `{}` cannot hold", value.name()),
        std::move(expected), std::move(found),
        value.token() ? fmt::format("give ids; {} where nothing is committed", value.vocabulary) : "convert the array");
    return std::nullopt;
  };
  if (array.shape() != shape || !fits) return wrong(describe_type(value.dtype, shape), describe(array));
  Array out = Array::zeros(value.dtype, shape);
  size_t from = dtype_size(array.dtype()), to = dtype_size(value.dtype);
  for (int64_t i = 0; i < array.elements(); ++i) {
    Scalar element = Scalar::load(array.dtype(), array.data() + static_cast<size_t>(i) * from);
    std::optional<Scalar> kept =
        integers ? to_element(value.dtype, Number::of(element.as_integer())) : std::optional(element);
    bool in = kept && (!value.token() || (kept->as_integer() >= 0 && kept->as_integer() <= value.vocabulary));
    if (!in)
      return wrong(
          value.token() ? fmt::format("ids from 0 to {}", value.vocabulary) : describe_type(value.dtype, shape),
          fmt::format("{} at element {}", element.as_integer(), i));
    kept->store(out.mutable_data() + static_cast<size_t>(i) * to);
  }
  return out;
}

}  // namespace

void Instantiation::values() {
  size_t before = diagnostics.errors();
  int64_t total = 0;
  for (const Value* each : instance.program->all<Value>()) {
    ValueInstance value{.declaration = each};
    bool fine = set_kind(*each, value, instance, binder);
    // The edges of a graph are counted, but it is the nodes that hold something.
    size_t axes = each->shape.rank();
    value.cells = value.set ? 0 : 1;
    for (size_t axis = 0; axis < each->shape.sizes.size() && fine; ++axis) {
      std::optional<int64_t> size = size_of(each->shape.sizes[axis], options.max_cells, "an axis", binder);
      if (!size) {
        fine = false;
      } else if (axis < axes) {
        value.sizes.push_back(*size);
        value.cells *= *size;
        fine = value.cells * value.width <= options.max_cells;
      }
    }
    total += value.cells * value.width;
    if (total > options.max_cells)
      binder.error(Code::WorldTooLarge, each->place, "more cells than this runtime holds",
                   fmt::format("at most {} in all", options.max_cells), fmt::format("{} and more", total),
                   "give smaller sizes");
    instance.values.push_back(std::move(value));
  }
  if (diagnostics.errors() > before) return;
  instance.data.resize(instance.values.size());
  instance.initial.resize(instance.values.size());
  for (size_t i = 0; i < instance.values.size(); ++i) {
    const ValueInstance& value = instance.values[i];
    if (auto found = given.data.find(value.name()); found != given.data.end() && !value.set)
      instance.data[i] = data_of(value, found->second, binder);
    if (!value.declaration->initial) continue;
    BindScope scope{.draws_allowed = true, .categories = value.vocabulary};
    instance.initial[i] = binder.formula(*value.declaration->initial, scope);
    size_t width = instance.initial[i] ? instance.initial[i]->root().width : Formula::kNumber;
    if (width != Formula::kNumber && width != static_cast<size_t>(value.cells * value.width))
      binder.error(Code::IllTyped, value.declaration->initial->place,
                   fmt::format("`{}` begins with a list of {}", value.name(), width),
                   fmt::format("a number, or a list of {}", value.cells * value.width), std::to_string(width),
                   "give a tensor with an element for each cell");
  }
  for (const auto& [name, array] : given.data) {
    std::optional<size_t> value = find_value(instance, name);
    if (!value || instance.values[*value].set)
      binder.error(Code::UnknownGiven, {}, fmt::format("there is data for `{}`, which has no cells", name),
                   "a value of the program", name, "name one of its values");
  }
}

void Instantiation::composites() {
  for (const Rule* rule : instance.program->all<Rule>()) {
    std::function<void(const Expression&)> visit = [&](const Expression& expression) {
      const Call* call = std::get_if<Call>(&expression.node);
      if (!call) return;
      const std::string& name = call->function.text;
      if (!find_built_in(name) && !instance.parameters.contains(name)) {
        Result<ModelGiven> model = given.composite
                                       ? given.composite(name)
                                       : fail({.code = Code::MissingGiven,
                                               .message = fmt::format("the composite `{}` is not known here", name),
                                               .span = call->function.place.span,
                                               .expected = "a composite",
                                               .found = name,
                                               .remedy = "load the Lisp file that defines it"});
        if (model)
          instance.parameters.emplace(name, std::move(*model));
        else
          diagnostics.add(model.error());
      }
      for (const Expression& each : call->arguments) visit(each);
      for (const Argument& each : call->keywords) visit(each.value);
    };
    for (const Local& each : rule->locals) visit(each.value);
    for (const Proposal& each : rule->proposals) visit(each.value);
    if (rule->score) visit(*rule->score);
  }
}

}  // namespace caten::consensus
