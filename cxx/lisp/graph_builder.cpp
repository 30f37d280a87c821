#include "lisp/graph_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lisp/foreign.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

struct LeafKeywords {
  cl_object input = keyword("INPUT");
  cl_object data = keyword("DATA");
  cl_object bound = keyword("BOUND");
  cl_object result = keyword("RESULT");
  cl_object region = keyword("REGION");
};

const LeafKeywords& leaf_keywords() {
  static const LeafKeywords keywords;
  return keywords;
}

int64_t integer_at(cl_object list, int k) {
  for (; k > 0 && is_cons(list); --k) list = tail(list);
  int64_t value = 0;
  if (is_cons(list)) to_int64(head(list), value);
  return value;
}

RegionAttributes region_attributes(cl_object list) {
  RegionAttributes region;
  region.name = to_utf8(head(list));
  region.result = static_cast<uint32_t>(integer_at(list, 1));
  cl_object pairs = head(tail(tail(list)));
  for (; is_cons(pairs); pairs = tail(pairs))
    region.attributes.emplace_back(to_utf8(head(head(pairs))), to_datum(head(tail(head(pairs)))));
  region.schedule = schedule_clauses(head(tail(tail(tail(list)))));
  return region;
}

}  // namespace

std::vector<Datum> schedule_clauses(cl_object list) {
  std::vector<Datum> clauses;
  for (; is_cons(list); list = tail(list)) clauses.push_back(to_datum(head(list)));
  for (Datum& clause : clauses)
    for (Datum& item : clause.items)
      if (item.is_symbol())
        std::transform(item.text.begin(), item.text.end(), item.text.begin(),
                       [](unsigned char c) { return std::tolower(c); });
  return clauses;
}

Result<NodeId> GraphBuilder::add(cl_object root) {
  std::vector<cl_object> open{root};
  while (!open.empty()) {
    cl_object tensor = open.back();
    if (known_.contains(tensor)) {
      open.pop_back();
      continue;
    }
    if (!is_tensor(tensor))
      return fail(
          {.code = Code::BadArgument, .message = "an operand that is no tensor", .found = print(to_datum(tensor))});
    bool ready = true;
    for (TensorSlot list : {kOperandsSlot, kAfterSlot})
      for (cl_object rest = slot(tensor, list); is_cons(rest); rest = tail(rest)) {
        if (known_.contains(head(rest))) continue;
        open.push_back(head(rest));
        ready = false;
      }
    if (!ready) continue;
    Result<NodeId> made = make(tensor);
    if (!made) return made;
    known_.emplace(tensor, *made);
    open.pop_back();
  }
  return known_.at(root);
}

Result<NodeId> GraphBuilder::make(cl_object tensor) {
  graph.set_origin(origin_of(tensor));
  cl_object op_name = slot(tensor, kOpSlot);
  std::vector<NodeId> operands;
  for (cl_object rest = slot(tensor, kOperandsSlot); is_cons(rest); rest = tail(rest))
    operands.push_back(known_.at(head(rest)));
  Result<ValueType> type = to_type(tensor);
  if (!type) return tl::make_unexpected(type.error());

  if (op_name == leaf_keywords().input || op_name == leaf_keywords().data) {
    const Array* array = to_array(slot(tensor, kValueSlot));
    data.push_back(array ? *array : Array());
    leaves.push_back(tensor);
    cl_object name = slot(tensor, kNameSlot);
    return graph.add_input(is_nil(name) ? fmt::format("data{}", graph.inputs.size()) : to_utf8(name), *type);
  }
  cl_object list = slot(tensor, kAttributesSlot);
  if (op_name == leaf_keywords().bound)
    return graph.add_bound(static_cast<int>(integer_at(list, 0)), static_cast<uint32_t>(integer_at(list, 1)), *type);
  if (op_name == leaf_keywords().result)
    return graph.make_result(operands[0], static_cast<uint32_t>(integer_at(list, 0)));
  if (op_name == leaf_keywords().region)
    return graph.make_region(region_attributes(list), operands[0], {operands.begin() + 1, operands.end()});

  std::optional<Op> op = to_op(op_name);
  if (!op)
    return fail({.code = Code::UnknownOp,
                 .message = fmt::format("a value of a failed form, or of the unknown op {}", to_utf8(op_name)),
                 .remedy = "correct the errors reported before"});
  Result<Attributes> attributes = to_attributes(*op, list, type->dtype);
  if (!attributes) return tl::make_unexpected(attributes.error());
  return graph.make(*op, std::move(operands), std::move(*attributes), *type);
}

uint32_t GraphBuilder::byte_offset(uint32_t source, int64_t character) {
  std::string_view text = session_sources().text(source);
  auto [found, added] = ascii_.try_emplace(source, false);
  if (added)
    found->second = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (found->second) return static_cast<uint32_t>(character);
  return lisp::byte_offset(text, character);
}

Origin GraphBuilder::origin_of(cl_object tensor) {
  Origin origin;
  cl_object pair = slot(tensor, kOriginSlot);
  if (!is_cons(pair)) return origin;
  // The innermost place in a text of the session: of the form itself, else of the nearest call.
  cl_object place = head(pair);
  for (cl_object path = tail(pair); is_cons(path); path = tail(path)) {
    origin.composite_path =
        to_utf8(head(head(path))) + (origin.composite_path.empty() ? "" : "/" + origin.composite_path);
    if (!is_cons(place)) place = tail(head(path));
  }
  std::transform(origin.composite_path.begin(), origin.composite_path.end(), origin.composite_path.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (is_cons(place)) {
    auto source = static_cast<uint32_t>(integer_at(place, 0));
    if (session_sources().contains({source, 0, 0}))
      origin.span = {source, byte_offset(source, integer_at(place, 1)), byte_offset(source, integer_at(place, 2))};
  }
  return origin;
}

}  // namespace caten::lisp
