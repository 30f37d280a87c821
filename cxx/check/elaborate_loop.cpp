#include <fmt/format.h>

#include "check/elaborator.hpp"

namespace caten {

// (loop n ((carry init)…) (counter) (name value)… (next v…) [:until c] [:collect v…]), n a size or (upto value size)
Binding Elaborator::loop_form(const Datum& form, Scope& scope) {
  std::string_view expected = info(Op::kLoop).form;
  bool headed =
      form.size() >= 5 && form[2].is_list() && form[3].is_list() && form[3].size() == 1 && form[3][0].is_symbol();
  if (!headed) return bad_form(form, expected, scope);
  LoopAttributes attributes;
  attributes.level = scope.loop_depth();
  if (attributes.level >= 64) {
    report(Code::TooDeep, "loops are nested too deeply", form[0], "at most 64 levels", "65", "split the program",
           &scope);
    return {};
  }
  attributes.runtime_count = form[1].is_form("upto");
  if (attributes.runtime_count && form[1].size() != 3) return bad_form(form[1], "(upto value size)", scope);
  std::vector<NodeId> all;
  bool fine = true;
  auto keep = [&](Node node) {
    if (node)
      all.push_back(*node);
    else
      fine = false;
    return node;
  };
  if (attributes.runtime_count) keep(operand(form[1][1], scope));
  std::optional<Dim> count = size(attributes.runtime_count ? form[1][2] : form[1], scope);
  if (count)
    attributes.count = *count;
  else
    fine = false;

  std::vector<std::pair<std::string, Binding>> bound;
  for (const Datum& carry : form[2].items) {
    if (!carry.is_list() || carry.size() != 2 || !carry[0].is_symbol())
      return bad_form(form, "carries as (name initial-value)", scope);
    Node init = keep(operand(carry[1], scope));
    uint32_t index = ++attributes.carries;
    attributes.carry_names.push_back(carry[0].text);
    bound.emplace_back(
        carry[0].text,
        init ? Binding::value(graph_.add_bound(attributes.level, index, graph_.type(*init))) : Binding{});
  }
  attributes.counter_name = form[3][0].text;
  bound.emplace_back(attributes.counter_name, Binding::value(graph_.add_bound(attributes.level, 0, {DType::kI64, {}})));

  scope.open_frame();
  for (auto& [name, binding] : bound)
    if (!scope.define(name, binding)) {
      report(Code::DuplicateName, fmt::format("`{}` is bound twice by this loop", name), form[2], "different names",
             name, "rename one of them", &scope);
      fine = false;
    }
  auto body_form = [&](const char* what) {
    scope.close_frame();
    return bad_form(form, what, scope);
  };
  size_t at = 4;
  for (; at < form.size() && !form[at].is_form("next"); ++at) {
    const Datum& let = form[at];
    if (!let.is_list() || let.size() != 2 || !let[0].is_symbol())
      return body_form("body values as (name value), then (next value…)");
    if (!scope.define(let[0].text, value(let[1], scope))) {
      report(Code::DuplicateName, fmt::format("`{}` is defined twice in this loop", let[0].text), let[0], "a new name",
             let[0].text, "rename one of them", &scope);
      fine = false;
    }
  }
  if (at == form.size()) return body_form("(next value…) after the body values");
  const Datum& next = form[at++];
  if (next.size() - 1 != attributes.carries) {
    report(Code::BadLoop, "a loop needs one next value for each carry", next,
           fmt::format("{} values", attributes.carries), fmt::format("{}", next.size() - 1),
           "list the next value of every carry, in their order", &scope);
    fine = false;
  }
  for (size_t i = 1; i < next.size(); ++i) keep(operand(next[i], scope));
  if (at < form.size() && form[at].is_keyword("until")) {
    if (at + 1 >= form.size()) return body_form(":until condition");
    attributes.until = true;
    keep(operand(form[at + 1], scope));
    at += 2;
  }
  if (at < form.size() && form[at].is_keyword("collect")) {
    for (++at; at < form.size() && !form[at].is_keyword(); ++at) {
      ++attributes.collects;
      keep(operand(form[at], scope));
    }
  }
  if (at != form.size()) return body_form("[:until condition] [:collect value…] after (next …)");
  scope.close_frame();
  if (!fine) return {};
  return make(Op::kLoop, std::move(all), std::move(attributes), {}, form, scope);
}

}  // namespace caten
