// What a rule sees from a cell: only the snapshot, and only through visible edges.
#pragma once

#include "consensus/instance.hpp"
#include "consensus/state.hpp"

namespace caten::consensus::reference {

/// The elements of these cells: absent ones are BOT, padded ones the edge's constant.
Item read_cells(const Instance& instance, const State& state, const ReadInstance& read,
                std::span<const int64_t> sources, const Number& padding);

class RuleReader {
 public:
  RuleReader(const Instance& instance, const RuleInstance& rule);

  /// What one instance of the rule sees of a snapshot.
  struct View {
    std::vector<Item> reads{};
    std::vector<Item> references{};
    bool enabled = true;        ///< no required read is of a cell that is not committed
    bool reads_future = false;  ///< a cell of a later time, by axis 0, is among those seen
    std::vector<size_t> edges{};
  };
  View look(const State& state, int64_t cell) const;

  /// What an instance asks for and does not find: cells that are not committed, or kAbsent where no edge shows one.
  struct Unseen {
    const ReadInstance* read = nullptr;
    int64_t source = kAbsent;
  };
  std::vector<Unseen> unseen(const State& state, int64_t cell) const;

 private:
  /// A read or reference: its sources for every cell, if they depend on no data and are few enough to keep.
  struct Kept {
    bool is_kept = false;
    std::vector<int64_t> sources{};
  };
  void keep(const ReadInstance& read, Kept& kept) const;
  std::vector<int64_t> sources_at(const ReadInstance& read, const State& state, std::span<const int64_t> place) const;
  Item look_at(const ReadInstance& read, const Kept& kept, const State& state, int64_t cell,
               std::span<const int64_t> place, View& view) const;
  bool later(const ReadInstance& read, int64_t source, std::span<const int64_t> place) const;

  const Instance& instance_;
  const RuleInstance& rule_;
  std::vector<Kept> reads_;
  std::vector<Kept> references_;
};

}  // namespace caten::consensus::reference
