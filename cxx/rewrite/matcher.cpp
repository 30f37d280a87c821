// Patterns against values of a graph, and the way back: values from patterns.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ir/build.hpp"
#include "rewrite/optimizer.hpp"

namespace caten {
namespace {

using Value = Match::Value;

/// What IR text has behind the op's name: operands and attributes, in order.
std::vector<Value> items_of(const Graph& graph, const Node& node) {
  std::vector<Value> out;
  auto datum = [&](Datum d) { out.push_back({{}, std::move(d)}); };
  auto operands = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) out.push_back({node.operands[i], {}});
  };
  if (node.kind == NodeKind::kRegion) {
    operands(1, node.operands.size());
    return out;
  }
  switch (node.op) {
    case Op::kCast:
    case Op::kBitcast:
      operands(0, 1);
      datum(Datum::symbol(std::string(dtype_name(node.type.dtype))));
      break;
    case Op::kReshape:
    case Op::kExpand:
      operands(0, 1);
      for (const Dim& dim : node.type.shape) datum(graph.dims.resolve(dim).to_datum());
      break;
    case Op::kPermute:
      operands(0, 1);
      for (int axis : node.get<PermuteAttributes>().axes) datum(Datum::of(int64_t{axis}));
      break;
    case Op::kSlice:
      operands(0, 1);
      for (const SliceRange& r : node.get<SliceAttributes>().ranges)
        datum(Datum::list({r.start.to_datum(), r.stop.to_datum(), Datum::of(r.step)}));
      break;
    case Op::kReduce:
      datum(Datum::symbol(std::string(combine_name(node.get<ReduceAttributes>().combine))));
      operands(0, 1);
      for (int axis : node.get<ReduceAttributes>().axes) datum(Datum::of(int64_t{axis}));
      break;
    case Op::kTake:
      operands(0, 1);
      datum(Datum::of(int64_t{node.get<AccessAttributes>().axis}));
      operands(1, node.operands.size());
      break;
    case Op::kPut:
      operands(0, 1);
      datum(Datum::of(int64_t{node.get<AccessAttributes>().axis}));
      operands(2, node.operands.size());
      operands(1, 2);
      datum(Datum::symbol(std::string(combine_name(node.get<AccessAttributes>().mode))));
      break;
    case Op::kIndex:
      datum(Datum::of(int64_t{node.get<IndexAttributes>().axis}));
      for (const Dim& dim : node.type.shape) datum(dim.to_datum());
      break;
    case Op::kCopy:
      operands(0, 1);
      if (!node.get<CopyAttributes>().device.empty()) datum(Datum::symbol(node.get<CopyAttributes>().device));
      break;
    default: operands(0, node.operands.size());
  }
  return out;
}

/// Matches by continuation: each part, once it fits, asks `then` whether the rest does, so that a segment that took too
/// few operands is tried again with more.
class Matcher {
 public:
  using Then = std::function<bool()>;

  Matcher(const Graph& graph, Match& match) : graph_(graph), match_(match) {}

  /// Patterns are written by hand: their depth bounds the recursion.
  bool value(const Pattern& pattern, const Value& value, const Then& then) {
    if (++steps_ > kStepLimit) return false;
    switch (pattern.kind) {
      case Pattern::Kind::kVariable: {
        auto [it, fresh] = match_.variables.emplace(pattern.name, value);
        if ((fresh || it->second == value) && then()) return true;
        if (fresh) match_.variables.erase(pattern.name);
        return false;
      }
      case Pattern::Kind::kLiteral: {
        if (value.datum) return *value.datum == pattern.datum && then();
        std::optional<Scalar> constant = constant_value(graph_, value.node);
        if (!constant || is_complex(constant->dtype()) != pattern.datum.is_form("c")) return false;
        Result<Scalar> literal = Scalar::parse(pattern.datum, constant->dtype());
        return literal && *literal == *constant && then();
      }
      case Pattern::Kind::kWord: return value.datum && *value.datum == pattern.datum && then();
      case Pattern::Kind::kForm:
        return value.datum ? *value.datum == pattern.datum && then() : form(pattern, value.node, then);
      case Pattern::Kind::kSegment: break;
    }
    return false;
  }

