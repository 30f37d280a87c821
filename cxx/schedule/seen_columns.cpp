#include "schedule/seen_columns.hpp"

#include <algorithm>
#include <map>

#include "schedule/product_reads.hpp"

namespace caten {
namespace {

/// What a value is where the variable of a column is larger than that of a row.
class Behind {
 public:
  Behind(const Graph& graph, const Space& space) : graph_(graph), indices_(graph.dims) {
    for (const Shape* extents : {&space.outer, &space.reduced})
      for (const Dim& extent : *extents) {
        std::string name = reserved::variable(static_cast<uint32_t>(variables_.size()));
        indices_.declare(name, extent);
        variables_.push_back(Dim::symbol(name));
      }
  }

  const Index& variables() const { return variables_; }

  /// The constant that the value is there, where column and row are these variables.
  std::optional<Scalar> constant(NodeId id, const Index& index, size_t row, size_t column) {
    ahead_ = variables_[column] - variables_[row];
    steps_ = 0;
    return constant(id, index);
  }

 private:
  static constexpr int kMostSteps = 200;

  std::optional<Scalar> constant(NodeId id, const Index& index) {
    if (++steps_ > kMostSteps) return std::nullopt;
    const Node& node = graph_[id];
    if (node.kind != NodeKind::kOp) return std::nullopt;
    auto operand = [&](size_t k) { return constant(node.operands[k], index); };
    if (is_view(node)) return constant(node.operands[0], through_view(graph_, indices_, node, index));
    switch (node.op) {
      case Op::kConst: return node.get<ConstAttributes>().value;
      case Op::kCopy: return operand(0);
      case Op::kIf:
        if (std::optional<Scalar> condition = operand(0)) return operand(condition->as_integer() != 0 ? 1 : 2);
        return std::nullopt;
      case Op::kLt:
      case Op::kEq: return compared(node, index);
      case Op::kAnd:
      case Op::kXor: break;
      default: return std::nullopt;
    }
    if (!is_bool(node.type.dtype)) return std::nullopt;
    std::optional<Scalar> x = operand(0), y = operand(1);
    auto is_false = [](const std::optional<Scalar>& of) { return of && of->as_integer() == 0; };
    if (node.is(Op::kAnd) && (is_false(x) || is_false(y))) return Scalar::of_bool(false);
    if (!x || !y) return std::nullopt;
    bool a = !is_false(x), b = !is_false(y);
    return Scalar::of_bool(node.is(Op::kAnd) ? a && b : a != b);
  }

  /// Of two indices that differ by how far the column is ahead of the row, which is 1 or more, and a constant.
  std::optional<Scalar> compared(const Node& node, const Index& index) const {
    std::optional<Dim> x = computed_index(graph_, indices_, node.operands[0], index);
    std::optional<Dim> y = computed_index(graph_, indices_, node.operands[1], index);
    if (!x || !y) return std::nullopt;
    Dim more = *y - *x - ahead_, less = *y - *x + ahead_;
    bool above = more.is_constant() && more.constant() >= 0;  // y - x ≥ 1
    if (above) return Scalar::of_bool(node.is(Op::kLt));
    if (!less.is_constant()) return std::nullopt;  // y - x ≤ less - 1
    if (node.is(Op::kLt) ? less.constant() <= 1 : less.constant() <= 0) return Scalar::of_bool(false);
    return std::nullopt;
  }

  const Graph& graph_;
  IndexSpace indices_;
  Index variables_;
  Dim ahead_{};
  int steps_ = 0;
};

/// Whether the fold of a kernel takes in what changes nothing, and what else it needs for that.
class Seeing {
 public:
  explicit Seeing(Schedule& schedule) : schedule_(schedule), graph_(schedule.graph) {}

  void run(RowBlocksCommand& blocks) {
    axes_ = blocks.axes.size();
    row_ = axes_ - 1;
    extent_ = blocks.axes.back().extent;
    count_ = blocks.axes.back().begin + blocks.axes.back().count;
    // The kernel that folds, those whose results it reads, and those that read its own.
    for (uint32_t index : blocks.kernels) {
      if (!folds_the_seen(schedule_.kernels[index])) continue;
      std::map<uint32_t, SeenColumns> others;
      if (!others_see_no_more(blocks, index, others)) continue;
      schedule_.kernels[index].sees = SeenColumns{count_, std::nullopt};
      for (auto& [other, sees] : others) schedule_.kernels[other].sees = sees;
      blocks.sees = true;
    }
  }

 private:
  /// Every pass runs along as many columns as there are rows, and its folds do not change behind the row's own.
  bool folds_the_seen(const Kernel& kernel) const {
    if (kernel.passes < 2 || kernel.rows != axes_ || kernel.by_hand || kernel.by_library) return false;
    for (const KernelPart& part : kernel.parts) {
      const Node& root = graph_[part.space.root];
      bool folds = root.is(Op::kReduce);
      if (!folds && part.space.outer.size() == axes_) continue;  // a scalar of the row
      const Shape& along = folds ? part.space.reduced : part.space.outer;
      if (along.size() != (folds ? 1 : axes_ + 1) || along.back() != extent_) return false;
      if (!folds) continue;
      Behind behind(graph_, part.space);
      std::optional<Scalar> element = behind.constant(root.operands[0], part.space.index(graph_, behind.variables()),
                                                      row_, behind.variables().size() - 1);
      if (part.space.outer.size() != axes_ || !element) return false;
      Combine combine = root.get<ReduceAttributes>().combine;
      if (combine == Combine::kMul || *element != identity(combine, root.type.dtype)) return false;
    }
    return true;
  }

