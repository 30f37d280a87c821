#include "schedule/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "schedule/row_blocks.hpp"

namespace caten {
namespace {

class LifetimeWalk {
 public:
  explicit LifetimeWalk(const Schedule& schedule) : schedule_(schedule) {
    out_.buffers.resize(schedule.buffers.size());
  }

  Lifetimes run() {
    for (BufferId id : schedule_.inputs) touch(id, 0);
    for (BufferId id : schedule_.states) touch(id, 0);
    walk(schedule_.commands);
    int64_t last = position_;
    for (const ScheduleBuffer& buffer : schedule_.buffers) {
      Lifetime& lifetime = out_.buffers[static_cast<size_t>(&buffer - schedule_.buffers.data())];
      bool kept = buffer.role == BufferRole::kOutput || buffer.role == BufferRole::kNextState;
      if (kept) lifetime.end = last;
    }
    // The two buffers of a carry change places: what holds for one holds for the other.
    for (auto [current, next] : carries_) {
      Lifetime &a = out_.buffers[current.value], &b = out_.buffers[next.value];
      a = b = {std::min(a.begin, b.begin), std::max(a.end, b.end)};
    }
    // The candidates were noted before all later readers were known.
    std::erase_if(candidates_, [&](const auto& candidate) {
      const Lifetime& from = out_.buffers[candidate.first.from.value];
      const Lifetime& to = out_.buffers[candidate.first.to.value];
      return from.end > candidate.second || to.begin < candidate.second;
    });
    if (schedule_.in_place)
      for (const auto& [reuse, position] : candidates_) out_.reuses.push_back(reuse);
    return std::move(out_);
  }

 private:
  struct OpenLoop {
    uint32_t id;
    int64_t begin;
    std::vector<BufferId> outer;  ///< buffers of enclosing scopes that the body touches: alive until the loop's end
  };

  void extend(BufferId id, int64_t position) {
    Lifetime& lifetime = out_.buffers[id.value];
    lifetime.begin = std::min(lifetime.begin, position);
    lifetime.end = std::max(lifetime.end, position);
  }

  void touch(BufferId id, int64_t position) {
    extend(id, position);
    uint32_t home = schedule_.buffers[id.value].loop;
    // The outermost loop that the buffer outlives keeps it alive as a whole.
    for (OpenLoop& loop : open_) {
      if (home != 0 && before_home(loop.id, home)) continue;
      extend(id, loop.begin);
      loop.outer.push_back(id);
      break;
    }
  }

  /// Whether `loop` encloses (or is) the loop that owns a buffer.
  bool before_home(uint32_t loop, uint32_t home) const {
    for (const OpenLoop& open : open_) {
      if (open.id == loop) return true;
      if (open.id == home) return false;
    }
    return false;
  }

  void walk(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      if (const auto* launch = std::get_if<LaunchCommand>(&command.what)) {
        walk_kernel(schedule_.kernels[launch->kernel]);
      } else if (const auto* copy = std::get_if<CopyCommand>(&command.what)) {
        int64_t position = ++position_;
        note_reuse({copy->to.buffer, copy->from.buffer}, copy->to.offset.is(0) && copy->from.offset.is(0), position);
        touch(copy->from.buffer, position);
        touch(copy->to.buffer, position);
      } else if (const auto* loop = std::get_if<LoopCommand>(&command.what)) {
        walk_loop(*loop);
      } else {
        walk_blocks(std::get<RowBlocksCommand>(command.what));
      }
    }
  }

  /// Whether all reads of the leaf, which are at the place that the part writes, come before the part is written. What
  /// a pass computes in its innermost loop is stored before what it makes of its folds reads.
  static bool in_time(const Kernel& kernel, const KernelPart& part, const KernelLeaf& leaf) {
    if (leaf.last_pass != part.pass || !part.everywhere) return leaf.last_pass <= part.pass;
    return std::none_of(kernel.parts.begin(), kernel.parts.end(), [&](const KernelPart& other) {
      bool after = other.pass == part.pass && !other.everywhere && other.space.reduced.empty();
      return after && other.space.outer == part.space.outer;
    });
  }

  void walk_kernel(const Kernel& kernel) {
    int64_t position = ++position_;
    for (const KernelPart& part : kernel.parts) {
      if (!part.target) continue;
      BufferId to = part.target->buffer;
      bool again = std::any_of(kernel.parts.begin(), kernel.parts.end(), [&](const KernelPart& other) {
        return &other < &part && other.target && other.target->buffer == to;
      });
      if (again) continue;
      // What is written may take the place of what the pass reads last, element by element.
      std::map<uint32_t, bool> reads;
      for (const KernelLeaf& leaf : kernel.leaves) {
        if (leaf.counter) continue;
        bool same = leaf.same_place && leaf.place == part.space.outer && in_time(kernel, part, leaf) &&
                    leaf.location.offset.is(0) && part.target->offset.is(0);
        auto [known, added] = reads.try_emplace(leaf.location.buffer.value, same);
        known->second = known->second && same;
      }
      for (auto [buffer, same] : reads) note_reuse({to, {buffer}}, same, position);
    }
    for (const KernelLeaf& leaf : kernel.leaves)
      if (!leaf.counter) touch(leaf.location.buffer, position);
    for (const KernelPart& part : kernel.parts)
      if (part.target) touch(part.target->buffer, position);
  }

