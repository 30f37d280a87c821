#include "schedule/schedule.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <memory>
#include <set>

#include "schedule/channels_last.hpp"
#include "schedule/fusion.hpp"
#include "schedule/grouping.hpp"
#include "schedule/hints.hpp"
#include "schedule/library_sum.hpp"
#include "schedule/normalize.hpp"
#include "schedule/order.hpp"
#include "schedule/recompute.hpp"
#include "schedule/row_blocks.hpp"
#include "schedule/seen_columns.hpp"
#include "schedule/split_sums.hpp"
#include "schedule/streaming.hpp"

namespace caten {
namespace {

constexpr int kMostRegroupings = 3;

/// The program, or the body of a loop while it is being scheduled.
struct Scope {
  uint32_t loop = 0;  ///< LoopCommand::id; 0 for the program
  Dim counter{};
  std::vector<BufferId> carries{};
  std::vector<Command>* commands = nullptr;
  Fusion fusion{};
  std::map<uint32_t, Location> locations{};  ///< values that have a buffer by now
  std::map<uint32_t, Location> homes{};      ///< where roots are to be computed to
  std::map<uint32_t, LoopCommand> loops{};   ///< of this scope, by node; without their bodies
  std::map<uint32_t, uint32_t> kernels{};    ///< roots that were emitted → their kernel
  std::set<uint32_t> exported{};             ///< roots that something outside their kernel reads
};

struct Placement {
  NodeId value;
  Location to;
  std::string reason;
};

class Scheduler {
 public:
  Scheduler(Schedule& out, const ScheduleOptions& options) : out_(out), graph_(out.graph), options_(options) {}

  void run() {
    find_library_sums();
    for (uint32_t i = 0; i < graph_.inputs.size(); ++i)
      out_.inputs.push_back(add_buffer(BufferRole::kInput, i, graph_.type(graph_.inputs[i].node)));
    for (uint32_t i = 0; i < graph_.states.size(); ++i)
      out_.states.push_back(add_buffer(BufferRole::kState, i, graph_.type(graph_.states[i].node)));
    std::vector<Placement> placements;
    for (uint32_t i = 0; i < graph_.outputs.size(); ++i) {
      const Graph::Output& output = graph_.outputs[i];
      out_.outputs.push_back(add_buffer(BufferRole::kOutput, i, graph_.type(output.value)));
      placements.push_back({output.value, {out_.outputs.back(), Dim(0)}, "output " + output.name});
    }
    for (uint32_t i = 0; i < graph_.states.size(); ++i) {
      const Graph::State& state = graph_.states[i];
      out_.next_states.emplace_back();
      if (!state.next.valid() || state.next == state.node) continue;
      out_.next_states.back() = add_buffer(BufferRole::kNextState, i, graph_.type(state.node));
      placements.push_back({state.next, {out_.next_states.back(), Dim(0)}, "next value of state " + state.name});
    }
    scopes_.push_back(std::make_unique<Scope>());
    scopes_.back()->commands = &out_.commands;
    for (size_t i = 0; i < graph_.inputs.size(); ++i) locate_leaf(graph_.inputs[i].node, out_.inputs[i]);
    for (size_t i = 0; i < graph_.states.size(); ++i) locate_leaf(graph_.states[i].node, out_.states[i]);
    schedule_scope(placements);
  }

 private:
  Scope& scope() { return *scopes_.back(); }

  /// Finds what the library is to compute.
  void find_library_sums() {
    if (out_.library.empty()) return;
    for (NodeId id : graph_.reachable())
      if (std::optional<LibrarySum> sum = find_library_sum(graph_, id, options_.library, options_.library_limits)) {
        sums_.emplace(id.value, sum->routine);
        multiplied_.insert({sum->a.value, sum->b.value});
        for (NodeId taken : sum->taken) taken_.insert(taken.value);
      }
    for (const auto& [root, routine] : sums_) alone_.insert(root);
  }

  void locate_leaf(NodeId node, BufferId buffer) { scope().locations[node.value] = {buffer, Dim(0)}; }

  BufferId add_buffer(BufferRole role, uint32_t index, const ValueType& type) {
    uint32_t loop = scopes_.empty() ? 0 : scope().loop;
    out_.buffers.push_back({role, index, loop, type.dtype, element_count(type.shape)});
    return {static_cast<uint32_t>(out_.buffers.size() - 1)};
  }
  BufferId add_temporary(const ValueType& type) { return add_buffer(BufferRole::kTemporary, 0, type); }

