#include "schedule/row_blocks.hpp"

#include <algorithm>
#include <map>

#include "schedule/access.hpp"
#include "schedule/command_accesses.hpp"
#include "schedule/grouping.hpp"

namespace caten {
namespace {

constexpr size_t kMostKernels = 16;   ///< of one command
constexpr size_t kMostBetween = 128;  ///< commands that are looked at, from its first kernel to its last

/// Kernels of one command, and how many leading axes they have in common.
struct Members {
  std::vector<size_t> commands{};  ///< positions, ascending
  size_t axes = 0;
};

class Blocking {
 public:
  explicit Blocking(Schedule& schedule) : schedule_(schedule), graph_(schedule.graph) {}

  void run() {
    bool large = false;
    for (uint32_t id = 0; id < schedule_.buffers.size() && !large; ++id) large = is_large({id});
    if (!large) return;
    for (const Kernel& kernel : schedule_.kernels) kernels_.push_back(look_at(kernel));
    count_touches(schedule_.commands);
    form(schedule_.commands);
  }

 private:
  /// A kernel as a possible member.
  struct Candidate {
    size_t axes = 0;                     ///< leading axes that all its parts have; 0: it is none
    Shape rows{};                        ///< as many extents
    std::map<uint32_t, size_t> reads{};  ///< leaf → how many of its leading axes are read where the kernel is
  };

  Candidate look_at(const Kernel& kernel) const {
    Candidate out;
    if (kernel.by_library == Routine::kConvolution) return {};
    Stops stops = [&](NodeId id) { return kernel.part_of(id) || kernel.leaf_of(id); };
    bool folds = kernel.passes > 1;
    out.rows = kernel.parts[0].space.outer;
    if (kernel.passes > 1) out.rows.resize(std::min(out.rows.size(), kernel.rows));
    for (const KernelPart& part : kernel.parts) {
      const Node& root = graph_[part.space.root];
      if (root.is(Op::kPut)) return {};
      folds = folds || root.is(Op::kReduce);
      out.rows.resize(common_prefix(out.rows, part.space.outer));
      for (const Read& read : reads_of(graph_, part.space, stops).reads) {
        auto [known, added] = out.reads.try_emplace(read.node.value, leading_variables(read));
        known->second = std::min(known->second, leading_variables(read));
      }
    }
    // The last axis of a map is the one to run along.
    if (!folds && out.rows.size() > 1) out.rows.pop_back();
    out.axes = out.rows.size();
    return out;
  }

  /// How many commands touch each buffer, at any depth.
  void count_touches(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      const auto* loop = std::get_if<LoopCommand>(&command.what);
      if (loop) count_touches(loop->body);
      Accesses touched = accesses_of(schedule_, command);
      touched.reads.insert(touched.writes.begin(), touched.writes.end());
      for (BufferId id : touched.reads) ++touches_[id];
    }
  }

  void form(std::vector<Command>& commands) {
    for (Command& command : commands)
      if (auto* loop = std::get_if<LoopCommand>(&command.what)) form(loop->body);
    for (const std::vector<uint32_t>& kernels : groups(commands)) apply(commands, kernels);
  }

  // Which kernels belong together.

