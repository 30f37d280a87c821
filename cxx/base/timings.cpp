#include "base/timings.hpp"

#include <algorithm>

namespace caten {

std::vector<Timings::Step> Timings::steps() const {
  std::lock_guard lock(mutex_);
  return steps_;
}

void Timed::begin(std::string_view name, int64_t count) {
  std::lock_guard lock(timings_->mutex_);
  auto& steps = timings_->steps_;
  auto known = std::find_if(steps.begin(), steps.end(), [&](const Timings::Step& step) { return step.name == name; });
  step_ = static_cast<size_t>(known - steps.begin());
  if (known == steps.end()) steps.push_back({std::string(name)});
  steps[step_].count += count;
  Timed*& innermost = timings_->innermost_[std::this_thread::get_id()];
  outer_ = innermost;
  running_ = true;
  within_ = 0;
  innermost = this;
  begin_ = Timings::Clock::now();
}

void Timed::end() {
  double seconds = Timings::seconds_since(begin_);
  std::lock_guard lock(timings_->mutex_);
  timings_->steps_[step_].seconds += seconds - within_;
  timings_->innermost_[std::this_thread::get_id()] = outer_;
  if (outer_) outer_->within_ += seconds;
  running_ = false;
}

}  // namespace caten