  void note_reuse(Reuse reuse, bool same_place, int64_t position) {
    const ScheduleBuffer& to = schedule_.buffers[reuse.to.value];
    const ScheduleBuffer& from = schedule_.buffers[reuse.from.value];
    bool owned = from.role == BufferRole::kTemporary ||
                 (from.role == BufferRole::kState && schedule_.next_states[from.index].valid()) ||
                 (from.role == BufferRole::kInput && schedule_.graph.inputs[from.index].donated);
    bool fits = dtype_size(to.dtype) == dtype_size(from.dtype) && to.elements == from.elements && to.loop == from.loop;
    bool first = !out_.buffers[reuse.to.value].used();
    if (same_place && owned && fits && first) candidates_.emplace_back(reuse, position);
  }

  void walk_loop(const LoopCommand& loop) {
    int64_t begin = ++position_;
    if (loop.runtime_count) touch(loop.runtime_count->buffer, begin);
    open_.push_back({loop.id, begin, {}});
    for (const LoopCommand::Carry& carry : loop.carries) {
      touch(carry.current, begin);
      touch(carry.next, begin);
      carries_.emplace_back(carry.current, carry.next);
    }
    for (const LoopCommand::Collect& collect : loop.collects) touch(collect.stack, begin);
    touch(loop.iterations, begin);
    walk(loop.body);
    if (loop.until) touch(loop.until->buffer, ++position_);
    close_loop();
  }

  void close_loop() {
    int64_t end = ++position_;
    std::vector<BufferId> outer = std::move(open_.back().outer);
    open_.pop_back();
    for (BufferId id : outer) extend(id, end);
  }

  /// Each block computes its scratch anew; everything else is alive until the last block.
  void walk_blocks(const RowBlocksCommand& blocks) {
    open_.push_back({blocks.id, ++position_, {}});
    for (uint32_t kernel : blocks.kernels) walk_kernel(schedule_.kernels[kernel]);
    close_loop();
  }

  const Schedule& schedule_;
  Lifetimes out_;

  std::vector<OpenLoop> open_;
  std::vector<std::pair<BufferId, BufferId>> carries_;
  std::vector<std::pair<Reuse, int64_t>> candidates_;
  int64_t position_ = 0;
};

size_t align(size_t bytes) {
  return (bytes + MemoryPlan::kAlignment - 1) / MemoryPlan::kAlignment * MemoryPlan::kAlignment;
}

tl::unexpected<Diagnostic> too_large(const ScheduleBuffer& buffer) {
  return fail({.code = Code::SizeOverflow,
               .message = "a value would have more bytes than 63 bits can count",
               .expected = "fewer than 2^63 bytes",
               .found = fmt::format("{} elements of {}", buffer.elements.describe(), dtype_name(buffer.dtype)),
               .remedy = "use smaller sizes"});
}

}  // namespace

Lifetimes compute_lifetimes(const Schedule& schedule) { return LifetimeWalk(schedule).run(); }

Result<MemoryPlan> plan_memory(const Schedule& schedule, const Lifetimes& lifetimes, const DimValues& given) {
  DimValues sizes = with_row_blocks(schedule, given);
  constexpr size_t kMost = size_t{1} << 62;
  MemoryPlan plan;
  size_t count = schedule.buffers.size();
  plan.offsets.resize(count, 0);
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < count; ++i) {
    const ScheduleBuffer& buffer = schedule.buffers[i];
    std::optional<int64_t> elements = buffer.elements.evaluate(sizes);
    size_t bytes = 0;
    if (!elements || *elements < 0 ||
        __builtin_mul_overflow(static_cast<size_t>(*elements), dtype_size(buffer.dtype), &bytes) || bytes > kMost)
      return too_large(buffer);
    plan.bytes.push_back(bytes);
    bool temporary = buffer.role == BufferRole::kTemporary;
    if (temporary && lifetimes.buffers[i].used()) order.push_back(i);
    if (buffer.role == BufferRole::kOutput || buffer.role == BufferRole::kNextState) {
      plan.result_bytes += align(bytes);
      if (plan.result_bytes > kMost) return too_large(buffer);
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return lifetimes.buffers[a].begin < lifetimes.buffers[b].begin; });
  std::map<uint32_t, uint32_t> reuse;  ///< temporary → the temporary whose memory it takes over
  for (const Reuse& candidate : lifetimes.reuses) {
    bool temporaries = schedule.buffers[candidate.to.value].role == BufferRole::kTemporary &&
                       schedule.buffers[candidate.from.value].role == BufferRole::kTemporary;
    if (temporaries) reuse.try_emplace(candidate.to.value, candidate.from.value);
  }
  struct Block {
    size_t begin, end;
    int64_t until;
    uint32_t buffer;
  };
  std::vector<Block> live;  // ascending by begin
  for (uint32_t i : order) {
    const Lifetime& lifetime = lifetimes.buffers[i];
    size_t bytes = align(plan.bytes[i]);
    auto source = reuse.find(i);
    auto old = source == reuse.end() ? live.end() : std::find_if(live.begin(), live.end(), [&](const Block& block) {
      return block.buffer == source->second && block.until == lifetime.begin;
    });
    if (old != live.end()) {
      plan.offsets[i] = old->begin;
      old->until = lifetime.end;
      old->buffer = i;
      continue;
    }
    std::erase_if(live, [&](const Block& block) { return block.until < lifetime.begin; });
    size_t offset = 0;
    auto at = live.begin();
    for (; at != live.end(); ++at) {
      if (at->begin >= offset && at->begin - offset >= bytes) break;
      offset = std::max(offset, at->end);
    }
    if (offset > kMost || offset + bytes > kMost) return too_large(schedule.buffers[i]);
    plan.offsets[i] = offset;
    plan.arena_bytes = std::max(plan.arena_bytes, offset + bytes);
    live.insert(at, {offset, offset + bytes, lifetime.end, i});
  }
  return plan;
}

}  // namespace caten
