#include "ir/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

#include "ir/evaluate_op.hpp"
#include "ir/evaluate_plan.hpp"

namespace caten {
namespace {

using evaluation::OpCall;
using evaluation::Plan;
using evaluation::Scope;
using evaluation::Value;

/// One scope being evaluated: the program, or an iteration of a loop.
struct Frame {
  const Scope* scope = nullptr;
  size_t depth = 0;                          ///< in the stack of frames
  size_t at = 0;                             ///< the next node of the scope
  std::vector<std::vector<Value>> values{};  ///< by position in the scope; a loop has several
  // Of a loop:
  NodeId loop{};
  LoopOperands operands{};
  Frame* hidden = nullptr;  ///< the frame that was bound to the loop's level outside
  int64_t iteration = 0;
  int64_t count = 0;
  bool ill = false;  ///< the number of iterations hangs on an ill-conditioned value
  std::vector<Value> carries{};
  std::vector<Array> stacks{};
  std::vector<evaluation::BoundVector> stack_bounds{};
};

class Evaluator {
 public:
  Evaluator(const Graph& graph, const Arguments& arguments, const DimValues& sizes, const EvaluateOptions& options)
      : graph_(graph), arguments_(arguments), sizes_(sizes), options_(options) {}

  Result<Results> run() {
    Result<Plan> plan = evaluation::make_plan(graph_, sizes_, options_.bounds != nullptr);
    if (!plan) return tl::make_unexpected(std::move(plan.error()));
    plan_ = std::move(*plan);
    CATEN_TRY(within_memory());
    read_arguments();
    frames_.push_back(std::make_unique<Frame>(Frame{.scope = &plan_.program}));
    frames_.back()->values.resize(plan_.program.nodes.size());
    while (frames_.size() > 1 || frames_[0]->at < plan_.program.nodes.size()) {
      if (options_.interrupt && options_.interrupt->load(std::memory_order_relaxed)) return interrupted();
      step();
    }
    return results();
  }

 private:
  Status within_memory() const {
    size_t needed = plan_.program.peak_bytes;
    if (!options_.memory_limit || needed <= *options_.memory_limit) return {};
    return fail({.code = Code::OutOfMemory,
                 .message = fmt::format("the reference evaluator needs {} bytes for program `{}`", needed, graph_.name),
                 .expected = fmt::format("at most {} bytes", *options_.memory_limit),
                 .found = fmt::format("{} bytes", needed),
                 .remedy = "use smaller sizes, or allow more with --max-memory"});
  }

  tl::unexpected<Diagnostic> interrupted() const {
    return fail({.code = Code::Interrupted,
                 .message = fmt::format("the evaluation of program `{}` was interrupted", graph_.name),
                 .expected = "a computation that runs to its end",
                 .found = "a request to stop",
                 .remedy = "run it again"});
  }

  void read_arguments() {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) leaves_[graph_.inputs[i].node] = bits_only(arguments_.inputs[i]);
    for (size_t i = 0; i < graph_.states.size(); ++i) leaves_[graph_.states[i].node] = bits_only(arguments_.states[i]);
  }

  /// Bools that are 0 or 1, whatever bytes came in.
  static Array bits_only(const Array& array) {
    if (!is_bool(array.dtype())) return array;
    const auto* from = array.as<uint8_t>();
    if (std::all_of(from, from + array.elements(), [](uint8_t byte) { return byte <= 1; })) return array;
    Array out = Array::zeros(DType::kBool, array.shape());
    for (int64_t i = 0; i < array.elements(); ++i) out.as_mutable<uint8_t>()[i] = from[i] != 0;
    return out;
  }

  /// Evaluates the next node of the innermost frame, or ends its iteration.
  void step() {
    Frame& frame = *frames_.back();
    if (frame.at == frame.scope->nodes.size()) {
      end_iteration(frame);
      return;
    }
    NodeId id = frame.scope->nodes[frame.at];
    if (graph_[id].is(Op::kLoop))
      enter(id);
    else
      store(frame, compute(id));
  }

