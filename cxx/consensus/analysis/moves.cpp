#include "consensus/analysis/moves.hpp"

#include <algorithm>
#include <set>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/visibility.hpp"
#include "ir/arithmetic.hpp"

namespace caten::consensus {
namespace {

/// c of an index expression `index + c`.
std::optional<int64_t> shift_of(const Subscript& subscript, const Name& index, const Integers& given) {
  const Affine* affine = std::get_if<Affine>(&subscript.node);
  if (!affine) return std::nullopt;
  std::optional<Affine> known = substitute(*affine, [&](const Name& name) -> std::optional<Affine> {
    auto found = given.find(name.text);
    return found == given.end() ? std::nullopt : std::optional(constant(found->second));
  });
  if (!known || known->terms.size() != 1 || known->terms[0].coefficient != 1) return std::nullopt;
  const Name* name = std::get_if<Name>(&known->terms[0].atom);
  return name && name->text == index.text ? std::optional(known->constant) : std::nullopt;
}

/// The positions of an axis that lead to a cell, by how far they lead.
std::vector<std::pair<int64_t, Interval>> shifts(int64_t shift, int64_t size, Border::Form border) {
  std::vector<std::pair<int64_t, Interval>> out;
  int64_t turns = border == Border::Form::kWrap ? arithmetic::div(shift, size) : 0;
  for (int64_t turn = turns; turn <= turns + (border == Border::Form::kWrap ? 1 : 0); ++turn) {
    Interval here{std::max(int64_t{0}, turn * size - shift), std::min(size, (turn + 1) * size - shift)};
    if (here.size() > 0) out.emplace_back(shift - turn * size, here);
  }
  return out;
}

/// Makes the box smaller by what an inequality says of one index; false if it says something else.
bool restrict(Cuboid& box, const LinearForm& form, const std::vector<size_t>& variables) {
  std::optional<size_t> axis;
  for (size_t v = 0; v < form.coefficients.size(); ++v) {
    if (form.coefficients[v] == 0) continue;
    auto found = std::find(variables.begin(), variables.end(), v);
    if (axis || found == variables.end()) return false;
    axis = static_cast<size_t>(found - variables.begin());
  }
  if (!axis) {
    if (form.constant < 0) box[0].end = box[0].first;  // holds nowhere
    return true;
  }
  int64_t c = form.coefficients[variables[*axis]];
  Interval& side = box[*axis];
  if (c > 0)
    side.first = std::max(side.first, -arithmetic::div(form.constant, c));
  else
    side.end = std::min(side.end, arithmetic::div(form.constant, -c) + 1);
  return true;
}

/// The boxes in which the edge's condition holds.
std::optional<std::vector<Cuboid>> boxes_of(const Visible& edge, const Cuboid& whole, const Integers& given) {
  if (!edge.predicate) return std::vector<Cuboid>{whole};
  LinearSpace space(given);
  std::vector<size_t> variables;
  for (const Name& index : edge.target.indices) variables.push_back(space.variable_of(index.text));
  std::vector<Cuboid> out;
  for (const Condition& each : space.cases(*edge.predicate, true)) {
    if (!each.exact) return std::nullopt;
    Cuboid box = whole;
    for (const LinearForm& form : each.nonnegative)
      if (!restrict(box, form, variables)) return std::nullopt;
    if (std::all_of(box.begin(), box.end(), [](const Interval& side) { return side.size() > 0; })) out.push_back(box);
  }
  if (!space.defining().empty()) return std::nullopt;
  return out;
}

}  // namespace

bool add_moves(const Visible& edge, const std::vector<int64_t>& sizes, const Integers& given, Moves& moves) {
  const std::vector<Name>& indices = edge.target.indices;
  if (edge.source.value != edge.target.value || edge.source.subscripts.size() != indices.size() || indices.empty())
    return false;
  Moves found;
  const InNeighbourhood* in = neighbours_of(edge);
  std::vector<std::vector<int64_t>> offsets =
      in ? neighbourhood_offsets(in->neighbourhood) : std::vector<std::vector<int64_t>>{{}};
  for (const std::vector<int64_t>& offset : offsets) {
    Integers known = given;
    for (size_t i = 0; i < offset.size(); ++i) known[in->offsets[i].text] = offset[i];
    // Each axis by itself, then all together.
    std::vector<std::pair<Step, Cuboid>> all{{{}, {}}};
    for (size_t axis = 0; axis < indices.size(); ++axis) {
      std::optional<int64_t> shift = shift_of(edge.source.subscripts[axis], indices[axis], known);
      if (!shift) return false;
      std::vector<std::pair<Step, Cuboid>> longer;
      for (const auto& [step, box] : all)
        for (const auto& [far, side] : shifts(*shift, sizes[axis], edge.border.form)) {
          longer.emplace_back(step, box);
          longer.back().first.push_back(far);
          longer.back().second.push_back(side);
        }
      all = std::move(longer);
    }
    for (const auto& [step, box] : all) {
      std::optional<std::vector<Cuboid>> boxes = boxes_of(edge, box, known);
      if (!boxes) return false;
      if (std::any_of(step.begin(), step.end(), [](int64_t d) { return d != 0; }))
        found[step].insert(found[step].end(), boxes->begin(), boxes->end());
    }
  }
  for (auto& [step, boxes] : found) moves[step].insert(moves[step].end(), boxes.begin(), boxes.end());
  return true;
}

std::vector<Cuboid> disjoint(const std::vector<Cuboid>& boxes) {
  std::vector<Cuboid> out;
  for (const Cuboid& box : boxes) {
    // What the boxes before leave of this one: cut along each axis.
    std::vector<Cuboid> rest{box};
    for (const Cuboid& other : out) {
      std::vector<Cuboid> left;
      for (Cuboid piece : rest) {
        bool apart = false;
        for (size_t axis = 0; axis < piece.size(); ++axis)
          apart = apart || other[axis].first >= piece[axis].end || other[axis].end <= piece[axis].first;
        if (apart) {
          left.push_back(std::move(piece));
          continue;
        }
        for (size_t axis = 0; axis < piece.size(); ++axis) {
          Cuboid before = piece, behind = piece;
          before[axis].end = std::max(piece[axis].first, other[axis].first);
          behind[axis].first = std::min(piece[axis].end, other[axis].end);
          for (const Cuboid& each : {before, behind})
            if (each[axis].size() > 0) left.push_back(each);
          piece[axis] = {before[axis].end, behind[axis].first};
        }
      }
      rest = std::move(left);
    }
    out.insert(out.end(), rest.begin(), rest.end());
  }
  return out;
}

}  // namespace caten::consensus
