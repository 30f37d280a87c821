#include "schedule/counters.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "schedule/row_blocks.hpp"

namespace caten {
namespace {

class Counting {
 public:
  Counting(const Schedule& schedule, const DimValues& sizes, const MemoryPlan& plan)
      : schedule_(schedule), sizes_(with_row_blocks(schedule, sizes)), plan_(plan) {}

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
      } else if (const auto* blocks = std::get_if<RowBlocksCommand>(&command.what)) {
        count_blocks(*blocks, times);
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

  /// What follows the rows along all axes is read once by all blocks; what does not follow the last ones is read again
  /// for each block along them. Scratch stays in the cache.
  void count_blocks(const RowBlocksCommand& blocks, int64_t times) {
    std::vector<int64_t> repeats{1};  // by how many leading axes a buffer follows, from all of them down
    for (size_t k = blocks.axes.size(); k-- > 0;) {
      int64_t extent = blocks.axes[k].extent.evaluate(sizes_).value_or(0);
      int64_t count = blocks.axes[k].count.evaluate(sizes_).value_or(1);
      repeats.push_back(repeats.back() * ((extent + count - 1) / count));
    }
    for (uint32_t index : blocks.kernels) {
      const Kernel& kernel = schedule_.kernels[index];
      std::map<BufferId, size_t> read;
      std::set<BufferId> written;
      for (const KernelLeaf& leaf : kernel.leaves) {
        if (leaf.counter || scratch(leaf.location.buffer)) continue;
        auto [known, added] = read.try_emplace(leaf.location.buffer, leaf.leading);
        known->second = std::min(known->second, leaf.leading);
      }
      for (const KernelPart& part : kernel.parts)
        if (part.target && !scratch(part.target->buffer)) written.insert(part.target->buffer);
      out_.launches += times * repeats.back();
      for (auto [id, leading] : read) out_.bytes_read += times * repeats[blocks.axes.size() - leading] * bytes(id);
      for (BufferId id : written) out_.bytes_written += times * bytes(id);
    }
  }

  bool scratch(BufferId id) const { return schedule_.buffers[id.value].scratch; }

  const Schedule& schedule_;
  DimValues sizes_;
  const MemoryPlan& plan_;
  Counters out_;
};

/// How many elements of each value of a kernel are needed: passed on from users to operands.
class Needs {
 public:
  Needs(const Schedule& schedule, const Kernel& kernel, const DimValues& sizes)
      : graph_(schedule.graph), kernel_(kernel), sizes_(sizes) {}

  KernelCost run() {
    std::map<std::pair<BufferId, std::string>, double> read, written;
    auto note = [&](auto& bytes, const Location& at, double count) {
      double& most = bytes[{at.buffer, at.offset.describe()}];
      most = std::max(most, count);
    };
    for (const KernelPart& part : kernel_.parts) need(part.space.root, elements(part.space.root));
    for (size_t i = kernel_.inlined.size(); i-- > 0;) pass_on(kernel_.inlined[i]);
    for (const KernelLeaf& leaf : kernel_.leaves)
      if (!leaf.counter) note(read, leaf.location, needed_[leaf.node.value] * size(leaf.node));
    for (const KernelPart& part : kernel_.parts)
      if (part.target) note(written, *part.target, elements(part.space.root) * size(part.space.root));
    for (const auto& [place, bytes] : read) cost_.bytes_read += bytes;
    for (const auto& [place, bytes] : written) cost_.bytes_written += bytes;
    return cost_;
  }

 private:
  double elements(NodeId id) const {
    return static_cast<double>(element_count(graph_.type(id).shape).evaluate(sizes_).value_or(0));
  }
  double size(NodeId id) const { return static_cast<double>(dtype_size(graph_.type(id).dtype)); }
  bool is_float_value(NodeId id) const {
    DType dtype = graph_.type(id).dtype;
    return is_float(dtype) || is_complex(dtype);
  }

  void need(NodeId id, double count) {
    double& most = needed_[id.value];
    most = std::max(most, std::min(count, elements(id)));
  }

  void pass_on(NodeId id) {
    const Node& node = graph_[id];
    double count = needed_[id.value];
    if (node.kind != NodeKind::kOp || count == 0) return;
    if (is_elementwise(node.op) && is_float_value(node.operands[0])) cost_.flops += count;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      double wanted = count;
      if (node.is(Op::kReduce)) wanted = count * elements(node.operands[i]) / std::max(1.0, elements(id));
      if (node.is(Op::kPut) || (node.is(Op::kTake) && i > 0)) wanted = elements(node.operands[i]);
      need(node.operands[i], wanted);
      bool folds = node.is(Op::kReduce) || (node.is(Op::kPut) && i == 1);
      if (folds && is_float_value(id)) cost_.flops += wanted;
    }
  }

  const Graph& graph_;
  const Kernel& kernel_;
  const DimValues& sizes_;
  std::map<uint32_t, double> needed_;
  KernelCost cost_;
};

}  // namespace

KernelCost count_kernel(const Schedule& schedule, const Kernel& kernel, const DimValues& sizes) {
  return Needs(schedule, kernel, sizes).run();
}

Result<Counters> count_costs(const Schedule& schedule, const DimValues& sizes) {
  Result<MemoryPlan> plan = plan_memory(schedule, compute_lifetimes(schedule), sizes);
  if (!plan) return tl::make_unexpected(plan.error());
  return Counting(schedule, sizes, *plan).run();
}

}  // namespace caten