  /// Kernels, in the order of commands.
  std::vector<std::vector<uint32_t>> groups(const std::vector<Command>& commands) {
    std::map<BufferId, size_t> writer;
    std::map<BufferId, std::vector<size_t>> readers;
    for (size_t i = 0; i < commands.size(); ++i) {
      const auto* launch = std::get_if<LaunchCommand>(&commands[i].what);
      if (!launch) continue;
      Accesses touched = accesses_of(schedule_, commands[i]);
      for (BufferId id : touched.writes) writer[id] = i;
      for (BufferId id : touched.reads) readers[id].push_back(i);
    }
    std::vector<size_t> group_of(commands.size());
    std::vector<Members> members(commands.size());
    for (size_t i = 0; i < commands.size(); ++i) {
      group_of[i] = i;
      members[i].commands = {i};
    }
    for (auto [buffer, from] : writer) {
      if (!is_large(buffer) || !readers.contains(buffer)) continue;
      std::set<size_t> wanted;
      for (size_t command : members[group_of[from]].commands) wanted.insert(command);
      for (size_t reader : readers[buffer])
        for (size_t command : members[group_of[reader]].commands) wanted.insert(command);
      if (wanted.size() == members[group_of[from]].commands.size()) continue;
      bool by_hand = std::any_of(wanted.begin(), wanted.end(), [&](size_t command) {
        return schedule_.kernels[kernel_of(commands[command])].by_hand.has_value();
      });
      if (by_hand) continue;  // it computes all rows
      Members merged{{wanted.begin(), wanted.end()}};
      merged.axes = common_axes(commands, merged.commands);
      if (merged.axes == 0 || merged.axes >= rank_of(buffer, schedule_.kernels[kernel_of(commands[from])])) continue;
      if (!order(commands, merged.commands)) continue;
      size_t into = merged.commands[0];
      for (size_t command : merged.commands) group_of[command] = into;
      members[into] = std::move(merged);
    }
    std::vector<std::vector<uint32_t>> out;
    for (size_t i = 0; i < commands.size(); ++i) {
      if (group_of[i] != i || members[i].commands.size() < 2) continue;
      out.emplace_back();
      for (size_t command : members[i].commands) out.back().push_back(kernel_of(commands[command]));
    }
    return out;
  }

  static uint32_t kernel_of(const Command& command) { return std::get<LaunchCommand>(command.what).kernel; }

  bool is_large(BufferId id) const {
    const ScheduleBuffer& buffer = schedule_.buffers[id.value];
    if (buffer.role != BufferRole::kTemporary) return false;
    Dim bytes = buffer.elements * Dim(static_cast<int64_t>(dtype_size(buffer.dtype)));
    return !bytes.is_constant() || bytes.constant() > schedule_.limits.worth_bytes;
  }

  /// Axes, those of size 1 aside, of what a kernel writes there.
  size_t rank_of(BufferId id, const Kernel& writer) const {
    for (const KernelPart& part : writer.parts)
      if (part.target && part.target->buffer == id) return without_ones(graph_.type(part.space.root).shape).size();
    return 0;
  }

  /// How many of the leading axes `rows` of what a kernel wrote to a buffer are those of the leaf as well: it is a root
  /// of the kernel, or one by another shape.
  size_t shared_axes(const Kernel& writer, const KernelLeaf& leaf, const Shape& rows) const {
    for (const KernelPart& part : writer.parts)
      if (part.target && part.target->buffer == leaf.location.buffer && part.target->offset != leaf.location.offset)
        return 0;
    const ValueType& type = graph_.type(leaf.node);
    if (dtype_size(type.dtype) != dtype_size(schedule_.buffers[leaf.location.buffer.value].dtype)) return 0;
    return common_prefix(without_ones(type.shape), rows);
  }

  static size_t common_prefix(const Shape& a, const Shape& b) {
    size_t count = 0;
    while (count < std::min(a.size(), b.size()) && a[count] == b[count]) ++count;
    return count;
  }

  /// The leading axes at which the kernels read all that they read from each other; 0 if there are none.
  size_t common_axes(const std::vector<Command>& commands, const std::vector<size_t>& members) const {
    if (members.size() > kMostKernels || members.back() - members[0] > kMostBetween) return 0;
    std::vector<uint32_t> kernels;
    for (size_t member : members) {
      if (!std::holds_alternative<LaunchCommand>(commands[member].what)) return 0;
      kernels.push_back(kernel_of(commands[member]));
    }
    const Shape& first = kernels_[kernels[0]].rows;
    size_t axes = first.size();
    for (uint32_t kernel : kernels) axes = std::min(axes, common_prefix(kernels_[kernel].rows, first));
    std::map<BufferId, uint32_t> writer;
    for (uint32_t kernel : kernels)
      for (const KernelPart& part : schedule_.kernels[kernel].parts)
        if (part.target) writer[part.target->buffer] = kernel;
    for (uint32_t kernel : kernels)
      for (const KernelLeaf& leaf : schedule_.kernels[kernel].leaves) {
        if (leaf.counter) continue;
        auto from = writer.find(leaf.location.buffer);
        if (from == writer.end() || from->second == kernel) continue;
        auto read = kernels_[kernel].reads.find(leaf.node.value);
        if (read == kernels_[kernel].reads.end()) return 0;
        axes = std::min({axes, read->second, shared_axes(schedule_.kernels[from->second], leaf, first)});
      }
    return axes;
  }

