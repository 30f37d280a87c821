#include "training/batches.hpp"

#include <fmt/format.h>

#include <cstring>
#include <future>
#include <numeric>

#include "consensus/philox.hpp"

namespace caten::training {

namespace {

/// Batches of at least so many bytes are gathered ahead: below, waking a thread costs more.
constexpr size_t kAhead = size_t{256} << 10;

/// Random 64-bit words of one epoch.
class Words {
 public:
  Words(uint64_t seed, uint64_t epoch)
      : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, epoch_(epoch) {}

  uint64_t next() {
    if (used_ == 4) {
      words_ = consensus::philox({static_cast<uint32_t>(block_), static_cast<uint32_t>(block_ >> 32),
                                  static_cast<uint32_t>(epoch_), static_cast<uint32_t>(epoch_ >> 32)},
                                 key_);
      ++block_;
      used_ = 0;
    }
    uint64_t word = (uint64_t{words_[used_]} << 32) | words_[used_ + 1];
    used_ += 2;
    return word;
  }

  /// Below `bound`, each number equally often: words at the end that would favour some are drawn again.
  uint64_t below(uint64_t bound) {
    uint64_t rest = (UINT64_MAX % bound + 1) % bound;
    uint64_t word = next();
    while (word > UINT64_MAX - rest) word = next();
    return word % bound;
  }

 private:
  consensus::PhiloxKey key_;
  uint64_t epoch_;
  uint64_t block_ = 0;
  consensus::PhiloxCounter words_{};
  size_t used_ = 4;
};

size_t row_bytes(const Array& array) {
  return array.shape()[0] == 0 ? 0 : array.bytes() / static_cast<size_t>(array.shape()[0]);
}

}  // namespace

std::vector<int64_t> epoch_order(int64_t examples, uint64_t seed, uint64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(examples));
  std::iota(order.begin(), order.end(), 0);
  Words words(seed, epoch);
  for (size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[words.below(left)]);
  return order;
}

struct Batches::State {
  std::vector<Array> examples{};
  BatchOptions options{};
  int64_t count = 0, per_epoch = 0;
  int64_t epoch = -1;
  std::vector<int64_t> order{};
  std::future<std::vector<Array>> ahead{};
  int64_t ahead_step = -1;

  std::vector<Array> gather(int64_t step) {
    if (step / per_epoch != epoch) {
      epoch = step / per_epoch;
      if (options.shuffle) {
        order = epoch_order(count, options.seed, static_cast<uint64_t>(epoch));
      } else {
        order.resize(static_cast<size_t>(count));
        std::iota(order.begin(), order.end(), 0);
      }
    }
    const int64_t* rows = order.data() + (step % per_epoch) * options.size;
    std::vector<Array> out;
    for (const Array& from : examples) {
      std::vector<int64_t> shape = from.shape();
      shape[0] = options.size;
      Array to = Array::uninitialized(from.dtype(), std::move(shape));
      size_t bytes = row_bytes(from);
      std::byte* at = to.mutable_data();
      for (int64_t k = 0; k < options.size && bytes > 0; ++k, at += bytes)
        std::memcpy(at, from.data() + static_cast<size_t>(rows[k]) * bytes, bytes);
      out.push_back(std::move(to));
    }
    return out;
  }

  bool large() const {
    size_t bytes = 0;
    for (const Array& from : examples) bytes += row_bytes(from) * static_cast<size_t>(options.size);
    return bytes >= kAhead;
  }
};

Result<Batches> Batches::make(std::vector<Array> examples, BatchOptions options) {
  auto state = std::make_unique<State>();
  if (examples.empty() || examples[0].rank() == 0)
    return fail({.code = Code::WrongTrainingData,
                 .message = "there are no examples",
                 .expected = "arrays with an example in each row",
                 .found = examples.empty() ? "no arrays" : describe(examples[0]),
                 .remedy = "give data with at least one axis"});
  state->count = examples[0].shape()[0];
  for (const Array& array : examples)
    if (array.rank() == 0 || array.shape()[0] != state->count)
      return fail({.code = Code::WrongTrainingData,
                   .message = "the arrays of examples have different numbers of rows",
                   .expected = fmt::format("{} rows, as {}", state->count, describe(examples[0])),
                   .found = describe(array),
                   .remedy = "give one row for each example in all of them"});
  if (options.size < 1 || options.size > state->count)
    return fail({.code = Code::WrongTrainingData,
                 .message = "a batch is larger than the data, or empty",
                 .expected = fmt::format("a batch size from 1 to {}", state->count),
                 .found = fmt::format("{}", options.size),
                 .remedy = "choose another batch size"});
  state->per_epoch = state->count / options.size;
  state->examples = std::move(examples);
  state->options = options;
  return Batches(std::move(state));
}

Batches::Batches(std::unique_ptr<State> state) : state_(std::move(state)) {}
Batches::Batches(Batches&&) noexcept = default;
Batches& Batches::operator=(Batches&&) noexcept = default;
Batches::~Batches() = default;  // waits for what is being gathered

int64_t Batches::per_epoch() const { return state_->per_epoch; }

std::vector<Array> Batches::batch(int64_t step) {
  std::vector<Array> out;
  if (state_->ahead.valid()) {
    out = state_->ahead.get();
    if (state_->ahead_step != step) out.clear();
  }
  if (out.empty()) out = state_->gather(step);
  if (state_->large()) {
    state_->ahead_step = step + 1;
    state_->ahead = std::async(std::launch::async, [state = state_.get(), step] { return state->gather(step + 1); });
  }
  return out;
}

}  // namespace caten::training
