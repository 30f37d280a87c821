#include "consensus/compiled/columns.hpp"

#include <algorithm>

#include "base/parallel.hpp"
#include "consensus/hash.hpp"

namespace caten::consensus::compiled {
bool depends_on_values(const BoundReference& reference) {
  return std::any_of(reference.subscripts.begin(), reference.subscripts.end(),
                     [](const BoundSubscript& each) { return each.form == BoundSubscript::Form::kValue; });
}

bool depends_on_values(const Instance& instance, const ReadInstance& read) {
  return (read.cells && depends_on_values(*read.cells)) ||
         std::any_of(read.edges.begin(), read.edges.end(),
                     [&](size_t edge) { return depends_on_values(instance.edges[edge].source); });
}

Column Columns::kept(Array numbers) {
  const auto* begin = numbers.as<int32_t>();
  int64_t count = numbers.elements();
  Column out;
  bool identity = true;
  for (int64_t i = 0; i < count; ++i) {
    identity = identity && begin[i] == i;
    out.absent = out.absent || begin[i] == kAbsent;
    out.padded = out.padded || begin[i] == kPadded;
  }
  if (identity) return out;
  Hash hash;
  hash.add(numbers.data(), numbers.bytes());
  hash.add_number(count);
  out.numbers = known_.emplace(hash.bytes(), std::move(numbers)).first->second;
  return out;
}

std::vector<Column> Columns::of(const std::vector<int64_t>& sizes, size_t count, const Ask& ask) {
  int64_t cells = 1;
  for (int64_t size : sizes) cells *= size;
  std::vector<Array> arrays(count);
  std::vector<int32_t*> to(count);
  for (size_t i = 0; i < count; ++i) {
    arrays[i] = Array::uninitialized(DType::kI32, {cells});
    to[i] = arrays[i].as_mutable<int32_t>();
  }
  in_parallel(static_cast<size_t>(cells), kFewestOfThread, [&](size_t, size_t begin, size_t end) {
    std::vector<int64_t> place(sizes.size()), numbers(count);
    auto rest = static_cast<int64_t>(begin);
    for (size_t axis = place.size(); axis-- > 0; rest /= sizes[axis]) place[axis] = rest % sizes[axis];
    for (auto cell = static_cast<int64_t>(begin); cell < static_cast<int64_t>(end); ++cell) {
      ask(cell, place, numbers);
      for (size_t i = 0; i < count; ++i) to[i][cell] = static_cast<int32_t>(numbers[i]);
      for (size_t axis = place.size(); axis-- > 0;) {
        if (++place[axis] < sizes[axis]) break;
        place[axis] = 0;
      }
    }
  });
  std::vector<Column> out;
  for (Array& each : arrays) out.push_back(kept(std::move(each)));
  return out;
}

std::vector<Column> Columns::sources(const ReadInstance& read, size_t on) {
  return of(instance_.values[on].sizes, read.positions,
            [&](int64_t, std::span<const int64_t> place, std::span<int64_t> numbers) {
              std::vector<int64_t> found = read.sources(instance_, place, nullptr);
              std::copy(found.begin(), found.end(), numbers.begin());
            });
}

Column Columns::target(const EmitInstance& emit, size_t on) {
  return of(instance_.values[on].sizes, 1, [&](int64_t, std::span<const int64_t> place, std::span<int64_t> numbers) {
    numbers[0] = emit.target.cell(place, nullptr);
  })[0];
}

}  // namespace caten::consensus::compiled
