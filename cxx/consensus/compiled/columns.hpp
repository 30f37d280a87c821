// What is known about each cell that a rule is on before anything runs, as columns: a number for each of them.
//
// In: an instance. Out: for each read of a rule the cells that it leads to, for each constraint the instances that a
// proposal touches. Equal columns are one array. Entry: Columns.
#pragma once

#include <map>

#include "consensus/instance.hpp"

namespace caten::consensus::compiled {

/// A number for each cell, i32; kAbsent and kPadded where there is none.
struct Column {
  std::optional<Array> numbers{};  ///< nothing: each cell has its own number
  bool absent = false;             ///< some are kAbsent
  bool padded = false;             ///< some are kPadded
  int64_t at(int64_t cell) const { return numbers ? numbers->as<int32_t>()[cell] : cell; }
};

class Columns {
 public:
  explicit Columns(const Instance& instance) : instance_(instance) {}

  /// The cells of a value with these sizes, each asked for its numbers: `ask(place, numbers)` gives as many as `count`.
  /// Several threads ask.
  using Ask = std::function<void(int64_t cell, std::span<const int64_t> place, std::span<int64_t> numbers)>;
  std::vector<Column> of(const std::vector<int64_t>& sizes, size_t count, const Ask& ask);
  /// The sources of a read, at each of its positions, from the cells of a value. It depends on no data.
  std::vector<Column> sources(const ReadInstance& read, size_t on);
  /// The cell that a proposal is for; it depends on no data.
  Column target(const EmitInstance& emit, size_t on);

 private:
  Column kept(Array numbers);

  const Instance& instance_;
  std::map<std::string, Array> known_{};  ///< by their hash
};

/// Whether the elements of a value decide which cells these are.
bool depends_on_values(const BoundReference& reference);
bool depends_on_values(const Instance& instance, const ReadInstance& read);

}  // namespace caten::consensus::compiled
