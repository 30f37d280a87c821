#include "consensus/visibility.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"

namespace caten::consensus {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c); });
  return out;
}

const InNeighbourhood* neighbours_in(const Expression& predicate) {
  if (const InNeighbourhood* in = std::get_if<InNeighbourhood>(&predicate.node)) return in;
  const Call* call = std::get_if<Call>(&predicate.node);
  if (!call || call->function.text != "and") return nullptr;
  for (const Expression& each : call->arguments)
    if (const InNeighbourhood* in = neighbours_in(each)) return in;
  return nullptr;
}

using Values = std::map<std::string, Affine>;

std::optional<Affine> with(const Affine& affine, const Values& values) {
  return substitute(affine, [&](const Name& name) -> std::optional<Affine> {
    auto found = values.find(name.text);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  });
}

bool equal(const Affine& source, const Values& values, const Affine& wanted) {
  std::optional<Affine> here = with(source, values);
  return here && same(*here, wanted);
}

bool holds(const Subscript& source, const Values& values, const Subscript& wanted) {
  if (std::holds_alternative<All>(source.node)) return true;
  if (source.node.index() != wanted.node.index()) return false;
  if (const Affine* affine = std::get_if<Affine>(&source.node))
    return equal(*affine, values, std::get<Affine>(wanted.node));
  if (const Range* range = std::get_if<Range>(&source.node)) {
    const auto& other = std::get<Range>(wanted.node);
    return equal(range->first, values, other.first) && equal(range->last, values, other.last);
  }
  if (const At* at = std::get_if<At>(&source.node)) {
    const auto& other = std::get<At>(wanted.node);
    return at->tensor == other.tensor && equal(at->index, values, other.index);
  }
  return source == wanted;
}

bool all_hold(const std::vector<Subscript>& source, const Values& values, const std::vector<Subscript>& wanted) {
  if (source.empty() || (source.size() == 1 && std::holds_alternative<All>(source[0].node))) return true;
  if (source.size() != wanted.size()) return false;
  for (size_t i = 0; i < source.size(); ++i)
    if (!holds(source[i], values, wanted[i])) return false;
  return true;
}

}  // namespace

const InNeighbourhood* neighbours_of(const Visible& edge) {
  return edge.predicate ? neighbours_in(*edge.predicate) : nullptr;
}

bool shows(const Visible& edge, const Cells& on, const Reference& reference) {
  if (edge.source.value != reference.value || edge.target.indices.size() != on.indices.size()) return false;
  Values values;
  for (size_t i = 0; i < on.indices.size(); ++i) values[edge.target.indices[i].text] = name_term(on.indices[i]);
  const InNeighbourhood* in = neighbours_of(edge);
  if (!in) return all_hold(edge.source.subscripts, values, reference.subscripts);
  for (const std::vector<int64_t>& offset : neighbourhood_offsets(in->neighbourhood)) {
    for (size_t i = 0; i < std::min(offset.size(), in->offsets.size()); ++i)
      values[in->offsets[i].text] = constant(offset[i]);
    if (all_hold(edge.source.subscripts, values, reference.subscripts)) return true;
  }
  return false;
}

bool leads_to_previous(const Visible& edge) {
  if (edge.source.value != edge.target.value || edge.source.subscripts.size() != edge.target.indices.size() ||
      edge.target.indices.empty())
    return false;
  for (size_t i = 0; i < edge.target.indices.size(); ++i) {
    const Affine* affine = std::get_if<Affine>(&edge.source.subscripts[i].node);
    std::optional<Affine> wanted = add(name_term(edge.target.indices[i]), constant(i == 0 ? -1 : 0), 1);
    if (!affine || !wanted || !same(*affine, *wanted)) return false;
  }
  return true;
}

bool same(const Neighbourhood& a, const Neighbourhood& b) {
  std::vector<std::vector<int64_t>> left = neighbourhood_offsets(a), right = neighbourhood_offsets(b);
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  return left == right;
}

ReadPattern pattern_of(std::string_view name) {
  std::string text = lower(name);
  auto is = [&](std::string_view word) { return text == word || text.starts_with(std::string(word) + "_"); };
  if (is("neighbors") || is("neighbours")) return ReadPattern::kNeighbours;
  if (is("prev") || is("previous")) return ReadPattern::kPrevious;
  return ReadPattern::kValue;
}

bool equal_without_case(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

}  // namespace caten::consensus