  void store(Frame& frame, std::vector<Value> values) {
    frame.values[frame.at] = std::move(values);
    for (uint32_t position : frame.scope->release[frame.at]) frame.values[position].clear();
    ++frame.at;
  }

  /// The value as this point of the program sees it.
  const std::vector<Value>& lookup(NodeId id) const {
    const Frame* owner = frames_[0].get();
    for (uint64_t levels = graph_[id].free_levels; levels != 0; levels &= levels - 1) {
      const Frame* bound = bindings_[static_cast<size_t>(__builtin_ctzll(levels))];
      assert(bound && "a loop variable outside its loop");
      if (bound->depth > owner->depth) owner = bound;
    }
    const std::vector<Value>& values = owner->values[owner->scope->position(id)];
    assert(!values.empty());
    return values;
  }
  const Value& value(NodeId id) const { return lookup(id)[0]; }

  std::vector<Value> compute(NodeId id) const {
    const Node& node = graph_[id];
    switch (node.kind) {
      case NodeKind::kInput:
      case NodeKind::kState: return {Value{.array = leaves_.at(id)}};
      case NodeKind::kBound: return {bound_variable(node)};
      case NodeKind::kResult: return {lookup(node.operands[0])[node.get<ResultAttributes>().index]};
      case NodeKind::kRegion: return {value(node.operands[0])};
      case NodeKind::kOp: break;
    }
    std::vector<Value> operands;
    operands.reserve(node.operands.size());
    for (NodeId operand : node.operands) operands.push_back(value(operand));
    OpCall call{.node = node,
                .operands = operands,
                .shape = plan_.shapes[id.value],
                .sizes = sizes_,
                .bounded = options_.bounds != nullptr,
                .contract = !plan_.contract.empty() && plan_.contract[id.value]};
    return {evaluate_op(call)};
  }

  static Value evaluate_op(const OpCall& call) {
    switch (call.node.op) {
      case Op::kConst: return evaluation::constant(call);
      case Op::kIndex: return evaluation::index(call);
      case Op::kIf: return evaluation::select(call);
      case Op::kCast: return evaluation::cast(call);
      case Op::kBitcast: return evaluation::bitcast(call);
      case Op::kReshape: return evaluation::reshape(call);
      case Op::kPermute: return evaluation::permute(call);
      case Op::kExpand: return evaluation::expand(call);
      case Op::kSlice: return evaluation::slice(call);
      case Op::kTake: return evaluation::take(call);
      case Op::kPut: return evaluation::put(call);
      case Op::kCopy: return call.operands[0];
      case Op::kReduce: return evaluation::reduce(call);
      default: return evaluation::elementwise(call);
    }
  }

  static Value scalar(int64_t number) {
    Array array = Array::zeros(DType::kI64, {});
    *array.as_mutable<int64_t>() = number;
    return {.array = std::move(array)};
  }

  Value bound_variable(const Node& node) const {
    const auto& bound = node.get<BoundAttributes>();
    const Frame& frame = *bindings_[static_cast<size_t>(bound.level)];
    return bound.index == 0 ? scalar(frame.iteration) : frame.carries[bound.index - 1];
  }

  void enter(NodeId id) {
    const Node& node = graph_[id];
    const auto& attributes = node.get<LoopAttributes>();
    auto frame = std::make_unique<Frame>();
    frame->scope = &plan_.loops.at(id);
    frame->depth = frames_.size();
    frame->values.resize(frame->scope->nodes.size());
    frame->loop = id;
    frame->operands = loop_operands(node);
    int64_t bound = concrete({attributes.count}, sizes_)[0];
    frame->count = bound;
    if (attributes.runtime_count) {
      const Value& count = value(frame->operands.count);
      frame->count = std::clamp(*count.array.as<int64_t>(), int64_t{0}, bound);
      frame->ill = count.bound(0) > 0;
    }
    for (NodeId init : frame->operands.inits) {
      frame->carries.push_back(value(init));
      frame->carries.back().rounded_products = false;
    }
    for (NodeId collect : frame->operands.collects) {
      std::vector<int64_t> shape = concrete(graph_.type(collect).shape, sizes_);
      shape.insert(shape.begin(), bound);
      frame->stacks.push_back(Array::zeros(graph_.type(collect).dtype, std::move(shape)));
      frame->stack_bounds.emplace_back();
    }
    Frame*& binding = bindings_[static_cast<size_t>(attributes.level)];
    frame->hidden = binding;
    binding = frame.get();
    frames_.push_back(std::move(frame));
    if (frames_.back()->count == 0) leave();
  }

