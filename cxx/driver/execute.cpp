#include "driver/execute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "driver/kept_weights.hpp"

namespace caten {
namespace {

class Execution {
 public:
  Execution(const CompiledProgram& program, Arguments arguments, ExecuteOptions options)
      : program_(program), arguments_(std::move(arguments)), options_(std::move(options)) {
    if (resident()) residence_ = std::move(*options_.residence);
    residence_.states.resize(arguments_.states.size());
    residence_.constants.resize(arguments_.inputs.size());
  }

  Result<Results> run() {
    {
      Timed step(options_.timings, "plan");
      CATEN_TRY(prepare());
    }
    Timed step(options_.timings, "execute");
    CATEN_TRY(bind());
    CATEN_TRY(run_commands(schedule().commands));
    CATEN_TRY(stream_.synchronize());
    if (resident()) stay();
    return collect();
  }

 private:
  const Schedule& schedule() const { return program_.schedule; }
  bool host() const { return program_.device->host_memory(); }
  bool resident() const { return options_.residence && !host(); }

  Status prepare() {
    Result<DimValues> sizes = bind_sizes(program_.graph, arguments_);
    if (!sizes) return tl::make_unexpected(sizes.error());
    sizes_ = std::move(*sizes);
    Result<std::shared_ptr<const SizedPlan>> plan = program_.plan(sizes_);
    if (!plan) return tl::make_unexpected(plan.error());
    plan_ = std::move(*plan);
    counters_.resize(schedule().counters + 1, 0);
    size_t limit = options_.max_memory.value_or(SIZE_MAX);
    if (uint64_t there = program_.device->properties().memory_bytes; there != 0) limit = std::min<size_t>(limit, there);
    if (plan_->memory.total() > limit)
      return fail({.code = Code::OutOfMemory,
                   .message = fmt::format("program `{}` needs {} bytes", program_.graph.name, plan_->memory.total()),
                   .expected = fmt::format("at most {} bytes", limit),
                   .found = fmt::format("{} bytes of results and {} of intermediate values", plan_->memory.result_bytes,
                                        plan_->memory.arena_bytes),
                   .remedy = "use smaller sizes, or allow more with --max-memory"});
    Result<Stream> stream = Stream::open(program_.device);
    if (!stream) return tl::make_unexpected(stream.error());
    stream_ = std::move(*stream);
    return {};
  }

  /// Gives every buffer its address.
  Status bind() {
    addresses_.resize(schedule().buffers.size(), nullptr);
    if (plan_->memory.arena_bytes > 0) {
      Result<DeviceMemory> arena = DeviceMemory::allocate(program_.device, plan_->memory.arena_bytes);
      if (!arena) return tl::make_unexpected(arena.error());
      arena_ = std::move(*arena);
    }
    for (size_t i = 0; i < addresses_.size(); ++i)
      if (schedule().buffers[i].role == BufferRole::kTemporary)
        addresses_[i] = arena_.data() + plan_->memory.offsets[i];
    for (size_t i = 0; i < schedule().inputs.size(); ++i)
      CATEN_TRY(bind_argument(schedule().inputs[i], arguments_.inputs[i],
                              i < residence_.first_constant ? nullptr : &residence_.constants[i]));
    for (size_t i = 0; i < schedule().states.size(); ++i)
      CATEN_TRY(bind_argument(schedule().states[i], arguments_.states[i], &residence_.states[i]));
    const Graph& graph = schedule().graph;
    for (size_t i = 0; i < schedule().outputs.size(); ++i)
      CATEN_TRY(bind_result(schedule().outputs[i], graph.type(graph.outputs[i].value), i));
    for (size_t i = 0; i < schedule().next_states.size(); ++i)
      if (schedule().next_states[i].valid()) CATEN_TRY(bind_state(i, graph.type(graph.states[i].node)));
    return {};
  }

  /// Memory of the device for the call, or what lies in `place` already, or for it.
  Result<std::byte*> device_memory(size_t bytes, DeviceMemory* place = nullptr) {
    Result<DeviceMemory> memory = DeviceMemory::allocate(program_.device, bytes);
    if (!memory) return tl::make_unexpected(memory.error());
    if (!place) place = &copies_.emplace_back();
    *place = std::move(*memory);
    return place->data();
  }

