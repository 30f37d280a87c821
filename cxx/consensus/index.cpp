#include "consensus/index.hpp"

#include <algorithm>

#include "ir/arithmetic.hpp"
#include "ir/scalar.hpp"

namespace caten::consensus {
namespace {

std::optional<int64_t> sum_at(const BoundAffine& affine, size_t part, std::span<const int64_t> names) {
  const BoundAffine::Sum& sum = affine.parts[part];
  int64_t out = sum.constant;
  for (const BoundAffine::Term& term : sum.terms) {
    int64_t atom = 0, product = 0;
    if (term.quotient) {
      const BoundAffine::Division& division = affine.quotients[term.slot];
      std::optional<int64_t> dividend = sum_at(affine, division.dividend, names);
      if (!dividend) return std::nullopt;
      atom = division.remainder ? arithmetic::mod(*dividend, division.divisor)
                                : arithmetic::div(*dividend, division.divisor);
    } else {
      atom = names[term.slot];
    }
    if (__builtin_mul_overflow(term.coefficient, atom, &product) || __builtin_add_overflow(out, product, &out))
      return std::nullopt;
  }
  return out;
}

/// The place on an axis of this size, under a border.
int64_t bounded(std::optional<int64_t> place, int64_t size, Border::Form border) {
  if (!place || size == 0) return kAbsent;
  if (*place >= 0 && *place < size) return *place;
  switch (border) {
    case Border::Form::kWrap: return arithmetic::mod(*place, size);
    case Border::Form::kPad: return kPadded;
    case Border::Form::kClip: return kAbsent;
  }
  return kAbsent;
}

std::optional<int64_t> looked_up(const BoundSubscript& subscript, std::span<const int64_t> names,
                                 const Contents* contents) {
  std::optional<int64_t> place = subscript.first.at(names);
  if (!place) return std::nullopt;
  if (subscript.form == BoundSubscript::Form::kValue)
    return contents && *place >= 0 ? (*contents)(subscript.value, *place) : std::nullopt;
  const Array& tensor = subscript.tensor;
  if (*place < 0 || *place >= tensor.elements()) return std::nullopt;
  return Scalar::load(tensor.dtype(), tensor.data() + *place * static_cast<int64_t>(dtype_size(tensor.dtype())))
      .as_integer();
}

/// The place of a subscript that has one.
int64_t place_of(const BoundSubscript& subscript, int64_t size, Border::Form border, std::span<const int64_t> names,
                 const Contents* contents) {
  if (subscript.form == BoundSubscript::Form::kAffine) return bounded(subscript.first.at(names), size, border);
  return bounded(looked_up(subscript, names, contents), size, Border::Form::kClip);
}

/// The places of one subscript, combined over its axes into one number.
std::vector<int64_t> places(const BoundSubscript& subscript, int64_t size, Border::Form border,
                            std::span<const int64_t> names, const Contents* contents) {
  using Form = BoundSubscript::Form;
  switch (subscript.form) {
    case Form::kAffine:
    case Form::kTensor:
    case Form::kValue: return {place_of(subscript, size, border, names, contents)};
    case Form::kRegion: return subscript.area;
    case Form::kAll:
    case Form::kRange: break;
  }
  std::vector<int64_t> out(static_cast<size_t>(size));
  std::optional<int64_t> first = 0, last = size - 1;
  if (subscript.form == Form::kRange) {
    first = subscript.first.at(names);
    last = subscript.last.at(names);
  }
  for (int64_t i = 0; i < size; ++i)
    out[static_cast<size_t>(i)] = first && last && *first <= i && i <= *last ? i : kAbsent;
  return out;
}

}  // namespace

std::optional<int64_t> BoundAffine::at(std::span<const int64_t> names) const {
  return parts.empty() ? 0 : sum_at(*this, parts.size() - 1, names);
}

std::optional<int64_t> BoundAffine::constant() const {
  bool free = std::any_of(parts.begin(), parts.end(), [](const Sum& sum) {
    return std::any_of(sum.terms.begin(), sum.terms.end(), [](const Term& term) { return !term.quotient; });
  });
  return free ? std::nullopt : at({});
}

bool BoundReference::single() const {
  return std::all_of(subscripts.begin(), subscripts.end(), [](const BoundSubscript& each) {
    using Form = BoundSubscript::Form;
    return each.form == Form::kAffine || each.form == Form::kTensor || each.form == Form::kValue;
  });
}

int64_t BoundReference::cell(std::span<const int64_t> names, const Contents* contents) const {
  int64_t out = 0;
  for (size_t axis = 0; axis < subscripts.size(); ++axis) {
    int64_t place = place_of(subscripts[axis], sizes[axis], border, names, contents);
    bool absent = out == kAbsent || place == kAbsent, padded = out == kPadded || place == kPadded;
    out = absent ? kAbsent : padded ? kPadded : out * sizes[axis] + place;
  }
  return out;
}

size_t BoundReference::positions() const {
  size_t out = 1, axis = 0;
  for (const BoundSubscript& each : subscripts) {
    using Form = BoundSubscript::Form;
    if (each.form == Form::kRegion) out *= each.area.size();
    if (each.form == Form::kAll || each.form == Form::kRange) out *= static_cast<size_t>(sizes[axis]);
    axis += each.axes;
  }
  return out;
}

void BoundReference::for_each(std::span<const int64_t> names, const Contents* contents,
                              const std::function<void(int64_t cell)>& visit) const {
  std::vector<int64_t> found{0};
  size_t axis = 0;
  for (const BoundSubscript& each : subscripts) {
    int64_t size = 1;
    for (size_t i = 0; i < each.axes; ++i) size *= sizes[axis + i];
    std::vector<int64_t> here = places(each, size, border, names, contents), next;
    next.reserve(found.size() * here.size());
    for (int64_t outer : found)
      for (int64_t inner : here)
        next.push_back(outer == kAbsent || inner == kAbsent   ? kAbsent
                       : outer == kPadded || inner == kPadded ? kPadded
                                                              : outer * size + inner);
    found = std::move(next);
    axis += each.axes;
  }
  for (int64_t cell : found) visit(cell);
}

std::vector<int64_t> coordinates(int64_t cell, std::span<const int64_t> sizes) {
  std::vector<int64_t> out(sizes.size());
  for (size_t i = sizes.size(); i-- > 0; cell /= sizes[i]) out[i] = cell % sizes[i];
  return out;
}

int64_t flat(std::span<const int64_t> place, std::span<const int64_t> sizes) {
  int64_t out = 0;
  for (size_t i = 0; i < sizes.size(); ++i) out = out * sizes[i] + place[i];
  return out;
}

}  // namespace caten::consensus