  bool form(const Pattern& pattern, NodeId id, const Then& then) {
    const Node& node = graph_[id];
    bool region = node.kind == NodeKind::kRegion && node.get<RegionAttributes>().name == pattern.name &&
                  node.get<RegionAttributes>().result == 0;
    if (!region && !(pattern.op && node.is(*pattern.op))) return false;
    std::vector<Value> values = items_of(graph_, node);
    if (!region && !pattern.keywords.empty()) return false;
    return items(pattern, 0, values, 0, [&] { return keywords(pattern, 0, node, then); });
  }

 private:
  static constexpr size_t kStepLimit = 10'000;  // then the pattern counts as not matching

  /// Items i… of the pattern against values at….
  bool items(const Pattern& pattern, size_t i, const std::vector<Value>& values, size_t at, const Then& then) {
    if (i == pattern.items.size()) return at == values.size() && then();
    const Pattern& item = pattern.items[i];
    if (item.kind != Pattern::Kind::kSegment)
      return at < values.size() && value(item, values[at], [&] { return items(pattern, i + 1, values, at + 1, then); });
    auto begin = values.begin() + static_cast<std::ptrdiff_t>(at);
    if (auto bound = match_.segments.find(item.name); bound != match_.segments.end()) {
      const std::vector<Value>& same = bound->second;
      return values.size() - at >= same.size() && std::equal(same.begin(), same.end(), begin) &&
             items(pattern, i + 1, values, at + same.size(), then);
    }
    for (size_t count = 0; at + count <= values.size(); ++count) {
      match_.segments[item.name] = {begin, begin + static_cast<std::ptrdiff_t>(count)};
      if (items(pattern, i + 1, values, at + count, then)) return true;
    }
    match_.segments.erase(item.name);
    return false;
  }

  bool keywords(const Pattern& pattern, size_t k, const Node& region, const Then& then) {
    if (k == pattern.keywords.size()) return then();
    const auto& [key, wanted] = pattern.keywords[k];
    for (const auto& [name, given] : region.get<RegionAttributes>().attributes)
      if (name == key) return value(wanted, {{}, given}, [&] { return keywords(pattern, k + 1, region, then); });
    return false;
  }

  const Graph& graph_;
  Match& match_;
  size_t steps_ = 0;
};

tl::unexpected<Diagnostic> cannot_build(const Pattern& at, std::string message) {
  return fail({.code = Code::BadOptimizer,
               .message = std::move(message),
               .span = at.span,
               .expected = "a form that fits what was matched",
               .found = print(at.datum),
               .remedy = "correct the replacement"});
}

class Builder {
 public:
  Builder(Graph& graph, const Match& match, const CompositeHooks& hooks)
      : graph_(graph), match_(match), hooks_(hooks) {}

  Result<Value> item(const Pattern& pattern, const ValueType& type) {
    switch (pattern.kind) {
      case Pattern::Kind::kVariable: return match_.variables.at(pattern.name);
      case Pattern::Kind::kLiteral: {
        Result<Scalar> scalar = Scalar::parse(pattern.datum, type.dtype);
        if (!scalar) return tl::make_unexpected(scalar.error());
        return Value{Build(graph_).constant(*scalar, type.shape), {}};
      }
      case Pattern::Kind::kForm: {
        Result<NodeId> made = form(pattern, type);
        if (!made) return tl::make_unexpected(made.error());
        return Value{*made, {}};
      }
      default: return Value{{}, pattern.datum};
    }
  }

