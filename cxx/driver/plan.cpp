#include "driver/plan.hpp"

#include <fmt/format.h>

#include <cassert>

#include "schedule/row_blocks.hpp"

namespace caten {
namespace {

class Planner {
 public:
  Planner(const CompiledProgram& program, const DimValues& sizes) : program_(program) {
    plan_->sizes = sizes;
    for (const auto& [name, value] : with_row_blocks(program.schedule, sizes)) values_.emplace(name, Dim(value));
  }

  Result<std::shared_ptr<SizedPlan>> run() {
    Result<MemoryPlan> memory = plan_memory(program_.schedule, program_.lifetimes, plan_->sizes);
    if (!memory) return tl::make_unexpected(memory.error());
    plan_->memory = std::move(*memory);
    for (const RenderedKernel& kernel : program_.rendered.kernels) {
      Result<SizedPlan::Launch> launch = plan_launch(kernel);
      if (!launch) return tl::make_unexpected(launch.error());
      if (kernel.call) CATEN_TRY(prepare(*kernel.call, *launch));
      plan_->launches.push_back(std::move(*launch));
    }
    CATEN_TRY(plan_commands(program_.schedule.commands));
    return std::move(plan_);
  }

 private:
  Result<SizedPlan::Launch> plan_launch(const RenderedKernel& kernel) const {
    SizedPlan::Launch out;
    for (const Dim& size : kernel.sizes) {
      Result<PlannedSize> argument = planned(size);
      if (!argument) argument = wrapped(size, argument.error());
      if (!argument) return tl::make_unexpected(argument.error());
      out.arguments.push_back(std::move(*argument));
    }
    Result<PlannedSize> range = planned(kernel.range);
    if (!range) return tl::make_unexpected(range.error());
    out.range = std::move(*range);
    out.range_work = work(kernel.range_work);
    return out;
  }

  /// Where blocks begin does not matter to what is made.
  Status prepare(const LibraryCall& call, const SizedPlan::Launch& launch) const {
    std::vector<int64_t> sizes, counters(program_.schedule.counters + 1, 0);
    for (const PlannedSize& size : launch.arguments) sizes.push_back(size.evaluate(counters));
    return program_.device->prepare_library(call.routine, call.attributes, sizes);
  }

  /// Integers of the program may be part of an index: their sum with sizes wraps, as in kernels. A term that leaves
  /// 64 bits by itself is a size that does.
  Result<PlannedSize> wrapped(const Dim& size, const Diagnostic& otherwise) const {
    uint64_t sum = 0;
    for (const Dim::Term& term : size.terms()) {
      std::optional<int64_t> value = Dim::from_terms({term}).evaluate(plan_->sizes);
      if (!value) return tl::make_unexpected(otherwise);
      sum += static_cast<uint64_t>(*value);
    }
    return PlannedSize{.constant = static_cast<int64_t>(sum)};
  }

  /// An estimate: what leaves 64 bits is as much as there can be.
  PlannedSize work(const Dim& size) const {
    Result<PlannedSize> known = planned(size);
    return known ? std::move(*known) : PlannedSize{.constant = INT64_MAX};
  }

  Result<PlannedSize> planned(const Dim& size, size_t scale = 1) const {
    Dim known = size.substitute(values_) * Dim(static_cast<int64_t>(scale));
    if (known.overflowed())
      return fail({.code = Code::SizeOverflow,
                   .message = fmt::format("the size {} leaves 64 bits", size.describe()),
                   .expected = "sizes below 2^63",
                   .remedy = "use smaller sizes"});
    PlannedSize out;
    for (const Dim::Term& term : known.terms()) {
      if (term.factors.empty()) {
        out.constant = term.coefficient;
        continue;
      }
      PlannedSize::Term& part = out.terms.emplace_back();
      part.coefficient = term.coefficient;
      for (const Dim::Atom& factor : term.factors) {
        assert(factor.kind == Dim::Atom::Kind::kSymbol && reserved::is_counter(factor.name) &&
               "a size that the call does not bind");
        part.loops.push_back(reserved::number(factor.name));
      }
    }
    return out;
  }

  Status plan_commands(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      if (const auto* copy = std::get_if<CopyCommand>(&command.what))
        CATEN_TRY(plan_copy(*copy));
      else if (const auto* loop = std::get_if<LoopCommand>(&command.what))
        CATEN_TRY(plan_loop(*loop));
      else if (const auto* blocks = std::get_if<RowBlocksCommand>(&command.what))
        CATEN_TRY(plan_row_blocks(*blocks));
    }
    return {};
  }

  Status plan_copy(const CopyCommand& copy) {
    size_t element = dtype_size(copy.dtype);
    Result<PlannedSize> from = planned(copy.from.offset, element), to = planned(copy.to.offset, element);
    Result<PlannedSize> bytes = planned(copy.elements, element);
    for (const Result<PlannedSize>* part : {&from, &to, &bytes})
      if (!*part) return tl::make_unexpected(part->error());
    plan_->copies[&copy] = {std::move(*from), std::move(*to), static_cast<size_t>(bytes->constant)};
    return {};
  }

  Status plan_loop(const LoopCommand& loop) {
    Result<PlannedSize> count = planned(loop.count);
    if (!count) return tl::make_unexpected(count.error());
    SizedPlan::Loop sizes{count->constant, {}};
    for (const LoopCommand::Collect& collect : loop.collects) {
      size_t element = dtype_size(program_.schedule.buffers[collect.stack.value].dtype);
      Result<PlannedSize> item = planned(collect.item, element);
      if (!item) return tl::make_unexpected(item.error());
      sizes.items.push_back(static_cast<size_t>(item->constant));
    }
    plan_->loops[&loop] = std::move(sizes);
    return plan_commands(loop.body);
  }

  Status plan_row_blocks(const RowBlocksCommand& blocks) {
    SizedPlan::RowBlocks sizes;
    std::map<std::string, Dim> whole = values_;
    bool rest = false;
    for (const BlockAxis& axis : blocks.axes) {
      Result<PlannedSize> extent = planned(axis.extent), count = planned(axis.count);
      for (const Result<PlannedSize>* part : {&extent, &count})
        if (!*part) return tl::make_unexpected(part->error());
      sizes.extents.push_back(extent->constant);
      sizes.counts.push_back(count->constant);
      if (int64_t remaining = extent->constant % count->constant;
          remaining != 0 && extent->constant > count->constant) {
        rest = true;
        values_[*axis.count.as_symbol()] = Dim(remaining);
      }
    }
    for (uint32_t kernel : blocks.kernels) {
      if (!rest) break;
      Result<SizedPlan::Launch> launch = plan_launch(program_.rendered.kernels[kernel]);
      if (!launch) return tl::make_unexpected(launch.error());
      sizes.rests.push_back(std::move(*launch));
    }
    values_ = std::move(whole);
    plan_->row_blocks[&blocks] = std::move(sizes);
    return {};
  }

  const CompiledProgram& program_;
  std::map<std::string, Dim> values_;
  std::shared_ptr<SizedPlan> plan_ = std::make_shared<SizedPlan>();
};

}  // namespace

Result<std::shared_ptr<SizedPlan>> make_plan(const CompiledProgram& program, const DimValues& sizes) {
  return Planner(program, sizes).run();
}

}  // namespace caten
