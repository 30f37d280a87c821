// Guards of optimizers: their forms, and what they say of a match.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "rewrite/bad_optimizer.hpp"
#include "rewrite/optimizer.hpp"

namespace caten {
namespace {

const std::vector<std::string> kGuardWords{
    "and",      "or",         "not",        "<",       "<=",  ">",    ">=",       "=",     "dtype-in", "rank-in",
    "constant", "contiguous", "transposed", "cheaper", "dim", "rank", "elements", "bytes", "+",        "*"};

/// Conditions on the value of a variable, and sizes of it.
bool on_value(std::string_view word) {
  return word == "dtype-in" || word == "rank-in" || word == "constant" || word == "contiguous" || word == "transposed";
}
bool on_size(std::string_view word) { return word == "dim" || word == "rank" || word == "elements" || word == "bytes"; }

class Guards {
 public:
  Guards(const Graph& graph, const Match& match, const CompositeHooks& hooks)
      : graph_(graph), match_(match), hooks_(hooks) {}

  std::optional<bool> holds(const Datum& guard) const {
    if (guard.is_symbol("true")) return true;
    if (!guard.is_list() || guard.items.empty()) return std::nullopt;
    const std::string& word = guard[0].text;
    if (word == "and" || word == "or") {
      bool decisive = word == "or", unknown = false;
      for (size_t i = 1; i < guard.size(); ++i) {
        std::optional<bool> part = holds(guard[i]);
        if (part == decisive) return decisive;
        unknown = unknown || !part;
      }
      return unknown ? std::nullopt : std::optional<bool>(!decisive);
    }
    if (word == "not") {
      std::optional<bool> part = guard.size() == 2 ? holds(guard[1]) : std::nullopt;
      return part ? std::optional<bool>(!*part) : std::nullopt;
    }
    if (word == "cheaper") return cheaper();
    if (on_value(word)) return about(word, guard);
    for (size_t i = 1; i + 1 < guard.size(); ++i) {
      std::optional<bool> part = compare(word, size(guard[i]), size(guard[i + 1]));
      if (!part || !*part) return part;
    }
    return true;
  }

 private:
  std::optional<bool> about(const std::string& word, const Datum& guard) const {
    auto bound = match_.variables.find(guard[1].text);
    if (bound == match_.variables.end() || !bound->second.node.valid()) return std::nullopt;
    const ValueType& type = graph_.type(bound->second.node);
    if (word == "constant") return constant_value(graph_, bound->second.node).has_value();
    if (word == "contiguous") return contiguous(bound->second.node);
    if (word == "transposed") return transposed(bound->second.node);
    for (size_t i = 2; i < guard.size(); ++i) {
      if (word == "dtype-in" && guard[i].text == dtype_name(type.dtype)) return true;
      if (word == "rank-in" && guard[i].integer == static_cast<int64_t>(type.shape.size())) return true;
    }
    return false;
  }

  std::optional<Dim> size(const Datum& datum) const {
    if (datum.is_integer()) return Dim(datum.integer);
    if (datum.is_symbol()) {
      if (hooks_.size && graph_[match_.root].kind == NodeKind::kRegion)
        if (std::optional<Dim> named = hooks_.size(graph_, match_.root, datum.text)) return named;
      if (graph_.dims.declared(datum.text)) return graph_.dims.resolve(Dim::symbol(datum.text));
      return std::nullopt;
    }
    if (!datum.is_list() || datum.items.empty()) return std::nullopt;
    const std::string& word = datum[0].text;
    if (word == "+" || word == "*") {
      Dim out(word == "+" ? 0 : 1);
      for (size_t i = 1; i < datum.size(); ++i) {
        std::optional<Dim> part = size(datum[i]);
        if (!part) return std::nullopt;
        out = word == "+" ? out + *part : out * *part;
      }
      return out;
    }
    if (word != "dim" && word != "rank" && word != "elements" && word != "bytes") return std::nullopt;
    auto bound = match_.variables.find(datum[1].text);
    if (bound == match_.variables.end() || !bound->second.node.valid()) return std::nullopt;
    const Shape& shape = graph_.type(bound->second.node).shape;
    auto rank = static_cast<int64_t>(shape.size());
    if (word == "rank") return Dim(rank);
    if (word == "elements" || word == "bytes") {
      DType dtype = graph_.type(bound->second.node).dtype;
      auto item = static_cast<int64_t>(word == "bytes" ? dtype_size(dtype) : 1);
      return element_count(graph_.dims.resolve(shape)) * Dim(item);
    }
    int64_t axis = datum[2].integer < 0 ? datum[2].integer + rank : datum[2].integer;
    if (axis < 0 || axis >= rank) return std::nullopt;
    return graph_.dims.resolve(shape[static_cast<size_t>(axis)]);
  }

  std::optional<bool> compare(const std::string& word, std::optional<Dim> a, std::optional<Dim> b) const {
    if (!a || !b || a->overflowed() || b->overflowed()) return std::nullopt;
    const DimEnv& dims = graph_.dims;
    if (word == ">" || word == ">=") std::swap(a, b);
    if (word == "=") {
      if (dims.proves_equal(*a, *b)) return true;
      if (dims.proves_le(*a + Dim(1), *b) || dims.proves_le(*b + Dim(1), *a)) return false;
      return std::nullopt;
    }
    bool strict = word == "<" || word == ">";
    if (dims.proves_le(strict ? *a + Dim(1) : *a, *b)) return true;
    if (dims.proves_le(strict ? *b : *b + Dim(1), *a)) return false;
    return std::nullopt;
  }

