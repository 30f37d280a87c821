// In: arrays with an example in each row, a batch size and a seed. Out: the batches of each step, in an order that
// depends on seed and epoch alone, so that a run which begins in the middle gets the same ones.
//
// Step s is batch s mod n of epoch s div n, where n is the number of whole batches; the examples that are left over are
// others in each epoch. Large batches are gathered by a thread while the step before is computed.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ir/array.hpp"

namespace caten::training {

struct BatchOptions {
  int64_t size = 1;
  uint64_t seed = 0;
  bool shuffle = true;
};

/// The numbers from 0 below `examples` in an order that follows from seed and epoch: Fisher and Yates' shuffle by
/// Philox4x32-10.
std::vector<int64_t> epoch_order(int64_t examples, uint64_t seed, uint64_t epoch);

class Batches {
 public:
  /// E1103 unless all arrays have the same number of rows, and at least one batch.
  static Result<Batches> make(std::vector<Array> examples, BatchOptions options);
  Batches(Batches&&) noexcept;
  Batches& operator=(Batches&&) noexcept;
  ~Batches();

  int64_t per_epoch() const;
  /// An array for each of the examples' arrays. Steps asked for one after the other are made ahead.
  std::vector<Array> batch(int64_t step);

 private:
  struct State;
  explicit Batches(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace caten::training
