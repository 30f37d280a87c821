// In: calls and their launches. Out: a row for each kernel: how often it ran, how long, what it moved and computed, and
// the places in the source that it came from; the same by what kernels do and the composites that they are of; how long
// the calls took besides; and each launch as an event in time.
//
// Kernels of equal text are one row. Bytes and operations are those of schedule/counters.hpp: what the kernel needs at
// least. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "driver/observer.hpp"
#include "driver/roof.hpp"
#include "schedule/counters.hpp"

namespace caten {

class Profile : public KernelObserver {
 public:
  struct Row {
    std::string name{};             ///< of the program, and the kernel's number in it
    std::string ops{};              ///< "exp2 reduce div"
    std::string kind{};             ///< "convolution of oneDNN 2.6.3", "fold", "element-wise", "copy" or "by hand"
    std::vector<Origin> origins{};  ///< of the values that it computes, each once
    int64_t calls = 0;
    double seconds = 0;
    KernelCost cost{};  ///< of all calls

    /// The innermost composite that all of it belongs to, or that its first value does; "" outside of composites.
    std::string composite() const;

    double bytes_per_second() const { return (cost.bytes_read + cost.bytes_written) / seconds; }
    double flops_per_second() const { return cost.flops / seconds; }
    /// What part of its time the roof would take for the same work; above 1 where caches serve memory's part.
    double share_of(const Roof& roof) const {
      double memory = (cost.bytes_read + cost.bytes_written) / roof.bytes_per_second;
      return std::max(memory, cost.flops / roof.flops_per_second) / seconds;
    }
  };
  /// Rows of one kind and composite.
  struct Group {
    std::string kind{}, composite{};
    Row sum{};  ///< of their calls, seconds and costs
  };
  struct Event {
    size_t row = 0;
    uint32_t thread = 0;
    double begin = 0, seconds = 0;  ///< since the profile was made
    KernelCost cost{};
  };
  static constexpr size_t kMostEvents = 1'000'000;

  void call_begins() override;
  void call_ends() override;
  void pause(bool paused) override;
  Status before(const KernelLaunch& launch) override;
  Status after(const KernelLaunch& launch) override;

  /// The slowest first.
  std::vector<Row> rows() const;
  /// Likewise.
  std::vector<Group> groups() const;
  /// In the order in which they ended, as rows of `all_rows`; the first kMostEvents of them.
  const std::vector<Event>& events() const { return events_; }
  const std::vector<Row>& all_rows() const { return rows_; }
  int64_t launches() const { return launches_; }
  double seconds() const { return seconds_; }  ///< of all launches
  int64_t calls() const { return calls_done_; }
  double call_seconds() const { return call_seconds_; }  ///< of all calls, without what the profile itself takes
  bool on_host() const { return on_host_; }              ///< all of them ran in the memory of the host

 private:
  using Clock = std::chrono::steady_clock;
  struct Thread {
    uint32_t number = 0;
    Clock::time_point kernel{}, call{};  ///< their begin
    double own = 0;                      ///< seconds that the profile took within the call
  };
  Thread& thread();
  size_t row_of(const KernelLaunch& launch);
  KernelCost cost_of(const KernelLaunch& launch);

  mutable std::mutex mutex_;
  Clock::time_point begin_ = Clock::now();
  int64_t launches_ = 0, calls_done_ = 0;
  double seconds_ = 0, call_seconds_ = 0;
  bool paused_ = false;
  bool on_host_ = true;
  std::vector<Row> rows_;
  std::vector<Event> events_;
  std::map<std::thread::id, Thread> threads_;
  /// By loaded text and function. What is a key stays alive, so that no other one gets its address.
  std::map<std::pair<std::shared_ptr<Executable>, uint32_t>, size_t> known_;
  std::map<std::pair<std::shared_ptr<const SizedPlan>, uint32_t>, size_t> calls_;
  std::map<std::pair<std::shared_ptr<const SizedPlan>, uint32_t>, KernelCost> costs_;
};

}  // namespace caten