  /// The commands from the first member to the last with the members together; nothing if one of the others both needs
  /// a member and is needed by one.
  std::optional<std::vector<size_t>> order(const std::vector<Command>& commands,
                                           const std::vector<size_t>& members) const {
    std::vector<size_t> ahead, behind;
    Accesses block, later;
    size_t next = 0;
    for (size_t i = members[0]; i <= members.back(); ++i) {
      Accesses own = accesses_of(schedule_, commands[i]);
      if (next < members.size() && members[next] == i) {
        ++next;
        if (later.before(own)) return std::nullopt;
        block.add(own);
      } else if (block.before(own) || later.before(own)) {
        behind.push_back(i);
        later.add(own);
      } else {
        ahead.push_back(i);
      }
    }
    ahead.insert(ahead.end(), members.begin(), members.end());
    ahead.insert(ahead.end(), behind.begin(), behind.end());
    return ahead;
  }

  // The command.

  void apply(std::vector<Command>& commands, const std::vector<uint32_t>& kernels) {
    // Another group's command may have moved between these kernels.
    std::vector<size_t> members;
    for (size_t i = 0; i < commands.size(); ++i)
      if (const auto* launch = std::get_if<LaunchCommand>(&commands[i].what))
        if (std::find(kernels.begin(), kernels.end(), launch->kernel) != kernels.end()) members.push_back(i);
    size_t axes = common_axes(commands, members);
    std::vector<BufferId> scratch = axes == 0 ? std::vector<BufferId>{} : scratch_of(kernels, axes);
    std::optional<std::vector<size_t>> sequence = order(commands, members);
    if (scratch.empty() || !sequence) return;
    RowBlocksCommand blocks = make(kernels, axes, std::move(scratch));
    auto begin = commands.begin() + static_cast<std::ptrdiff_t>(members[0]);
    auto end = commands.begin() + static_cast<std::ptrdiff_t>(members.back() + 1);
    std::vector<Command> there(std::make_move_iterator(begin), std::make_move_iterator(end)), rest;
    for (size_t i : *sequence) {
      if (i == members[0])
        rest.push_back({blocks});
      else if (!std::binary_search(members.begin(), members.end(), i))
        rest.push_back(std::move(there[i - members[0]]));
    }
    commands.insert(commands.erase(begin, end), std::make_move_iterator(rest.begin()),
                    std::make_move_iterator(rest.end()));
  }

  /// Temporaries that only these kernels touch, each row of them in its own block: worth it if they are large.
  std::vector<BufferId> scratch_of(const std::vector<uint32_t>& kernels, size_t axes) const {
    std::map<BufferId, size_t> touched;
    std::set<BufferId> unfit, long_rows;
    const Shape& rows = kernels_[kernels[0]].rows;
    for (uint32_t index : kernels) {
      const Kernel& kernel = schedule_.kernels[index];
      Accesses own = accesses_of(kernel);
      own.reads.insert(own.writes.begin(), own.writes.end());
      for (BufferId id : own.reads) ++touched[id];
      for (const KernelPart& part : kernel.parts) {
        if (!part.target) continue;
        Shape shape = without_ones(graph_.type(part.space.root).shape);
        bool leads = shape.size() >= axes &&
                     std::equal(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(axes), shape.begin());
        if (!leads || !part.target->offset.is(0)) unfit.insert(part.target->buffer);
        if (shape.size() > axes) long_rows.insert(part.target->buffer);
      }
    }
    std::vector<BufferId> out;
    bool large = false;
    Dim bytes(0);
    for (auto [id, times] : touched) {
      const ScheduleBuffer& buffer = schedule_.buffers[id.value];
      if (buffer.role != BufferRole::kTemporary || times != touches_.at(id) || unfit.contains(id)) continue;
      out.push_back(id);
      large = large || (is_large(id) && long_rows.contains(id));
    }
    if (!large) out.clear();
    return out;
  }