  /// Emits all commands of the innermost scope, whose loop's bindings are known.
  void schedule_scope(const std::vector<Placement>& placements) {
    std::vector<Target> targets;
    targets.reserve(placements.size());
    for (const Placement& placement : placements) targets.push_back({placement.value, placement.reason});
    scope().fusion = decide_fusion(graph_, stack_, targets,
                                   {.kept = multiplied_,
                                    .inlined = taken_,
                                    .inlining = options_.has("fusion"),
                                    .windows = options_.has("windows")},
                                   numbers_);
    for (NodeId id : scope().fusion.nodes)
      if (graph_[id].is(Op::kLoop)) prepare_loop(id);
    std::vector<const Placement*> copies;
    for (const Placement& placement : placements)
      if (!settle(placement.value, placement.to)) copies.push_back(&placement);
    for (const Placement* placement : copies) scope().exported.insert(storage_base(graph_, placement->value).value);
    emit_groups();
    for (const Placement* placement : copies) emit_store(placement->value, placement->to, placement->reason);
  }

  /// Lets the root that a value shares its elements with be computed right into `to`.
  bool settle(NodeId value, const Location& to) {
    NodeId base = storage_base(graph_, value);
    if (!scope().fusion.roots.contains(base.value)) return false;
    if (!to.offset.is(0) && graph_.type(base).dtype != graph_.type(value).dtype) return false;
    return scope().homes.try_emplace(base.value, to).second;
  }

  /// Buffers of a loop exist before anything is emitted, so that initial values can be computed into them.
  void prepare_loop(NodeId id) {
    const Node& node = graph_[id];
    const auto& attributes = node.get<LoopAttributes>();
    LoopOperands operands = loop_operands(node);
    LoopCommand loop;
    loop.id = ++out_.counters;
    loop.loop = id;
    loop.counter = Dim::symbol(reserved::counter(loop.id));
    loop.count = attributes.count;
    for (NodeId init : operands.inits) {
      BufferId current = add_temporary(graph_.type(init));
      loop.carries.push_back({current, add_temporary(graph_.type(init))});
    }
    for (NodeId collect : operands.collects) {
      ValueType type = graph_.type(collect);
      loop.collects.push_back({BufferId{}, element_count(type.shape)});
      type.shape.insert(type.shape.begin(), loop.count);
      loop.collects.back().stack = add_temporary(type);
    }
    loop.iterations = add_temporary({DType::kI64, {}});
    for (size_t k = 0; k < operands.inits.size(); ++k)
      if (only_use(operands.inits[k])) settle(operands.inits[k], {loop.carries[k].current, Dim(0)});
    scope().loops.emplace(id.value, std::move(loop));
  }

  /// Nothing else reads the value, nor what it shares its elements with: a loop may overwrite them.
  bool only_use(NodeId id) {
    NodeId base = storage_base(graph_, id);
    for (;; id = graph_[id].operands[0]) {
      const Fusion& fusion = scope().fusion;
      size_t place = fusion.place_of(id);
      if (place == fusion.nodes.size() || fusion.uses[place] != 1) return false;
      if (id == base) return true;
    }
  }

  /// All roots and loops of the scope.
  void emit_groups() {
    std::vector<std::vector<NodeId>> segments(1);
    std::vector<NodeId> loops;
    for (NodeId id : scope().fusion.nodes) {
      if (scope().fusion.roots.contains(id.value)) {
        segments.back().push_back(id);
      } else if (graph_[id].is(Op::kLoop)) {
        loops.push_back(id);
        segments.emplace_back();
      }
    }
    Stops stops = [&](NodeId id) { return scope().fusion.roots.contains(id.value) || stops_outside(id); };
    Grouping grouping = group_roots(graph_, segments, stops, alone_, options_.has("grouping"));
    bool again = options_.has("recompute") && options_.has("fusion");
    // Kernels that have become smaller may be others.
    for (int round = 0; again && round < kMostRegroupings && compute_again(grouping); ++round) {
      for (std::vector<NodeId>& segment : segments)
        std::erase_if(segment, [&](NodeId id) { return !scope().fusion.roots.contains(id.value); });
      grouping = group_roots(graph_, segments, stops, alone_, options_.has("grouping"));
    }
    scope().exported.insert(scope().fusion.captured.begin(), scope().fusion.captured.end());
    for (const auto& [root, to] : scope().homes) scope().exported.insert(root);
    for (const Group& group : grouping.groups) note_exports(group);
    size_t next = 0;
    for (size_t segment = 0; segment < segments.size(); ++segment) {
      for (; next < grouping.ends[segment]; ++next) emit_group(grouping, grouping.groups[next]);
      if (segment < loops.size()) emit_loop(loops[segment]);
    }
  }