  /// The value behind regions and reshapes.
  const Node& stored(NodeId id) const {
    const Node* node = &graph_[id];
    while (node->is(Op::kReshape) || node->kind == NodeKind::kRegion) node = &graph_[node->operands[0]];
    return *node;
  }

  bool contiguous(NodeId id) const {
    const Node& node = stored(id);
    return !node.is(Op::kPermute) && !node.is(Op::kExpand) && !node.is(Op::kSlice);
  }

  bool transposed(NodeId id) const {
    const Node* node = &graph_[id];
    while (node->kind == NodeKind::kRegion) node = &graph_[node->operands[0]];
    if (!node->is(Op::kPermute)) return false;
    std::vector<int> axes = node->get<PermuteAttributes>().axes;
    if (axes.size() < 2) return false;
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    for (size_t k = 0; k < axes.size(); ++k)
      if (axes[k] != static_cast<int>(k)) return false;
    return contiguous(node->operands[0]);
  }

  std::optional<bool> cheaper() const {
    if (!match_.replacement.valid()) return std::nullopt;
    std::optional<Dim> before = cost(match_.root), after = cost(match_.replacement);
    return compare("<", after, before);
  }

  /// Elements that are computed or moved between the matched variables and this value; views are free. Nothing:
  /// unknown.
  std::optional<Dim> cost(NodeId root) const {
    std::set<uint32_t> seen;
    for (const auto& [name, value] : match_.variables) seen.insert(value.node.value);
    for (const auto& [name, values] : match_.segments)
      for (const Match::Value& value : values) seen.insert(value.node.value);
    Dim sum(0);
    std::vector<NodeId> open{root};
    while (!open.empty()) {
      NodeId id = open.back();
      open.pop_back();
      if (!seen.insert(id.value).second) continue;
      const Node& node = graph_[id];
      auto elements = [&](NodeId value) { return element_count(graph_.dims.resolve(graph_.type(value).shape)); };
      if (node.kind == NodeKind::kRegion) {
        open.push_back(node.operands[0]);
        continue;
      }
      if (node.kind == NodeKind::kInput || node.kind == NodeKind::kState || node.kind == NodeKind::kBound) continue;
      if (node.kind != NodeKind::kOp || node.is(Op::kLoop)) return std::nullopt;
      OpCategory category = info(node.op).category;
      if (node.is(Op::kReduce))
        sum = sum + elements(node.operands[0]);
      else if (node.is(Op::kPut))
        sum = sum + elements(node.operands[0]) + elements(node.operands[1]);
      else if (category != OpCategory::kView && category != OpCategory::kLeaf)
        sum = sum + elements(id);
      open.insert(open.end(), node.operands.begin(), node.operands.end());
    }
    return sum.overflowed() ? std::nullopt : std::optional<Dim>(sum);
  }

  const Graph& graph_;
  const Match& match_;
  const CompositeHooks& hooks_;
};

}  // namespace

Status check_guard(const Datum& guard, const std::vector<std::string>& variables) {
  if (guard.is_symbol() && guard.text.starts_with("?")) {
    if (std::find(variables.begin(), variables.end(), guard.text) != variables.end()) return {};
    return bad_optimizer(guard, fmt::format("the pattern has no variable {}", guard.text),
                         fmt::format("one of {}", fmt::join(variables, " ")),
                         suggest_or(guard.text, variables, "use a variable of the pattern"));
  }
  if (!guard.is_list()) return {};
  if (guard.items.empty() || !guard[0].is_symbol() ||
      std::find(kGuardWords.begin(), kGuardWords.end(), guard[0].text) == kGuardWords.end())
    return bad_optimizer(
        guard, "a guard of an unknown form", fmt::format("one of {}", fmt::join(kGuardWords, " ")),
        guard.items.empty() ? "write a condition" : suggest_or(guard[0].text, kGuardWords, "use one of these words"));
  const std::string& word = guard[0].text;
  if ((on_value(word) || on_size(word)) &&
      (guard.size() < 2 || !guard[1].is_symbol() || !guard[1].text.starts_with("?")))
    return bad_optimizer(guard, fmt::format("`{}` is about a variable", word), fmt::format("({} ?x …)", word),
                         "name a variable of the pattern");
  if (word == "dim" && (guard.size() != 3 || !guard[2].is_integer()))
    return bad_optimizer(guard, "`dim` takes a variable and an axis", "(dim ?x 0)", "give the number of the axis");
  if (word == "dtype-in") {
    std::vector<std::string> names;
    for (DType dtype : all_dtypes()) names.emplace_back(dtype_name(dtype));
    for (size_t i = 2; i < guard.size(); ++i)
      if (!guard[i].is_symbol() || !find_dtype(guard[i].text))
        return bad_optimizer(guard[i], "not a dtype", fmt::format("{}", fmt::join(names, " ")),
                             suggest_or(guard[i].text, names, "use one of them"));
    return check_guard(guard[1], variables);
  }
  for (size_t i = 1; i < guard.size(); ++i) CATEN_TRY(check_guard(guard[i], variables));
  return {};
}

bool needs_replacement(const Datum& guard) {
  return guard.is_form("cheaper") || std::any_of(guard.items.begin(), guard.items.end(), needs_replacement);
}

std::optional<bool> guard_holds(const Graph& graph, const Datum& guard, const Match& match,
                                const CompositeHooks& hooks) {
  return Guards(graph, match, hooks).holds(guard);
}

}  // namespace caten