  RowBlocksCommand make(const std::vector<uint32_t>& kernels, size_t axes, std::vector<BufferId> scratch) {
    RowBlocksCommand out{.kernels = kernels, .scratch = std::move(scratch)};
    Dim rows(1);
    for (size_t k = 0; k < axes; ++k) {
      uint32_t counter = ++schedule_.counters;
      if (k == 0) out.id = counter;
      out.axes.push_back({kernels_[kernels[0]].rows[k], Dim::symbol(reserved::counter(counter)),
                          Dim::symbol(reserved::rows(counter))});
      rows = rows * out.axes.back().count;
    }
    std::map<BufferId, Dim> row_elements;
    for (uint32_t index : kernels) {
      Kernel& kernel = schedule_.kernels[index];
      kernel.blocks = out.axes;
      for (KernelLeaf& leaf : kernel.leaves)
        if (auto read = kernels_[index].reads.find(leaf.node.value); read != kernels_[index].reads.end())
          leaf.leading = std::min(axes, read->second);
      for (const KernelPart& part : kernel.parts) {
        if (!part.target) continue;
        Shape shape = without_ones(graph_.type(part.space.root).shape);
        shape.erase(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(std::min(axes, shape.size())));
        row_elements[part.target->buffer] = element_count(shape);
      }
    }
    for (BufferId id : out.scratch) {
      ScheduleBuffer& buffer = schedule_.buffers[id.value];
      const Dim& row = row_elements.at(id);
      buffer.elements = rows * row;
      buffer.loop = out.id;
      buffer.scratch = true;
      out.row_bytes = out.row_bytes + row * Dim(static_cast<int64_t>(dtype_size(buffer.dtype)));
    }
    return out;
  }

  Schedule& schedule_;
  const Graph& graph_;
  std::vector<Candidate> kernels_;
  std::map<BufferId, size_t> touches_;
};

void choose_counts(const RowBlocksCommand& blocks, const BlockLimits& limits, DimValues& sizes) {
  std::vector<int64_t> extents;
  double all = 1;
  for (const BlockAxis& axis : blocks.axes) {
    extents.push_back(std::max<int64_t>(1, axis.extent.evaluate(sizes).value_or(1)));
    all *= static_cast<double>(extents.back());
  }
  auto row = static_cast<double>(blocks.row_bytes.evaluate(sizes).value_or(0));
  double rows = all;
  if (all * row > static_cast<double>(limits.worth_bytes))
    rows = std::max(static_cast<double>(limits.block_bytes) / row, static_cast<double>(limits.least_rows));
  // Whole axes from the last one on, and a part of the one before them. Rows that see columns up to their own are parts
  // in any case; so that one axis alone has a last block that is smaller, the others' parts divide them.
  for (size_t k = extents.size(); k-- > 0;) {
    bool sees = blocks.sees && k + 1 == extents.size() && extents[k] >= 4 * limits.least_rows;
    auto count = static_cast<int64_t>(std::min(static_cast<double>(extents[k]), rows));
    if (sees) count = std::min(count, std::max(limits.least_rows, extents[k] / limits.seeing_parts));
    if (blocks.sees && !sees)
      while (extents[k] % count != 0) --count;
    else if (count < extents[k] && count >= 16)
      count -= count % 16;
    sizes[*blocks.axes[k].count.as_symbol()] = count;
    rows = sees || count == extents[k] ? std::max(1.0, rows / static_cast<double>(count)) : 1;
  }
}

void choose_counts(const std::vector<Command>& commands, const BlockLimits& limits, DimValues& sizes) {
  for (const Command& command : commands)
    if (const auto* blocks = std::get_if<RowBlocksCommand>(&command.what))
      choose_counts(*blocks, limits, sizes);
    else if (const auto* loop = std::get_if<LoopCommand>(&command.what))
      choose_counts(loop->body, limits, sizes);
}

}  // namespace

void form_row_blocks(Schedule& schedule) { Blocking(schedule).run(); }

DimValues with_row_blocks(const Schedule& schedule, DimValues sizes) {
  choose_counts(schedule.commands, schedule.limits, sizes);
  return sizes;
}

}  // namespace caten