  /// Takes roots away that are better computed where they are read; false: there are none.
  bool compute_again(const Grouping& grouping) {
    std::set<uint32_t> kept = multiplied_;
    kept.insert(scope().fusion.captured.begin(), scope().fusion.captured.end());
    kept.insert(scope().exported.begin(), scope().exported.end());
    for (const auto& [root, to] : scope().homes) kept.insert(root);
    kept.insert(scope().fusion.bounds.begin(), scope().fusion.bounds.end());
    std::set<uint32_t> again = cheaper_again(scope().fusion, grouping, kept);
    for (uint32_t root : again) scope().fusion.roots.erase(root);
    return !again.empty();
  }

  /// Whether a value that is no root of the innermost scope is in memory, or passed.
  bool stops_outside(NodeId id) {
    const Node& node = graph_[id];
    if (node.kind != NodeKind::kOp) return true;
    return stack_.scope_of(node) < scopes_.size() - 1 && find(id).has_value();
  }

  void note_exports(const Group& group) {
    std::set<uint32_t> own;
    for (const Part& part : group.parts) own.insert(part.space.root.value);
    for (const Part& part : group.parts)
      for (const Read& read : part.reads.reads)
        if (!own.contains(read.node.value)) scope().exported.insert(read.node.value);
  }

  void emit_group(const Grouping& grouping, const Group& group) {
    Kernel kernel{.rows = group.rows, .passes = group.passes};
    std::set<uint32_t> again;
    for (const Part& part : group.parts)
      if (computed_again(group, part)) again.insert(part.space.root.value);
    for (const Part& part : group.parts) {
      uint32_t root = part.space.root.value;
      if (again.contains(root)) continue;
      KernelPart& made = kernel.parts.emplace_back(
          KernelPart{part.space, part.everywhere, part.pass, {}, scope().fusion.roots.at(root)});
      if (auto home = scope().homes.find(root); home != scope().homes.end())
        made.target = home->second;
      else if (scope().exported.contains(root))
        made.target = Location{add_temporary(graph_.type(part.space.root)), Dim(0)};
    }
    // What only waits for a later pass may be overwritten by it: nothing else finds it there.
    for (KernelPart& part : kernel.parts)
      if (!part.target && read_later(group, again, part)) {
        part.target = place_between_passes(group, again, kernel, part);
        part.waits = true;
      }
    auto number = static_cast<uint32_t>(out_.kernels.size());
    std::map<uint32_t, Boundary> boundaries;
    for (const Part& part : group.parts)
      for (const Read& read : part.reads.reads) {
        auto other = scope().kernels.find(read.node.value);
        if (other == scope().kernels.end()) continue;
        auto reason = grouping.apart.find({part.space.root.value, read.node.value});
        boundaries.try_emplace(other->second, reason == grouping.apart.end() ? Boundary::kLoop : reason->second);
      }
    kernel.boundaries.assign(boundaries.begin(), boundaries.end());
    for (const KernelPart& part : kernel.parts) scope().kernels[part.space.root.value] = number;
    finish_kernel(std::move(kernel));
    for (const KernelPart& part : out_.kernels.back().parts) {
      if (part.target && !part.waits) scope().locations[part.space.root.value] = *part.target;
    }
  }

  /// Where a root of the group is read in the end: values that are computed again read what they are made of there.
  struct LateRead {
    uint32_t pass;
    bool same_element;
  };
  static std::vector<LateRead> late_reads(const Group& group, const std::set<uint32_t>& again, NodeId root) {
    std::vector<LateRead> out;
    for (const Part& reader : group.parts)
      for (const Read& read : reader.reads.reads) {
        if (read.node != root) continue;
        bool same = leading_variables(read) == read.index.size();
        if (!again.contains(reader.space.root.value)) {
          out.push_back({reader.pass, same});
          continue;
        }
        for (const LateRead& later : late_reads(group, again, reader.space.root))
          out.push_back({later.pass, same && later.same_element});
      }
    return out;
  }

