// What watches the launches of a call (ExecuteOptions::observer): the profile and the verification. With an observer
// each kernel runs alone: the stream is empty before it and when it is told that the kernel has run. A call begins and
// ends on one thread, its launches between.
#pragma once

#include <memory>
#include <vector>

#include "driver/compile.hpp"

namespace caten {

struct KernelLaunch {
  const CompiledProgram& program;
  const std::shared_ptr<const SizedPlan>& plan;
  uint32_t kernel;
  double part;                               ///< of its rows, where it runs in row blocks; 1: all
  const std::vector<int64_t>& counters;      ///< of the loops around it, by LoopCommand::id
  const std::vector<std::byte*>& addresses;  ///< of each buffer, on the device
  Stream& stream;
};

class KernelObserver {
 public:
  virtual ~KernelObserver() = default;
  virtual void call_begins() {}
  virtual void call_ends() {}  ///< also of a call that failed
  virtual void pause(bool) {}  ///< true: the calls that follow warm up, and do not count; false: they count again
  virtual Status before(const KernelLaunch&) { return {}; }
  virtual Status after(const KernelLaunch&) { return {}; }
};

}  // namespace caten