  /// `place`: where the elements stay, if the program's caller wants that.
  Status bind_argument(BufferId id, const Array& array, DeviceMemory* place) {
    std::byte*& address = addresses_[id.value];
    address = const_cast<std::byte*>(array.data());
    if (host()) return {};
    if (place && place->data()) {
      address = place->data();
      return {};
    }
    Result<std::byte*> copy = device_memory(array.bytes(), place);
    if (!copy) return tl::make_unexpected(copy.error());
    address = *copy;
    return stream_.copy_in(*copy, array.data(), array.bytes());
  }

  /// The new value of a state that stays lies in the memory of one that dies where it is written, or in its own.
  Status bind_state(size_t index, const ValueType& type) {
    BufferId id = schedule().next_states[index];
    if (!resident()) return bind_result(id, type, SIZE_MAX);
    next_states_.resize(schedule().states.size());
    for (const Reuse& reuse : program_.lifetimes.reuses) {
      const ScheduleBuffer& from = schedule().buffers[reuse.from.value];
      if (reuse.to != id || from.role != BufferRole::kState || !residence_.states[from.index].data()) continue;
      addresses_[id.value] = residence_.states[from.index].data();
      next_states_[index] = std::move(residence_.states[from.index]);
      return {};
    }
    size_t bytes = plan_->memory.bytes[id.value];
    Result<std::byte*> memory = device_memory(bytes, &next_states_[index]);
    if (!memory) return tl::make_unexpected(memory.error());
    addresses_[id.value] = *memory;
    return {};
  }

  /// Leaves the states and constants where they are, for the next call.
  void stay() {
    for (size_t k = 0; k < schedule().states.size(); ++k)
      if (schedule().next_states[k].valid()) residence_.states[k] = std::move(next_states_[k]);
    *options_.residence = std::move(residence_);
  }

  /// A result lives in the caller's array, in the memory of an argument that dies where it is written, or in its own.
  Status bind_result(BufferId id, const ValueType& type, size_t output) {
    std::vector<int64_t> shape = concrete(type.shape, sizes_);
    Array& array = results_.emplace(id.value, Array()).first->second;
    if (output < options_.outputs.size() && options_.outputs[output].data()) {
      array = std::move(options_.outputs[output]);
      if (array.dtype() != type.dtype || array.shape() != shape || !array.exclusive())
        return fail({.code = Code::InputMismatch,
                     .message = fmt::format("the array given for output `{}` cannot hold it",
                                            schedule().graph.outputs[output].name),
                     .expected = describe_type(type.dtype, shape) + ", not shared",
                     .found = describe(array),
                     .remedy = "give an array of the output's type"});
    } else if (Array* taken = takeable(id)) {
      array = taken->reinterpreted(type.dtype, shape);
      *taken = Array();
    } else {
      array = Array::uninitialized(type.dtype, shape);
    }
    if (host()) {
      addresses_[id.value] = array.mutable_data();
      return {};
    }
    Result<std::byte*> memory = device_memory(array.bytes());
    if (!memory) return tl::make_unexpected(memory.error());
    addresses_[id.value] = *memory;
    return {};
  }

  /// The argument whose memory the result may have.
  Array* takeable(BufferId to) {
    if (!host()) return nullptr;
    for (const Reuse& reuse : program_.lifetimes.reuses) {
      if (reuse.to != to) continue;
      const ScheduleBuffer& from = schedule().buffers[reuse.from.value];
      Array* array = from.role == BufferRole::kInput   ? &arguments_.inputs[from.index]
                     : from.role == BufferRole::kState ? &arguments_.states[from.index]
                                                       : nullptr;
      if (array && array->data() && array->exclusive()) return array;
    }
    return nullptr;
  }

  Status run_commands(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      CATEN_TRY(check_interrupt());
      if (const auto* launch = std::get_if<LaunchCommand>(&command.what))
        CATEN_TRY(run_kernel(launch->kernel, plan_->launches[launch->kernel]));
      else if (const auto* copy = std::get_if<CopyCommand>(&command.what))
        CATEN_TRY(run_copy(*copy));
      else if (const auto* loop = std::get_if<LoopCommand>(&command.what))
        CATEN_TRY(run_loop(*loop));
      else
        CATEN_TRY(run_row_blocks(std::get<RowBlocksCommand>(command.what)));
    }
    return {};
  }

  Status check_interrupt() const {
    if (options_.interrupt && options_.interrupt->load(std::memory_order_relaxed))
      return fail({.code = Code::Interrupted, .message = "the computation was interrupted"});
    return {};
  }