  /// Whether a pass after its own needs it from memory: it is no scalar of the row.
  static bool read_later(const Group& group, const std::set<uint32_t>& again, const KernelPart& part) {
    if (part.space.outer.size() == group.rows) return false;
    std::vector<LateRead> reads = late_reads(group, again, part.space.root);
    return std::any_of(reads.begin(), reads.end(), [&](const LateRead& read) { return read.pass > part.pass; });
  }

  /// A value that is read inside its kernel alone, for the same element, and costs less than a transcendental function
  /// is computed in each pass that needs it.
  bool computed_again(const Group& group, const Part& part) {
    uint32_t root = part.space.root.value;
    if (part.folds || part.scatters || group.passes == 1 || part.space.outer.size() == group.rows) return false;
    if (scope().exported.contains(root) || scope().fusion.work_of(root) >= kHeavyWork) return false;
    for (const Part& other : group.parts)
      for (const Read& read : other.reads.reads)
        if (read.node.value == root && leading_variables(read) != read.index.size()) return false;
    return true;
  }

  /// Where a value waits for a later pass: in the memory of a result that is written when it has been read, or in
  /// memory of its own.
  Location place_between_passes(const Group& group, const std::set<uint32_t>& again, const Kernel& kernel,
                                const KernelPart& part) {
    std::vector<LateRead> reads = late_reads(group, again, part.space.root);
    for (const KernelPart& result : kernel.parts) {
      bool fits = result.target && result.pass > part.pass && result.space.outer == part.space.outer &&
                  graph_.type(result.space.root).dtype == graph_.type(part.space.root).dtype;
      if (!fits) continue;
      bool taken = std::any_of(kernel.parts.begin(), kernel.parts.end(), [&](const KernelPart& other) {
        return &other != &result && other.target && other.target->buffer == result.target->buffer;
      });
      bool in_time = std::all_of(reads.begin(), reads.end(), [&](const LateRead& read) {
        return read.pass < result.pass || (read.pass == result.pass && read.same_element);
      });
      if (!taken && in_time) return *result.target;
    }
    return {add_temporary(graph_.type(part.space.root)), Dim(0)};
  }

  /// Where a value's elements are, through reshape and equal-size bitcast. Nothing if it is not in a buffer.
  std::optional<Location> find(NodeId id) {
    // A bitcast or reshape on the way may be a root of its own.
    for (NodeId base = storage_base(graph_, id);; id = graph_[id].operands[0]) {
      Scope& owner = *scopes_[stack_.scope_of(graph_[id])];
      if (auto found = owner.locations.find(id.value); found != owner.locations.end()) return found->second;
      if (id == base) break;
    }
    const Node& node = graph_[id];
    Scope& owner = *scopes_[stack_.scope_of(node)];
    if (node.kind == NodeKind::kBound && node.get<BoundAttributes>().index > 0)
      return Location{owner.carries[node.get<BoundAttributes>().index - 1], Dim(0)};
    if (node.kind == NodeKind::kResult) {
      const LoopCommand& loop = owner.loops.at(node.operands[0].value);
      uint32_t k = node.get<ResultAttributes>().index;
      if (k < loop.carries.size()) return Location{loop.carries[k].current, Dim(0)};
      k -= static_cast<uint32_t>(loop.carries.size());
      return Location{k < loop.collects.size() ? loop.collects[k].stack : loop.iterations, Dim(0)};
    }
    return std::nullopt;
  }

  /// Makes `to` hold the value: by a copy if it is in a buffer, else by a kernel.
  void emit_store(NodeId value, const Location& to, const std::string& reason) {
    if (std::optional<Location> from = find(value)) {
      const ValueType& type = graph_.type(value);
      scope().commands->push_back({CopyCommand{*from, to, element_count(type.shape), type.dtype}});
    } else {
      emit_kernel(storage_base(graph_, value), to, reason);
    }
  }

  Location locate(NodeId value, const std::string& reason) {
    if (std::optional<Location> found = find(value)) return *found;
    Location to{add_temporary(graph_.type(value)), Dim(0)};
    emit_store(value, to, reason);
    return to;
  }

  /// A kernel for a value that is no root: a constant, or what can be computed from counters.
  void emit_kernel(NodeId value, const Location& to, const std::string& reason) {
    Stops stops = [&](NodeId id) { return stops_outside(id) || find(id).has_value(); };
    Kernel kernel;
    kernel.parts.push_back({space_of(graph_, value, stops), true, 0, to, reason});
    finish_kernel(std::move(kernel));
  }