  Result<NodeId> form(const Pattern& pattern, const ValueType& type) {
    // Operands with a type of their own first; literals take theirs.
    std::vector<Value> items;
    std::vector<size_t> literals;
    std::optional<ValueType> neighbour;
    for (size_t i = 0; i < pattern.items.size(); ++i) {
      const Pattern& p = pattern.items[i];
      if (p.kind == Pattern::Kind::kSegment) {
        const auto& rest = match_.segments.at(p.name);
        items.insert(items.end(), rest.begin(), rest.end());
        continue;
      }
      if (p.kind == Pattern::Kind::kLiteral) {
        literals.push_back(items.size());
        items.push_back({{}, p.datum});
        continue;
      }
      Result<Value> made =
          p.kind == Pattern::Kind::kForm && !is_value_item(pattern, i) ? Value{{}, p.datum} : item(p, type);
      if (!made) return tl::make_unexpected(made.error());
      bool condition = pattern.op == Op::kIf && i == 0;
      if (made->node.valid() && !neighbour && !condition) neighbour = graph_.type(made->node);
      items.push_back(std::move(*made));
    }
    for (size_t at : literals) {
      if (!is_value_item(pattern, at)) continue;
      ValueType wanted = neighbour.value_or(type);
      if (pattern.op == Op::kIf && at == 0) wanted.dtype = DType::kBool;
      Result<Scalar> scalar = Scalar::parse(*items[at].datum, wanted.dtype);
      if (!scalar) return tl::make_unexpected(scalar.error());
      items[at] = {Build(graph_).constant(*scalar, wanted.shape), {}};
    }
    if (!pattern.op) return composite(pattern, items);
    return op(pattern, *pattern.op, items);
  }

 private:
  Result<NodeId> composite(const Pattern& pattern, const std::vector<Value>& items) {
    if (!hooks_.call) return cannot_build(pattern, fmt::format("composite `{}` is not available here", pattern.name));
    std::vector<NodeId> arguments;
    for (const Value& value : items) {
      if (!value.node.valid()) return cannot_build(pattern, "an argument that is no value");
      arguments.push_back(value.node);
    }
    KeywordValues keywords;
    for (const auto& [key, p] : pattern.keywords) {
      if (p.kind == Pattern::Kind::kVariable) {
        const Value& bound = match_.variables.at(p.name);
        if (!bound.datum) return cannot_build(p, fmt::format(":{} wants an attribute, not a value", key));
        keywords.emplace_back(key, *bound.datum);
      } else {
        keywords.emplace_back(key, p.datum);
      }
    }
    return hooks_.call(graph_, pattern.name, arguments, keywords);
  }