  /// All blocks in row-major order.
  Status run_row_blocks(const RowBlocksCommand& blocks) {
    const SizedPlan::RowBlocks& sizes = plan_->row_blocks.at(&blocks);
    if (std::find(sizes.extents.begin(), sizes.extents.end(), 0) != sizes.extents.end()) return {};
    size_t axes = blocks.axes.size();
    std::vector<int64_t> begins(axes, 0);
    for (bool more = true; more;) {
      bool rest = false;
      double part = 1;
      for (size_t k = 0; k < axes; ++k) {
        counters_[blocks.id + k] = begins[k];
        part *= static_cast<double>(std::min(sizes.counts[k], sizes.extents[k] - begins[k])) /
                static_cast<double>(sizes.extents[k]);
        rest = rest || begins[k] + sizes.counts[k] > sizes.extents[k];
      }
      for (size_t k = 0; k < blocks.kernels.size(); ++k) {
        CATEN_TRY(check_interrupt());
        CATEN_TRY(run_kernel(blocks.kernels[k], rest ? sizes.rests[k] : plan_->launches[blocks.kernels[k]], part));
      }
      more = false;
      for (size_t k = axes; k-- > 0 && !more;) {
        begins[k] += sizes.counts[k];
        more = begins[k] < sizes.extents[k];
        if (!more) begins[k] = 0;
      }
    }
    return {};
  }

  /// `part` of its rows.
  Status run_kernel(uint32_t index, const SizedPlan::Launch& launch, double part = 1) {
    const RenderedKernel& kernel = program_.rendered.kernels[index];
    pointers_.clear();
    for (BufferId buffer : kernel.buffers) pointers_.push_back(addresses_[buffer.value]);
    integers_.clear();
    for (const PlannedSize& size : launch.arguments) integers_.push_back(size.evaluate(counters_));
    if (!options_.observer) return start(index, launch);
    KernelLaunch what{program_, plan_, index, part, counters_, addresses_, stream_};
    CATEN_TRY(stream_.synchronize());
    CATEN_TRY(options_.observer->before(what));
    CATEN_TRY(start(index, launch));
    CATEN_TRY(stream_.synchronize());
    return options_.observer->after(what);
  }

  Status start(uint32_t index, const SizedPlan::Launch& launch) {
    const RenderedKernel& kernel = program_.rendered.kernels[index];
    if (kernel.call) return call_library(kernel);
    return stream_.launch(*program_.executables[kernel.unit], program_.functions[index], pointers_, integers_,
                          launch.range.evaluate(counters_), launch.range_work.evaluate(counters_), kernel.team);
  }

  Status call_library(const RenderedKernel& kernel) {
    const LibraryCall& call = *kernel.call;
    const Array* weights = call.weights ? unchanging(kernel.buffers[*call.weights]) : nullptr;
    if (!weights) return stream_.call_library(call.routine, call.attributes, pointers_, integers_);
    return call_with_weights(stream_, program_.device, call.routine, call.attributes, pointers_, integers_,
                             *call.weights, *weights);
  }

  /// The argument that a buffer is, if nothing overwrites its elements. What is kept of it is memory too.
  const Array* unchanging(BufferId id) const {
    const ScheduleBuffer& buffer = schedule().buffers[id.value];
    if (!host() || options_.max_memory) return nullptr;
    const Array* array = buffer.role == BufferRole::kInput   ? &arguments_.inputs[buffer.index]
                         : buffer.role == BufferRole::kState ? &arguments_.states[buffer.index]
                                                             : nullptr;
    return array && array->data() == addresses_[id.value] ? array : nullptr;
  }

  Status run_copy(const CopyCommand& copy) {
    const SizedPlan::Copy& sizes = plan_->copies.at(&copy);
    std::byte* to = addresses_[copy.to.buffer.value] + sizes.to.evaluate(counters_);
    std::byte* from = addresses_[copy.from.buffer.value] + sizes.from.evaluate(counters_);
    return to == from ? Status{} : stream_.copy(to, from, sizes.bytes);
  }

  template <class T>
  Result<T> read_scalar(BufferId id) {
    T value{};
    CATEN_TRY(stream_.copy_out(&value, addresses_[id.value], sizeof value));
    CATEN_TRY(stream_.synchronize());
    return value;
  }

