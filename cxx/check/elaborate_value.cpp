#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "check/elaborator.hpp"

namespace caten {
namespace {

std::vector<std::string> form_names() {
  std::vector<std::string> names;
  for (const OpInfo& op : all_ops()) names.emplace_back(op.name);
  names.insert(names.end(), {"call", "result", "region"});
  return names;
}

}  // namespace

void Elaborator::report(Diagnostic diagnostic, const Scope* scope) {
  // A composite that is expanded often has the same error each time.
  if (!reported_.emplace(diagnostic.code, diagnostic.span.begin, diagnostic.message).second) return;
  if (scope && !scope->composite_path.empty()) diagnostic.notes.push_back("inside composite " + scope->composite_path);
  diagnostics_.add(std::move(diagnostic));
}

void Elaborator::report(Code code, std::string message, const Datum& at, std::string expected, std::string found,
                        std::string remedy, const Scope* scope) {
  report({.code = code,
          .message = std::move(message),
          .span = at.span,
          .expected = std::move(expected),
          .found = std::move(found),
          .remedy = std::move(remedy)},
         scope);
}

Binding Elaborator::bad_form(const Datum& form, std::string_view expected, const Scope& scope) {
  std::string found = print(form);
  if (found.size() > 80) found = found.substr(0, 77) + "…";
  report(Code::BadForm, fmt::format("malformed `{}`", form[0].text), form, std::string(expected), found, "", &scope);
  return {};
}

bool Elaborator::within_limits(const Datum& form) {
  if (given_up_) return false;
  bool many_errors = diagnostics_.errors() >= options_.max_errors;
  if (!many_errors && ++forms_ <= options_.max_nodes && graph_.size() <= options_.max_nodes) return true;
  given_up_ = true;
  if (many_errors)
    report(Code::TooLarge, "too many errors; the rest of the program is not checked", form,
           fmt::format("at most {} errors", options_.max_errors), "more", "correct these first");
  else
    report(Code::TooLarge, "the program is too large", form,
           fmt::format("at most {} values, expansions of composites included", options_.max_nodes), "more",
           "use (loop …) for repetition");
  return false;
}

void Elaborator::locate(const Datum& form, const Scope& scope) { graph_.set_origin({form.span, scope.composite_path}); }

Binding Elaborator::make(Op op, std::vector<NodeId> operands, Attributes attributes, const ValueType& target,
                         const Datum& form, Scope& scope) {
  locate(form, scope);
  Result<NodeId> node = graph_.make(op, std::move(operands), std::move(attributes), target);
  if (!node) {
    Diagnostic diagnostic = std::move(node.error());
    diagnostic.span = form.span;
    report(std::move(diagnostic), &scope);
    return {};
  }
  return op == Op::kLoop ? Binding::loop(*node) : Binding::value(*node);
}

Binding Elaborator::value(const Datum& datum, Scope& scope) {
  if (datum.is_symbol()) {
    if (const Binding* found = scope.find(datum.text)) return *found;
    report(Code::UnknownName, fmt::format("`{}` is not defined", datum.text), datum,
           "a value defined before this place", datum.text, did_you_mean(datum.text, scope.names()), &scope);
    return {};
  }
  if (datum.is_list() && !datum.items.empty() && datum[0].is_symbol()) return form_value(datum, scope);
  report(Code::BadForm, "a value must be a name or a form", datum, "a name or (op …)", print(datum),
         datum.is_number() ? fmt::format("write (const {} f32)", datum.text) : "", &scope);
  return {};
}

Elaborator::Node Elaborator::operand(const Datum& datum, Scope& scope) {
  if (datum.is_symbol())
    if (const Binding* found = scope.find(datum.text); found && found->kind == Binding::Kind::kValue)
      return found->nodes[0];
  Binding binding = value(datum, scope);
  switch (binding.kind) {
    case Binding::Kind::kValue: return binding.nodes[0];
    case Binding::Kind::kPoison: return std::nullopt;
    case Binding::Kind::kLoop:
      report(Code::BadLoop, "a loop is used as a value", datum, "one of its results", "the loop itself",
             "write (result k loop): carries first, then collected stacks, then the count", &scope);
      return std::nullopt;
    case Binding::Kind::kResults:
      report(Code::BadForm, "a call with several results is used as a value", datum, "one of its results",
             fmt::format("{} results", binding.nodes.size()), "write (result k call)", &scope);
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::vector<NodeId>> Elaborator::operands(const Datum& form, size_t first, size_t last, Scope& scope) {
  std::vector<NodeId> out;
  bool fine = true;
  for (size_t i = first; i < last; ++i) {  // all of them, so that every error is found
    Node node = operand(form[i], scope);
    if (node)
      out.push_back(*node);
    else
      fine = false;
  }
  if (!fine) return std::nullopt;
  return out;
}

std::optional<int> Elaborator::axis(const Datum& datum) {
  if (datum.is_integer() && !datum.is_unsigned && datum.integer >= 0 && datum.integer < 1024)
    return static_cast<int>(datum.integer);
  report(Code::BadAxis, "an axis must be a small integer", datum, "0, 1, …", print(datum), "count axes from 0");
  return std::nullopt;
}

std::optional<std::vector<int>> Elaborator::axes(const Datum& form, size_t first) {
  std::vector<int> out;
  for (size_t i = first; i < form.size(); ++i) {
    std::optional<int> one = axis(form[i]);
    if (!one) return std::nullopt;
    out.push_back(*one);
  }
  return out;
}

std::optional<Dim> Elaborator::size(const Datum& datum, Scope& scope) {
  if (datum.is_symbol())
    if (auto known = scope.sizes.find(datum.text); known != scope.sizes.end()) return known->second;
  Result<Dim> parsed = Dim::parse(datum);
  if (!parsed) {
    report(parsed.error(), &scope);
    return std::nullopt;
  }
  std::set<std::string> names;
  parsed->collect_symbols(names);
  for (const std::string& name : names) {
    if (scope.sizes.contains(name)) continue;
    std::vector<std::string> known;
    for (const auto& [each, dim] : scope.sizes) known.push_back(each);
    report(Code::UnknownDim, fmt::format("size `{}` is not declared", name), datum,
           known.empty() ? "a size of (:dim …)" : fmt::format("one of {}", fmt::join(known, " ")), name,
           did_you_mean(name, known).empty() ? fmt::format("declare it: (:dim ({} 0 *))", name)
                                             : did_you_mean(name, known),
           &scope);
    return std::nullopt;
  }
  return parsed->substitute(scope.sizes);
}

std::optional<Shape> Elaborator::shape(const Datum& form, size_t first, Scope& scope) {
  Shape out;
  for (size_t i = first; i < form.size(); ++i) {
    std::optional<Dim> dim = size(form[i], scope);
    if (!dim) return std::nullopt;
    out.push_back(std::move(*dim));
  }
  return out;
}

std::optional<DType> Elaborator::dtype(const Datum& datum, Scope& scope) {
  if (datum.is_symbol()) {
    if (auto variable = scope.dtypes.find(datum.text); variable != scope.dtypes.end()) return variable->second;
    if (std::optional<DType> found = find_dtype(datum.text)) return found;
  }
  std::vector<std::string> known;
  for (const auto& [name, bound] : scope.dtypes) known.push_back(name);
  for (DType each : all_dtypes()) known.emplace_back(dtype_name(each));
  report(Code::UnknownDType, fmt::format("`{}` is no dtype", print(datum)), datum,
         fmt::format("one of {}", fmt::join(known, " ")), print(datum),
         datum.is_symbol() ? did_you_mean(datum.text, known) : "", &scope);
  return std::nullopt;
}

std::optional<ValueType> Elaborator::type(const Datum& datum, Scope& scope) {
  std::optional<DType> element = dtype(datum[0], scope);
  std::optional<Shape> sizes = shape(datum, 1, scope);
  if (!element || !sizes) return std::nullopt;
  if (element_count(*sizes).overflowed() ||
      std::any_of(sizes->begin(), sizes->end(), [](const Dim& d) { return d.overflowed(); })) {
    report(Code::SizeOverflow, "the number of elements leaves 64 bits", datum, "fewer than 2^63 elements", print(datum),
           "use smaller sizes", &scope);
    return std::nullopt;
  }
  for (const Dim& dim : *sizes)
    if (graph_.dims.require_le(Dim(0), dim, "sizes are 0 or more", datum.span) == DimEnv::Outcome::kContradiction) {
      report(Code::NegativeSize, "a negative size", datum, "sizes of 0 or more", print(datum), "correct it", &scope);
      return std::nullopt;
    }
  return ValueType{*element, std::move(*sizes)};
}

Binding Elaborator::form_value(const Datum& form, Scope& scope) {
  if (!within_limits(form)) return {};
  const std::string& head = form[0].text;
  if (head == "call") return call(form, scope);
  if (head == "result") return result_form(form, scope);
  if (head == "region") return region_form(form, scope);
  if (std::optional<Op> op = find_op(head)) return op_form(*op, form, scope);
  bool composite = find_definition(head) != nullptr;
  report(Code::UnknownOp, fmt::format("`{}` is no op", head), form[0],
         "one of the principal ops, call, result or region", head,
         composite ? fmt::format("write (call {} …)", head) : did_you_mean(head, form_names()), &scope);
  return {};
}

Binding Elaborator::op_form(Op op, const Datum& form, Scope& scope) {
  const OpInfo& row = info(op);
  auto with_operand = [&](Attributes attributes, const ValueType& target) -> Binding {
    Node x = operand(form[1], scope);
    if (!x) return {};
    return make(op, {*x}, std::move(attributes), target, form, scope);
  };
  switch (op) {
    case Op::kConst: {
      if (form.size() < 3) return bad_form(form, row.form, scope);
      std::optional<DType> element = dtype(form[2], scope);
      std::optional<Shape> sizes = shape(form, 3, scope);
      if (!element || !sizes) return {};
      Result<Scalar> literal = Scalar::parse(form[1], *element);
      if (!literal) {
        report(literal.error(), &scope);
        return {};
      }
      return make(op, {}, ConstAttributes{*literal}, {*element, *sizes}, form, scope);
    }
    case Op::kIndex: {
      if (form.size() < 3) return bad_form(form, row.form, scope);
      std::optional<int> along = axis(form[1]);
      std::optional<Shape> sizes = shape(form, 2, scope);
      if (!along || !sizes) return {};
      return make(op, {}, IndexAttributes{*along}, {DType::kI64, *sizes}, form, scope);
    }
    case Op::kLoop: return loop_form(form, scope);
    case Op::kTake:
    case Op::kPut: return access_form(op, form, scope);
    case Op::kCast:
    case Op::kBitcast: {
      if (form.size() != 3) return bad_form(form, row.form, scope);
      std::optional<DType> element = dtype(form[2], scope);
      if (!element) return {};
      return with_operand({}, {*element, {}});
    }
    case Op::kReshape:
    case Op::kExpand: {
      if (form.size() < 2) return bad_form(form, row.form, scope);
      std::optional<Shape> sizes = shape(form, 2, scope);
      if (!sizes) return {};
      return with_operand({}, {DType::kF32, *sizes});
    }
    case Op::kPermute: {
      if (form.size() < 2) return bad_form(form, row.form, scope);
      std::optional<std::vector<int>> order = axes(form, 2);
      if (!order) return {};
      return with_operand(PermuteAttributes{*order}, {});
    }
    case Op::kSlice: {
      if (form.size() < 2) return bad_form(form, row.form, scope);
      SliceAttributes attributes;
      for (size_t i = 2; i < form.size(); ++i) {
        const Datum& range = form[i];
        bool fine = range.is_list() &&
                    (range.size() == 2 || (range.size() == 3 && range[2].is_integer() && !range[2].is_unsigned));
        if (!fine) return bad_form(form, row.form, scope);
        std::optional<Dim> start = size(range[0], scope), stop = size(range[1], scope);
        if (!start || !stop) return {};
        attributes.ranges.push_back({*start, *stop, range.size() == 3 ? range[2].integer : 1});
      }
      return with_operand(std::move(attributes), {});
    }
    case Op::kCopy: {
      if (form.size() < 2 || form.size() > 3 || (form.size() == 3 && !form[2].is_symbol() && !form[2].is_string()))
        return bad_form(form, row.form, scope);
      return with_operand(CopyAttributes{form.size() == 3 ? form[2].text : ""}, {});
    }
    case Op::kReduce: {
      std::optional<Combine> combine =
          form.size() >= 3 && form[1].is_symbol() ? find_combine(form[1].text) : std::nullopt;
      if (!combine) return bad_form(form, row.form, scope);
      Node x = operand(form[2], scope);
      std::optional<std::vector<int>> over = axes(form, 3);
      if (!x || !over) return {};
      return make(op, {*x}, ReduceAttributes{*combine, *over}, {}, form, scope);
    }
    default: break;
  }
  std::optional<std::vector<NodeId>> values = operands(form, 1, form.size(), scope);
  if (!values) return {};
  return make(op, std::move(*values), {}, {}, form, scope);
}

Binding Elaborator::access_form(Op op, const Datum& form, Scope& scope) {
  const OpInfo& row = info(op);
  bool put = op == Op::kPut;
  bool listed = form.size() >= 3 && form[2].is_list();
  // (take x axis i), (take x (i…) [axis]); (put x axis i v mode), (put x (i…) v mode [axis])
  size_t fixed = listed ? (put ? 5u : 3u) : (put ? 6u : 4u);
  if (form.size() < fixed || form.size() > fixed + (listed ? 1 : 0)) return bad_form(form, row.form, scope);
  AccessAttributes attributes;
  std::optional<int> first = 0;
  if (!listed)
    first = axis(form[2]);
  else if (form.size() > fixed)
    first = axis(form[fixed]);
  if (!first) return {};
  attributes.axis = *first;
  Node x = operand(form[1], scope);
  Node v = x;
  if (put) {
    const Datum& mode = form[listed ? 4 : 5];
    std::optional<Combine> combine = mode.is_symbol() ? find_combine(mode.text) : std::nullopt;
    if (!combine) return bad_form(form, row.form, scope);
    attributes.mode = *combine;
    v = operand(form[listed ? 3 : 4], scope);
  }
  std::optional<std::vector<NodeId>> indices =
      listed ? operands(form[2], 0, form[2].size(), scope) : operands(form, 3, 4, scope);
  if (!x || !v || !indices) return {};
  std::vector<NodeId> all{*x};
  if (put) all.push_back(*v);
  all.insert(all.end(), indices->begin(), indices->end());
  return make(op, std::move(all), attributes, {}, form, scope);
}

Binding Elaborator::result_form(const Datum& form, Scope& scope) {
  if (form.size() != 3 || !form[1].is_integer() || form[1].integer < 0 || form[1].integer > UINT32_MAX)
    return bad_form(form, "(result k loop-or-call)", scope);
  Binding source = value(form[2], scope);
  auto index = static_cast<uint32_t>(form[1].integer);
  if (source.poisoned()) return {};
  if (source.kind != Binding::Kind::kLoop) {
    if (index < source.nodes.size()) return Binding::value(source.nodes[index]);
    report(Code::BadForm, "there is no such result", form, fmt::format("0 to {}", source.nodes.size() - 1),
           form[1].text, "correct the number", &scope);
    return {};
  }
  locate(form, scope);
  Result<NodeId> node = graph_.make_result(source.nodes[0], index);
  if (node) return Binding::value(*node);
  Diagnostic diagnostic = std::move(node.error());
  diagnostic.span = form.span;
  report(std::move(diagnostic), &scope);
  return {};
}

std::vector<Datum> Elaborator::schedule(const std::vector<Datum>& clauses, const Scope& scope) {
  Result<ScheduleHint> hint = parse_schedule(clauses);
  if (hint) return clauses;
  report(std::move(hint.error()), &scope);
  return {};
}

Binding Elaborator::region_form(const Datum& form, Scope& scope) {
  bool numbered = form.size() >= 7 && form[5].is_keyword("result") && form[6].is_integer() && form[6].integer >= 0 &&
                  form[6].integer < 1024;
  size_t end = numbered ? 7 : 5;
  bool scheduled = form.size() == end + 2 && form[end].is_keyword("schedule") && form[end + 1].is_list();
  if (form.size() != end + (scheduled ? 2 : 0) || !form[1].is_symbol() || !form[2].is_list() || !form[3].is_list() ||
      form[3].size() % 2 != 0)
    return bad_form(form, "(region composite (argument…) (:attribute value …) value [:result k] [:schedule (clause…)])",
                    scope);
  RegionAttributes attributes{form[1].text, {}, numbered ? static_cast<uint32_t>(form[6].integer) : 0};
  if (scheduled) attributes.schedule = schedule(form[end + 1].items, scope);
  for (size_t i = 0; i < form[3].size(); i += 2) {
    if (!form[3][i].is_keyword()) return bad_form(form, "attributes as :name value", scope);
    attributes.attributes.emplace_back(form[3][i].text, form[3][i + 1]);
  }
  std::optional<std::vector<NodeId>> arguments = operands(form[2], 0, form[2].size(), scope);
  Node body = operand(form[4], scope);
  if (!arguments || !body) return {};
  locate(form, scope);
  return Binding::value(graph_.make_region(std::move(attributes), *body, std::move(*arguments)));
}

}  // namespace caten