  Result<NodeId> op(const Pattern& pattern, Op op, std::vector<Value>& items) {
    std::vector<NodeId> operands;
    std::vector<Datum> words;
    for (const Value& value : items) {
      if (value.node.valid())
        operands.push_back(value.node);
      else
        words.push_back(value.datum.value_or(Datum{}));
    }
    Attributes attributes;
    ValueType target;
    auto sizes = [&](size_t from) -> Status {
      for (size_t i = from; i < words.size(); ++i) {
        Result<Dim> dim = Dim::parse(words[i]);
        if (!dim) return tl::make_unexpected(dim.error());
        target.shape.push_back(*dim);
      }
      return {};
    };
    auto all_integers = [&](size_t from) {
      return std::all_of(words.begin() + static_cast<std::ptrdiff_t>(std::min(from, words.size())), words.end(),
                         [](const Datum& d) { return d.is_integer(); });
    };
    auto axes = [&](size_t from) {
      std::vector<int> out;
      for (size_t i = from; i < words.size(); ++i) out.push_back(static_cast<int>(words[i].integer));
      return out;
    };
    switch (op) {
      case Op::kCast:
      case Op::kBitcast: {
        std::optional<DType> dtype = words.size() == 1 ? find_dtype(words[0].text) : std::nullopt;
        if (!dtype) return cannot_build(pattern, "a conversion without a dtype");
        target.dtype = *dtype;
        break;
      }
      case Op::kReshape:
      case Op::kExpand: CATEN_TRY(sizes(0)); break;
      case Op::kPermute:
        if (!all_integers(0)) return cannot_build(pattern, "axes that are no integers");
        attributes = PermuteAttributes{axes(0)};
        break;
      case Op::kReduce: {
        std::optional<Combine> combine = words.empty() ? std::nullopt : find_combine(words[0].text);
        if (!combine || !all_integers(1)) return cannot_build(pattern, "a reduction of an unknown form");
        attributes = ReduceAttributes{*combine, axes(1)};
        break;
      }
      case Op::kSlice: {
        SliceAttributes slice;
        for (const Datum& word : words) {
          if (!word.is_list() || word.size() != 3 || !word[2].is_integer())
            return cannot_build(pattern, "a range that is not (start stop step)");
          Result<Dim> start = Dim::parse(word[0]), stop = Dim::parse(word[1]);
          if (!start || !stop) return cannot_build(pattern, "a range that is not (start stop step)");
          slice.ranges.push_back({*start, *stop, word[2].integer});
        }
        attributes = std::move(slice);
        break;
      }
      case Op::kTake:
      case Op::kPut: {
        if (words.empty() || !words[0].is_integer() || operands.size() < 2)
          return cannot_build(pattern, "an access without an axis");
        AccessAttributes access{static_cast<int>(words[0].integer), Combine::kSet};
        if (op == Op::kPut) {
          std::optional<Combine> mode = words.size() == 2 ? find_combine(words[1].text) : std::nullopt;
          if (!mode) return cannot_build(pattern, "a put without a mode");
          access.mode = *mode;
          std::rotate(operands.begin() + 1, operands.end() - 1, operands.end());
        }
        attributes = access;
        break;
      }
      case Op::kIndex:
        if (words.empty() || !words[0].is_integer()) return cannot_build(pattern, "an index without an axis");
        CATEN_TRY(sizes(1));
        attributes = IndexAttributes{static_cast<int>(words[0].integer)};
        break;
      case Op::kCopy: attributes = CopyAttributes{words.empty() ? "" : words[0].text}; break;
      default:
        if (!words.empty()) return cannot_build(pattern, "an operand that is no value");
    }
    return graph_.make(op, std::move(operands), std::move(attributes), target);
  }

  Graph& graph_;
  const Match& match_;
  const CompositeHooks& hooks_;
};

}  // namespace

bool is_value_item(const Pattern& pattern, size_t i) {
  if (!pattern.op || is_elementwise(*pattern.op)) return true;
  switch (*pattern.op) {
    case Op::kIf: return true;
    case Op::kReduce: return i == 1;
    case Op::kTake: return i == 0 || i >= 2;
    case Op::kPut: return i == 0 || (i >= 2 && i + 1 < pattern.items.size());
    case Op::kIndex: return false;
    default: return i == 0;
  }
}

std::optional<Scalar> constant_value(const Graph& graph, NodeId id) {
  const Node* node = &graph[id];
  while (node->is(Op::kExpand) || node->is(Op::kReshape) || node->is(Op::kPermute) || node->kind == NodeKind::kRegion)
    node = &graph[node->operands[0]];
  if (!node->is(Op::kConst)) return std::nullopt;
  return node->get<ConstAttributes>().value;
}

std::optional<Match> match(const Graph& graph, const Pattern& pattern, NodeId id) {
  Match out;
  out.root = id;
  if (!Matcher(graph, out).form(pattern, id, [] { return true; })) return std::nullopt;
  return out;
}

Result<NodeId> instantiate(Graph& graph, const Pattern& pattern, const Match& match, const ValueType& type,
                           const CompositeHooks& hooks) {
  Result<Match::Value> made = Builder(graph, match, hooks).item(pattern, type);
  if (!made) return tl::make_unexpected(std::move(made.error()));
  if (!made->node.valid()) return cannot_build(pattern, "a replacement that is no value");
  return made->node;
}

}  // namespace caten