  void end_iteration(Frame& frame) {
    for (size_t k = 0; k < frame.stacks.size(); ++k) collect(frame, k, value(frame.operands.collects[k]));
    bool stop = false;
    if (frame.operands.until.valid()) {
      const Value& until = value(frame.operands.until);
      stop = *until.array.as<uint8_t>() != 0;
      frame.ill |= until.bound(0) > 0;
    }
    std::vector<Value> carries;
    for (NodeId next : frame.operands.nexts) {
      carries.push_back(value(next));
      carries.back().rounded_products = false;
    }
    frame.carries = std::move(carries);
    for (std::vector<Value>& values : frame.values) values.clear();
    frame.at = 0;
    if (++frame.iteration == frame.count || stop) leave();
  }

  void collect(Frame& frame, size_t k, const Value& element) const {
    Array& stack = frame.stacks[k];
    size_t bytes = element.array.bytes();
    if (bytes > 0)
      std::memcpy(stack.mutable_data() + static_cast<size_t>(frame.iteration) * bytes, element.array.data(), bytes);
    if (element.exact()) return;
    evaluation::BoundVector& bounds = frame.stack_bounds[k];
    bounds.resize(static_cast<size_t>(stack.elements()));
    std::copy(element.bounds->begin(), element.bounds->end(),
              bounds.begin() + frame.iteration * element.array.elements());
  }

  /// Hands the innermost loop's results to the frame around it.
  void leave() {
    std::unique_ptr<Frame> frame = std::move(frames_.back());
    frames_.pop_back();
    bindings_[static_cast<size_t>(graph_[frame->loop].get<LoopAttributes>().level)] = frame->hidden;
    std::vector<Value> values = std::move(frame->carries);
    for (size_t k = 0; k < frame->stacks.size(); ++k)
      values.push_back({.array = frame->stacks[k], .bounds = evaluation::finish(std::move(frame->stack_bounds[k]))});
    values.push_back(scalar(frame->iteration));
    if (frame->ill)
      for (Value& result : values) result.bounds = evaluation::all_ill(result.array.elements());
    store(*frames_.back(), std::move(values));
  }

  Results results() const {
    Results out;
    ResultBounds bounds;
    for (const Graph::Output& output : graph_.outputs) {
      out.outputs.push_back(value(output.value).array);
      bounds.outputs.push_back(value(output.value).bounds);
    }
    for (size_t i = 0; i < graph_.states.size(); ++i) {
      NodeId next = graph_.states[i].next;
      out.states.push_back(next.valid() ? value(next).array : arguments_.states[i]);
      bounds.states.push_back(next.valid() ? value(next).bounds : nullptr);
    }
    if (options_.bounds) *options_.bounds = std::move(bounds);
    return out;
  }

  const Graph& graph_;
  const Arguments& arguments_;
  const DimValues& sizes_;
  const EvaluateOptions& options_;
  Plan plan_;
  std::map<NodeId, Array> leaves_;
  std::vector<std::unique_ptr<Frame>> frames_;
  Frame* bindings_[64] = {};  ///< by level: the loop that binds it here
};

}  // namespace

Result<Results> evaluate(const Graph& graph, const Arguments& arguments, const EvaluateOptions& options) {
  Result<DimValues> sizes = bind_sizes(graph, arguments);
  if (!sizes) return tl::make_unexpected(std::move(sizes.error()));
  try {
    return Evaluator(graph, arguments, *sizes, options).run();
  } catch (const std::bad_alloc&) {
    return fail({.code = Code::OutOfMemory,
                 .message = fmt::format("there is not enough memory to evaluate program `{}`", graph.name),
                 .expected = "memory for all values that are alive at once",
                 .found = "an allocation that the system refused",
                 .remedy = "use smaller sizes"});
  }
}

}  // namespace caten
