#include "schedule/equal_kernels.hpp"

#include <algorithm>
#include <tuple>

#include "ir/node_numbers.hpp"

namespace caten {
namespace {

/// Compares two kernels from their results downwards.
class Matching {
 public:
  explicit Matching(const Schedule& schedule)
      : schedule_(schedule), graph_(schedule.graph), nodes_(graph_), nodes_of_b_(graph_) {}

  /// The buffers of b by those of a, if the kernels are equal.
  std::optional<std::map<BufferId, BufferId>> match(const Kernel& a, const Kernel& b) {
    a_ = &a;
    b_ = &b;
    nodes_.clear();
    nodes_of_b_.clear();
    buffers_.clear();
    buffers_of_b_.clear();
    pending_.clear();
    return equal() ? std::optional(std::move(buffers_)) : std::nullopt;
  }

 private:
  bool equal() {
    for (size_t i = 0; i < a_->parts.size(); ++i)
      if (!match(a_->parts[i], b_->parts[i])) return false;
    while (!pending_.empty()) {
      auto [a, b] = pending_.back();
      pending_.pop_back();
      if (!match(graph_[a], graph_[b])) return false;
    }
    return true;
  }

  bool match(const KernelPart& a, const KernelPart& b) {
    return a.pass == b.pass && a.everywhere == b.everywhere && a.streams == b.streams &&
           a.own_elements == b.own_elements && a.space.outer == b.space.outer && a.space.reduced == b.space.reduced &&
           a.space.trailing == b.space.trailing && a.target.has_value() == b.target.has_value() &&
           (!a.target || match(*a.target, *b.target)) && match(a.space.root, b.space.root) &&
           match(a.space.value, b.space.value);
  }

  /// The same node of each kernel: both are reached in the same ways, and by nothing else.
  bool match(NodeId a, NodeId b) {
    bool known = nodes_.contains(a);
    if (known != nodes_of_b_.contains(b)) return false;
    if (known) return nodes_[a] == nodes_of_b_[b];
    nodes_.add(a);
    nodes_of_b_.add(b);
    if (graph_.type(a) != graph_.type(b) || part_number(*a_, a) != part_number(*b_, b)) return false;
    const KernelLeaf *x = a_->leaf_of(a), *y = b_->leaf_of(b);
    if (!x && !y) pending_.emplace_back(a, b);
    if (!x || !y) return !x && !y;
    return x->counter == y->counter && x->same_place == y->same_place && x->place == y->place &&
           x->last_pass == y->last_pass && x->leading == y->leading && match(x->location, y->location);
  }

  bool match(const Node& a, const Node& b) {
    if (a.kind != b.kind || a.op != b.op || a.operands.size() != b.operands.size() || a.attributes != b.attributes ||
        a.contract != b.contract)
      return false;
    for (size_t i = 0; i < a.operands.size(); ++i)
      if (!match(a.operands[i], b.operands[i])) return false;
    return true;
  }

  bool match(const Location& a, const Location& b) {
    if (a.offset != b.offset || a.buffer.valid() != b.buffer.valid()) return false;
    if (!a.buffer.valid()) return true;
    const ScheduleBuffer &x = schedule_.buffers[a.buffer.value], &y = schedule_.buffers[b.buffer.value];
    if (x.scratch || y.scratch || x.dtype != y.dtype || x.elements != y.elements) return false;
    return buffers_.try_emplace(a.buffer, b.buffer).first->second == b.buffer &&
           buffers_of_b_.try_emplace(b.buffer, a.buffer).first->second == a.buffer;
  }

  static std::ptrdiff_t part_number(const Kernel& kernel, NodeId id) {
    const KernelPart* part = kernel.part_of(id);
    return part ? part - kernel.parts.data() : -1;
  }

  const Schedule& schedule_;
  const Graph& graph_;
  const Kernel *a_ = nullptr, *b_ = nullptr;
  NodeNumbers nodes_, nodes_of_b_;  ///< equal numbers: the same node of each kernel
  std::map<BufferId, BufferId> buffers_, buffers_of_b_;
  std::vector<std::pair<NodeId, NodeId>> pending_;
};

/// What equal kernels have in common at first sight.
auto sizes_of(const Kernel& kernel) {
  return std::make_tuple(kernel.by_library.has_value(), kernel.parts.size(), kernel.rows, kernel.passes,
                         kernel.leaves.size(), kernel.inlined.size());
}

}  // namespace

std::vector<EqualKernel> equal_kernels(const Schedule& schedule) {
  std::vector<EqualKernel> out;
  Matching matching(schedule);
  std::map<decltype(sizes_of(std::declval<Kernel>())), std::vector<uint32_t>> firsts;
  for (uint32_t k = 0; k < schedule.kernels.size(); ++k) {
    const Kernel& kernel = schedule.kernels[k];
    EqualKernel& equal = out.emplace_back(EqualKernel{k});
    if (!kernel.blocks.empty() || kernel.hint || kernel.by_hand) continue;
    std::vector<uint32_t>& alike = firsts[sizes_of(kernel)];
    for (uint32_t first : alike)
      if (auto buffers = matching.match(schedule.kernels[first], kernel)) {
        equal = {first, std::move(*buffers)};
        break;
      }
    if (equal.first == k) alike.push_back(k);
  }
  return out;
}

}  // namespace caten