  void finish_kernel(Kernel kernel) {
    for (const KernelPart& part : kernel.parts) collect(kernel, part);
    std::sort(kernel.leaves.begin(), kernel.leaves.end(),
              [](const KernelLeaf& a, const KernelLeaf& b) { return a.node < b.node; });
    std::sort(kernel.inlined.begin(), kernel.inlined.end());
    kernel.inlined.erase(std::unique(kernel.inlined.begin(), kernel.inlined.end()), kernel.inlined.end());
    if (auto sum = sums_.find(kernel.parts[0].space.root.value); sum != sums_.end()) {
      kernel.by_library = sum->second;
      if (!library_computes(out_, kernel)) kernel.by_library.reset();
      // Nobody knows in which order it reads and writes.
      if (kernel.by_library)
        for (KernelLeaf& leaf : kernel.leaves) leaf.same_place = false;
    }
    scope().commands->push_back({LaunchCommand{static_cast<uint32_t>(out_.kernels.size())}});
    out_.kernels.push_back(std::move(kernel));
  }

  /// What a part reads and computes.
  void collect(Kernel& kernel, const KernelPart& part) {
    Shape place = part.space.outer;
    place.insert(place.end(), part.space.reduced.begin(), part.space.reduced.end());
    numbers_.clear();              // of values that are inlined
    std::vector<bool> same_place;  // of each of them: it is reached at the same place only
    std::vector<std::pair<NodeId, bool>> pending{{part.space.value, part.space.trailing}};
    while (!pending.empty()) {
      auto [id, same] = pending.back();
      pending.pop_back();
      if (id != part.space.root || graph_[id].kind != NodeKind::kOp) {
        if (id != part.space.root && kernel.part_of(id)) continue;
        auto known = std::find_if(kernel.leaves.begin(), kernel.leaves.end(),
                                  [&](const KernelLeaf& leaf) { return leaf.node == id; });
        if (known != kernel.leaves.end()) {
          known->same_place = known->same_place && same && known->place == place;
          known->last_pass = std::max(known->last_pass, part.pass);
          continue;
        }
        if (std::optional<KernelLeaf> leaf = as_leaf(id)) {
          leaf->same_place = same;
          leaf->place = place;
          leaf->last_pass = part.pass;
          kernel.leaves.push_back(std::move(*leaf));
          continue;
        }
      }
      if (numbers_.add(id)) {
        same_place.push_back(same);
        kernel.inlined.push_back(id);
      } else {
        if (same || !same_place[numbers_[id]]) continue;
        same_place[numbers_[id]] = false;
      }
      const Node& node = graph_[id];
      for (size_t i = 0; i < node.operands.size(); ++i)
        pending.emplace_back(node.operands[i], same && keeps_place(node, i));
    }
  }

  /// Whether element i of a value needs only element i of its operand.
  bool keeps_place(const Node& node, size_t operand) const {
    if (node.is(Op::kPut)) return operand == 0;
    if (node.is(Op::kReduce)) return true;  // of the loops around it
    if (node.is(Op::kIf) || node.is(Op::kCast) || node.is(Op::kCopy) || node.is(Op::kReshape)) return true;
    if (node.is(Op::kBitcast)) return dtype_size(node.type.dtype) == dtype_size(graph_.type(node.operands[0]).dtype);
    return node.kind == NodeKind::kOp && is_elementwise(node.op);
  }

  std::optional<KernelLeaf> as_leaf(NodeId id) {
    const Node& node = graph_[id];
    if (node.kind == NodeKind::kBound && node.get<BoundAttributes>().index == 0)
      return KernelLeaf{id, {}, scopes_[stack_.scope_of(node)]->counter, true};
    if (std::optional<Location> location = find(id)) return KernelLeaf{id, *location, std::nullopt, true};
    return std::nullopt;
  }