  bool others_see_no_more(const RowBlocksCommand& blocks, uint32_t index,
                          std::map<uint32_t, SeenColumns>& others) const {
    const Kernel& kernel = schedule_.kernels[index];
    for (const KernelPart& part : kernel.parts)
      if (part.target && part.space.outer.size() > axes_ && !is_scratch(part.target->buffer)) return false;
    for (uint32_t other : blocks.kernels) {
      if (other == index) continue;
      const Kernel& neighbour = schedule_.kernels[other];
      bool reads = reads_columns_of(neighbour, kernel), is_read = reads_columns_of(kernel, neighbour);
      if (!reads && !is_read) continue;
      if (reads && is_read) return false;
      std::optional<SeenColumns> sees =
          reads ? multiplies_zeros(neighbour, kernel) : writes_for(neighbour, kernel, blocks);
      if (!sees) return false;
      others.emplace(other, *sees);
    }
    return true;
  }

  bool is_scratch(BufferId id) const { return schedule_.buffers[id.value].scratch; }

  bool reads_columns_of(const Kernel& reader, const Kernel& writer) const {
    return std::any_of(reader.leaves.begin(), reader.leaves.end(), [&](const KernelLeaf& leaf) {
      return !leaf.counter && std::any_of(writer.parts.begin(), writer.parts.end(), [&](const KernelPart& part) {
        return part.target && part.target->buffer == leaf.location.buffer;
      });
    });
  }

  /// A product that folds the columns of a value which is 0 behind them.
  std::optional<SeenColumns> multiplies_zeros(const Kernel& product, const Kernel& writer) const {
    if (product.by_library != Routine::kContraction || product.parts[0].space.reduced != Shape{extent_})
      return std::nullopt;
    const Space& space = product.parts[0].space;
    Stops stops = [&](NodeId id) { return product.leaf_of(id) != nullptr; };
    std::optional<ProductReads> reads = product_reads(graph_, space, stops);
    if (!reads) return std::nullopt;
    const Read* operands[] = {&reads->a, &reads->b};
    for (size_t k = 0; k < 2; ++k) {
      const KernelLeaf* leaf = product.leaf_of(operands[k]->node);
      bool written = std::any_of(writer.parts.begin(), writer.parts.end(), [&](const KernelPart& part) {
        return part.target && part.target->buffer == leaf->location.buffer;
      });
      if (!written) continue;
      Behind behind(graph_, space);
      std::optional<Scalar> element =
          behind.constant(operands[k]->node, operands[k]->index, row_, behind.variables().size() - 1);
      if (!element || *element != Scalar::zero(graph_.type(operands[k]->node).dtype)) return std::nullopt;
      return SeenColumns{count_, k};
    }
    return std::nullopt;
  }

  /// A product whose columns nothing else reads.
  std::optional<SeenColumns> writes_for(const Kernel& product, const Kernel& reader,
                                        const RowBlocksCommand& blocks) const {
    if (product.by_library != Routine::kContraction) return std::nullopt;
    const KernelPart& part = product.parts[0];
    if (part.space.outer.size() != axes_ + 1 || part.space.outer.back() != extent_) return std::nullopt;
    if (!part.target || !is_scratch(part.target->buffer)) return std::nullopt;
    for (uint32_t index : blocks.kernels) {
      const Kernel& kernel = schedule_.kernels[index];
      if (&kernel != &reader && reads_columns_of(kernel, product)) return std::nullopt;
    }
    // The reader reads them where its own column is.
    Stops stops = [&](NodeId id) { return reader.part_of(id) || reader.leaf_of(id); };
    for (const KernelPart& own : reader.parts)
      for (const Read& read : reads_of(graph_, own.space, stops).reads) {
        const KernelLeaf* leaf = reader.leaf_of(read.node);
        if (!leaf || leaf->counter || leaf->location.buffer != part.target->buffer) continue;
        Dim column = Dim::symbol(reserved::variable(static_cast<uint32_t>(axes_)));
        if (read.index.size() != axes_ + 1 || read.index.back() != column) return std::nullopt;
      }
    return SeenColumns{count_, std::nullopt};
  }

  Schedule& schedule_;
  const Graph& graph_;
  size_t axes_ = 0, row_ = 0;
  Dim extent_{}, count_{};
};

void find(Schedule& schedule, std::vector<Command>& commands) {
  for (Command& command : commands)
    if (auto* blocks = std::get_if<RowBlocksCommand>(&command.what))
      Seeing(schedule).run(*blocks);
    else if (auto* loop = std::get_if<LoopCommand>(&command.what))
      find(schedule, loop->body);
}

}  // namespace

void find_seen_columns(Schedule& schedule) { find(schedule, schedule.commands); }

}  // namespace caten
