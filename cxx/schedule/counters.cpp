#include "schedule/counters.hpp"

#include <set>

namespace caten {
namespace {

class Counting {
 public:
  Counting(const Schedule& schedule, const DimValues& sizes, const MemoryPlan& plan)
      : schedule_(schedule), sizes_(sizes), plan_(plan) {}

  Counters run() {
    walk(schedule_.commands, 1);
    out_.arena_bytes = plan_.arena_bytes;
    return out_;
  }

 private:
  int64_t bytes(BufferId id) const { return static_cast<int64_t>(plan_.bytes[id.value]); }

  void walk(const std::vector<Command>& commands, int64_t times) {
    for (const Command& command : commands) {
      if (const auto* launch = std::get_if<LaunchCommand>(&command.what)) {
        count_kernel(schedule_.kernels[launch->kernel], times);
      } else if (const auto* copy = std::get_if<CopyCommand>(&command.what)) {
        int64_t moved = copy->elements.evaluate(sizes_).value_or(0) * static_cast<int64_t>(dtype_size(copy->dtype));
        out_.copies += times;
        out_.bytes_read += times * moved;
        out_.bytes_written += times * moved;
      } else {
        const auto& loop = std::get<LoopCommand>(command.what);
        walk(loop.body, times * loop.count.evaluate(sizes_).value_or(0));
      }
    }
  }

  void count_kernel(const Kernel& kernel, int64_t times) {
    std::set<BufferId> read, written;
    for (const KernelLeaf& leaf : kernel.leaves)
      if (!leaf.counter) read.insert(leaf.location.buffer);
    for (const KernelPart& part : kernel.parts)
      if (part.target) written.insert(part.target->buffer);
    out_.launches += times;
    for (BufferId id : read) out_.bytes_read += times * bytes(id);
    for (BufferId id : written) out_.bytes_written += times * bytes(id);
  }

  const Schedule& schedule_;
  const DimValues& sizes_;
  const MemoryPlan& plan_;
  Counters out_;
};

}  // namespace

Result<Counters> count_costs(const Schedule& schedule, const DimValues& sizes) {
  Result<MemoryPlan> plan = plan_memory(schedule, compute_lifetimes(schedule), sizes);
  if (!plan) return tl::make_unexpected(plan.error());
  return Counting(schedule, sizes, *plan).run();
}

}  // namespace caten