  void emit_loop(NodeId id) {
    const Node& node = graph_[id];
    const auto& attributes = node.get<LoopAttributes>();
    LoopOperands operands = loop_operands(node);
    LoopCommand loop = scope().loops.at(id.value);
    for (size_t k = 0; k < loop.carries.size(); ++k) {
      NodeId base = storage_base(graph_, operands.inits[k]);
      auto home = scope().homes.find(base.value);
      bool settled = home != scope().homes.end() && home->second.buffer == loop.carries[k].current;
      if (!settled) emit_store(operands.inits[k], {loop.carries[k].current, Dim(0)}, "initial value of a loop's carry");
    }
    if (attributes.runtime_count) loop.runtime_count = locate(operands.count, "count of a loop");

    auto inner = std::make_unique<Scope>();
    inner->loop = loop.id;
    inner->counter = loop.counter;
    inner->commands = &loop.body;
    for (const LoopCommand::Carry& carry : loop.carries) inner->carries.push_back(carry.current);
    scopes_.push_back(std::move(inner));
    stack_.levels.push_back(attributes.level);
    std::vector<Placement> placements;
    for (size_t k = 0; k < operands.nexts.size(); ++k)
      placements.push_back({operands.nexts[k], {loop.carries[k].next, Dim(0)}, "next value of a loop's carry"});
    for (size_t k = 0; k < operands.collects.size(); ++k)
      placements.push_back({operands.collects[k],
                            {loop.collects[k].stack, loop.counter * loop.collects[k].item},
                            "collected by a loop"});
    if (attributes.until) {
      loop.until = Location{add_temporary({DType::kBool, {}}), Dim(0)};
      placements.push_back({operands.until, *loop.until, "condition of a loop"});
    }
    schedule_scope(placements);
    stack_.levels.pop_back();
    scopes_.pop_back();
    scope().commands->push_back({std::move(loop)});
  }

  Schedule& out_;
  const Graph& graph_;
  const ScheduleOptions& options_;
  std::map<uint32_t, Routine> sums_;  ///< reduces that a library computes,
  std::set<uint32_t> alone_;          ///< the same,
  std::set<uint32_t> multiplied_;     ///< what they multiply,
  std::set<uint32_t> taken_;          ///< and what lies between
  ScopeStack stack_;
  std::vector<std::unique_ptr<Scope>> scopes_;
  NodeNumbers numbers_{graph_};  ///< of whatever is being looked at
};

/// Loads the library if there is something for it to compute.
void open_library(Schedule& out, const ScheduleOptions& options) {
  if (!options.has("library") || !options.library.open) return;
  std::vector<NodeId> values = out.graph.reachable();
  bool wanted = std::any_of(values.begin(), values.end(), [&](NodeId id) {
    return find_library_sum(out.graph, id, options.library, options.library_limits).has_value();
  });
  if (!wanted) return;
  if (Result<std::string> name = options.library.open())
    out.library = std::move(*name);
  else
    out.no_library = name.error().message;
}

}  // namespace

const std::vector<SchedulePass>& schedule_passes() {
  static const std::vector<SchedulePass> passes{
      {"fusion", "a value that one kernel reads is computed in that kernel"},
      {"grouping", "a kernel computes several values that share loops, in one pass or several"},
      {"recompute", "what other kernels read is computed by them where that takes less time than to read it"},
      {"windows", "the windows of images are gathered for what reads them more than once"},
      {"in-place", "a value takes the memory of one that is read for the last time"},
      {"split-sums", "sums of many elements to a few are computed in parts, by all threads"},
      {"streaming", "large results are written past the caches"},
      {"row-blocks", "kernels that hand large values to each other row by row run in blocks of rows"},
      {"order", "kernels that let go of more memory than they take run as soon as they can"},
      {"seen-columns", "blocks of rows leave out the columns behind the last one that their rows see"},
      {"library", "sums of products are computed by a library of the runtime, if that has one"},
      {"channels-last", "convolutions hand images to each other with channels behind the other axes"},
      {"open-sizes", "kernels take large sizes as arguments, so that programs of other sizes find them compiled"},
  };
  return passes;
}

Schedule make_schedule(const Graph& graph, const ScheduleOptions& options) {
  Schedule out{.graph = normalize_for_schedule(graph), .in_place = options.has("in-place")};
  out.limits = options.limits;
  if (options.has("split-sums")) out.graph = split_sums(std::move(out.graph), options.sum_limits);
  open_library(out, options);
  if (!out.library.empty() && options.has("channels-last"))
    out.graph = put_channels_last(std::move(out.graph), options.library, options.library_limits);
  if (!out.library.empty())
    out.graph = transpose_in_products(std::move(out.graph), options.library, options.library_limits);
  Scheduler(out, options).run();
  choose_hints(out, options);
  if (options.has("row-blocks")) form_row_blocks(out);
  if (options.has("order")) order_commands(out);
  if (options.has("seen-columns")) find_seen_columns(out);
  if (options.has("streaming")) choose_streams(out, options.streamed_bytes);
  // What lies in blocks may be no matrices.
  for (Kernel& kernel : out.kernels)
    if (kernel.by_library && !kernel.blocks.empty() && !library_computes(out, kernel)) kernel.by_library.reset();
  return out;
}

}  // namespace caten
