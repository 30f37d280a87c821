#include <fmt/format.h>

#include "schedule/schedule.hpp"

namespace caten {
namespace {

/// A size for people: reserved names as c1, i0, v2.
std::string readable(const Dim& dim) {
  std::string text = dim.describe();
  std::erase(text, reserved::kMark);
  return text;
}

std::string count(size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

class Printer {
 public:
  explicit Printer(const Schedule& schedule) : schedule_(schedule) {}

  std::string print() {
    text_ += fmt::format("schedule of {}: {}, {}\n", schedule_.graph.name, count(schedule_.kernels.size(), "kernel"),
                         count(schedule_.buffers.size(), "buffer"));
    print_commands(schedule_.commands, 1);
    if (!schedule_.no_library.empty()) line(1, "no library computes products: " + schedule_.no_library);
    return std::move(text_);
  }

  std::string print(uint32_t kernel) {
    print_kernel(kernel, 0);
    return std::move(text_);
  }

 private:
  std::string name(BufferId id) const {
    const ScheduleBuffer& buffer = schedule_.buffers[id.value];
    switch (buffer.role) {
      case BufferRole::kInput: return schedule_.graph.inputs[buffer.index].name;
      case BufferRole::kState: return schedule_.graph.states[buffer.index].name;
      case BufferRole::kOutput: return schedule_.graph.outputs[buffer.index].name;
      case BufferRole::kNextState: return schedule_.graph.states[buffer.index].name + "'";
      case BufferRole::kTemporary: return fmt::format("t{}", id.value);
    }
    return "";
  }

  std::string place(const Location& location) const {
    if (location.offset.is(0)) return name(location.buffer);
    return fmt::format("{} at {}", name(location.buffer), readable(location.offset));
  }

  void line(int depth, const std::string& text) {
    text_ += std::string(static_cast<size_t>(depth) * 2, ' ') + text + "\n";
  }

  void print_kernel(uint32_t index, int depth) {
    const Kernel& kernel = schedule_.kernels[index];
    const Graph& graph = schedule_.graph;
    std::string ops;
    for (NodeId id : kernel.inlined)
      if (graph[id].kind == NodeKind::kOp) ops += fmt::format(" {}", op_name(graph[id].op));
    std::string reads;
    for (const KernelLeaf& leaf : kernel.leaves)
      reads +=
          (reads.empty() ? "" : ", ") + (leaf.counter ? "counter " + readable(*leaf.counter) : place(leaf.location));
    std::string rows;
    for (size_t k = 0; k < kernel.rows; ++k) rows += " " + readable(kernel.parts[0].space.outer[k]);
    if (kernel.passes > 1)
      rows = fmt::format("{} passes{}{}", kernel.passes, rows.empty() ? "" : " over each row of", rows) + " of";
    else
      rows = "of";
    line(depth, fmt::format("kernel {}: {}{}; reads {}", index, rows, ops.empty() ? " a counter" : ops,
                            reads.empty() ? "nothing" : reads));
    for (const KernelPart& part : kernel.parts) {
      std::string pass = kernel.passes > 1 ? fmt::format("pass {}: ", part.pass) : "";
      line(depth + 1,
           fmt::format("{}{} := {}: {}{}", pass,
                       part.own_elements > 0 ? "own row"
                       : part.target         ? place(*part.target)
                                             : "inside",
                       describe(graph.type(part.space.root)), part.reason, part.streams ? ", past the caches" : ""));
    }
    if (kernel.sees)
      line(depth + 1, fmt::format("of its columns those up to {}, which a block sees", readable(kernel.sees->count)));
    if (kernel.by_library)
      line(depth + 1, fmt::format("a {} of {}", routine_name(*kernel.by_library), schedule_.library));
    for (auto [other, boundary] : kernel.boundaries)
      line(depth + 1, fmt::format("apart from kernel {}: {}", other, describe(boundary)));
  }

  void print_commands(const std::vector<Command>& commands, int depth) {
    for (const Command& command : commands) {
      if (const auto* launch = std::get_if<LaunchCommand>(&command.what)) {
        print_kernel(launch->kernel, depth);
      } else if (const auto* copy = std::get_if<CopyCommand>(&command.what)) {
        line(depth, fmt::format("copy {} := {}, {} of {}", place(copy->to), place(copy->from), readable(copy->elements),
                                dtype_name(copy->dtype)));
      } else if (const auto* loop = std::get_if<LoopCommand>(&command.what)) {
        print_loop(*loop, depth);
      } else {
        print_blocks(std::get<RowBlocksCommand>(command.what), depth);
      }
    }
  }

  void print_blocks(const RowBlocksCommand& blocks, int depth) {
    std::string rows, scratch;
    for (const BlockAxis& axis : blocks.axes) rows += " " + readable(axis.extent);
    for (BufferId id : blocks.scratch) scratch += (scratch.empty() ? "" : ", ") + name(id);
    line(depth,
         fmt::format("blocks of rows of{}: {} {} of one block only, read at the rows where {} written", rows, scratch,
                     blocks.scratch.size() == 1 ? "is" : "are", blocks.scratch.size() == 1 ? "it is" : "they are"));
    for (uint32_t kernel : blocks.kernels) print_kernel(kernel, depth + 1);
  }

  void print_loop(const LoopCommand& loop, int depth) {
    std::string head = fmt::format("loop {} times, counter {}", readable(loop.count), readable(loop.counter));
    if (loop.runtime_count) head += fmt::format(", at most {}", place(*loop.runtime_count));
    if (loop.until) head += fmt::format(", until {}", place(*loop.until));
    for (const LoopCommand::Carry& carry : loop.carries)
      head += fmt::format("; carry {} ↔ {}", name(carry.current), name(carry.next));
    for (const LoopCommand::Collect& collect : loop.collects) head += fmt::format("; collect {}", name(collect.stack));
    line(depth, head);
    print_commands(loop.body, depth + 1);
  }

  const Schedule& schedule_;
  std::string text_;
};

}  // namespace

std::string_view routine_name(Routine routine) {
  return routine == Routine::kContraction ? "contraction" : "convolution";
}

std::string print_schedule(const Schedule& schedule) { return Printer(schedule).print(); }

std::string print_kernel(const Schedule& schedule, uint32_t kernel) { return Printer(schedule).print(kernel); }

}  // namespace caten
