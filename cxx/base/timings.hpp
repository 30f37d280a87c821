// How long the steps of one run took. A Timings is handed down to whoever takes a step; where it is null, nothing is
// measured.
//
// Steps have names and are listed in the order in which they first began. A step that runs within another one is not
// counted in that: the times of all steps are disjoint, but for those that threads take at once. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace caten {

class Timings {
 public:
  struct Step {
    std::string name{};
    double seconds = 0;
    int64_t count = 0;  ///< how often the step was taken, or what it says of itself (compiler calls)
  };

  std::vector<Step> steps() const;
  /// Seconds since this was made.
  double elapsed() const { return seconds_since(begin_); }

 private:
  friend class Timed;
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }

  mutable std::mutex mutex_;
  Clock::time_point begin_ = Clock::now();
  std::vector<Step> steps_;
  std::map<std::thread::id, class Timed*> innermost_;  ///< the step that each thread is in
};

/// A step, from here to the end of the scope at the latest.
class Timed {
 public:
  Timed(Timings* timings, std::string_view name, int64_t count = 1) : timings_(timings) {
    if (timings_) begin(name, count);
  }
  ~Timed() { stop(); }
  /// The step ends here.
  void stop() {
    if (running_) end();
  }
  /// The step ends and another begins.
  void next(std::string_view name, int64_t count = 1) {
    stop();
    if (timings_) begin(name, count);
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  void begin(std::string_view name, int64_t count);
  void end();

  Timings* timings_;
  bool running_ = false;
  Timed* outer_ = nullptr;
  size_t step_ = 0;
  Timings::Clock::time_point begin_{};
  double within_ = 0;  ///< seconds of the steps inside
};

}  // namespace caten