  Status run_loop(const LoopCommand& loop) {
    const SizedPlan::Loop& sizes = plan_->loops.at(&loop);
    int64_t count = sizes.count;
    if (loop.runtime_count) {
      Result<int64_t> wanted = read_scalar<int64_t>(loop.runtime_count->buffer);
      if (!wanted) return tl::make_unexpected(wanted.error());
      count = std::clamp<int64_t>(*wanted, 0, count);
    }
    int64_t done = 0;
    for (bool go_on = true; go_on && done < count;) {
      counters_[loop.id] = done;
      CATEN_TRY(run_commands(loop.body));
      for (const LoopCommand::Carry& carry : loop.carries)
        std::swap(addresses_[carry.current.value], addresses_[carry.next.value]);
      ++done;
      if (loop.until) {
        Result<uint8_t> stop = read_scalar<uint8_t>(loop.until->buffer);
        if (!stop) return tl::make_unexpected(stop.error());
        go_on = *stop == 0;
      }
    }
    // What was not collected is zero.
    for (size_t k = 0; k < loop.collects.size(); ++k) {
      uint32_t stack = loop.collects[k].stack.value;
      size_t filled = static_cast<size_t>(done) * sizes.items[k];
      size_t all = plan_->memory.bytes[stack];
      if (filled < all) CATEN_TRY(stream_.zero(addresses_[stack] + filled, all - filled));
    }
    CATEN_TRY(stream_.copy_in(addresses_[loop.iterations.value], &done, sizeof done));
    return stream_.synchronize();
  }

  Result<Results> collect() {
    Results out;
    auto take = [&](BufferId id) -> Result<Array> {
      Array array = std::move(results_.at(id.value));
      if (!host()) {
        CATEN_TRY(stream_.copy_out(array.mutable_data(), addresses_[id.value], array.bytes()));
        CATEN_TRY(stream_.synchronize());
      }
      return array;
    };
    for (BufferId id : schedule().outputs) {
      Result<Array> array = take(id);
      if (!array) return tl::make_unexpected(array.error());
      out.outputs.push_back(std::move(*array));
    }
    for (size_t i = 0; i < schedule().next_states.size(); ++i) {
      if (!schedule().next_states[i].valid() || resident()) {
        out.states.push_back(std::move(arguments_.states[i]));
        continue;
      }
      Result<Array> array = take(schedule().next_states[i]);
      if (!array) return tl::make_unexpected(array.error());
      out.states.push_back(std::move(*array));
    }
    return out;
  }

  const CompiledProgram& program_;
  Arguments arguments_;
  ExecuteOptions options_;
  DimValues sizes_;
  std::vector<int64_t> counters_;  ///< of loops and row blocks, by their numbers
  std::shared_ptr<const SizedPlan> plan_;
  Stream stream_;
  DeviceMemory arena_;
  std::vector<DeviceMemory> copies_;       ///< arguments and results on devices that have memory of their own
  Residence residence_;                    ///< the caller's while this runs
  std::vector<DeviceMemory> next_states_;  ///< of those that stay
  std::map<uint32_t, Array> results_;
  std::vector<std::byte*> addresses_;  ///< of each buffer
  std::vector<void*> pointers_;
  std::vector<int64_t> integers_;
};

}  // namespace

Result<Results> execute(const CompiledProgram& program, Arguments arguments, ExecuteOptions options) {
  KernelObserver* observer = options.observer;
  if (observer) observer->call_begins();
  Result<Results> results = Execution(program, std::move(arguments), std::move(options)).run();
  if (observer) observer->call_ends();
  return results;
}

Status fetch_states(const CompiledProgram& program, const Residence& residence, std::vector<Array>& states) {
  Result<Stream> stream = Stream::open(program.device);
  if (!stream) return tl::make_unexpected(stream.error());
  for (size_t k = 0; k < states.size(); ++k) {
    if (!states[k].exclusive()) states[k] = Array::uninitialized(states[k].dtype(), states[k].shape());
    CATEN_TRY(stream->copy_out(states[k].mutable_data(), residence.states[k].data(), states[k].bytes()));
  }
  return stream->synchronize();
}

Result<size_t> memory_needed(const CompiledProgram& program, const DimValues& sizes) {
  Result<std::shared_ptr<const SizedPlan>> plan = program.plan(sizes);
  if (!plan) return tl::make_unexpected(plan.error());
  return (*plan)->memory.total();
}

}  // namespace caten
