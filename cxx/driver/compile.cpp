#include "driver/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codegen/lower.hpp"
#include "driver/plan.hpp"
#include "ir/verify.hpp"
#include "schedule/equal_kernels.hpp"

namespace caten {
namespace {

RenderedProgram generate(const Schedule& schedule, const Dialect& dialect, const CompileOptions& options,
                         size_t unit_kernels = 0) {
  Timed step(options.timings, "lower");
  std::vector<EqualKernel> kernels = equal_kernels(schedule);
  std::vector<LoopNest> nests;
  std::vector<size_t> nest_of(kernels.size());
  for (uint32_t k = 0; k < kernels.size(); ++k) {
    nest_of[k] = kernels[k].first == k ? nests.size() : nest_of[kernels[k].first];
    if (nest_of[k] == nests.size()) nests.push_back(lower(schedule, schedule.kernels[k], dialect.team));
  }
  step.next("render");
  RenderedProgram out = render(nests, dialect, {unit_kernels, options.scheduling.has("open-sizes")});
  std::vector<RenderedKernel> distinct = std::exchange(out.kernels, {});
  for (size_t k = 0; k < kernels.size(); ++k) {
    RenderedKernel& kernel = out.kernels.emplace_back(distinct[nest_of[k]]);
    if (!kernels[k].buffers.empty())
      for (BufferId& buffer : kernel.buffers) buffer = kernels[k].buffers.at(buffer);
  }
  return out;
}

/// That the runtime leaves out what there is; E0606 otherwise.
Status check_passes(const RuntimeFile& runtime) {
  std::vector<std::string> names;
  for (const SchedulePass& pass : schedule_passes()) names.emplace_back(pass.name);
  for (const Datum& pass : runtime.without) {
    if (std::find(names.begin(), names.end(), pass.text) != names.end()) continue;
    std::string close = did_you_mean(pass.text, names);
    return fail({.code = Code::BadRuntimeFile,
                 .message = fmt::format("the schedule has no pass `{}`", pass.text),
                 .span = pass.span,
                 .expected = fmt::format("{}", fmt::join(names, " ")),
                 .found = pass.text,
                 .remedy = close.empty() ? "leave it out" : close});
  }
  return {};
}

}  // namespace

ScheduleOptions for_runtime(ScheduleOptions options, const RuntimeFile& runtime) {
  for (const Datum& pass : runtime.without) options.off.insert(pass.text);
  return options;
}

ScheduleOptions with_library(ScheduleOptions options, const Runtime& runtime) {
  options = for_runtime(std::move(options), runtime.file);
  options.library = {runtime.file.contraction, runtime.file.convolution,
                     [device = runtime.device] { return device->library(); }};
  return options;
}

Result<std::shared_ptr<const CompiledProgram>> compile(Graph graph, const Runtime& runtime, const ArtifactStore& store,
                                                       Executables* shared, const CompileOptions& options) {
  CATEN_TRY(check_supported(graph, runtime.file));
  CATEN_TRY(check_passes(runtime.file));
  Timed step(options.timings, "read the dialect");
  Result<Dialect> dialect = read_dialect(runtime.file.dialect);
  if (!dialect) return tl::make_unexpected(dialect.error());

  auto program = std::make_shared<CompiledProgram>();
  program->graph = std::move(graph);
  step.next("schedule");
  program->schedule = make_schedule(program->graph, with_library(options.scheduling, runtime));
  if (options.verify_schedule) CATEN_TRY(verify(program->schedule.graph, Stage::kFlat));
  program->lifetimes = compute_lifetimes(program->schedule);
  step.stop();
  program->rendered = generate(program->schedule, *dialect, options, runtime.device->properties().unit_kernels);
  program->device = runtime.device;

  Executables own;
  Result<std::vector<std::shared_ptr<Executable>>> executables =
      (shared ? *shared : own).load(program->rendered.units, *runtime.device, store, options.timings);
  if (!executables) return tl::make_unexpected(executables.error());
  program->executables = std::move(*executables);
  for (const RenderedKernel& kernel : program->rendered.kernels) {
    if (kernel.call) {
      program->functions.push_back(0);
      continue;
    }
    Result<uint32_t> function = program->executables[kernel.unit]->find(kernel.function);
    if (!function) return tl::make_unexpected(function.error());
    program->functions.push_back(*function);
  }
  return program;
}

Result<std::string> kernel_source(const Graph& graph, const RuntimeFile& runtime, const CompileOptions& options) {
  Timed step(options.timings, "verify the graph");
  CATEN_TRY(verify(graph));
  CATEN_TRY(check_supported(graph, runtime));
  CATEN_TRY(check_passes(runtime));
  Result<Dialect> dialect = read_dialect(runtime.dialect);
  if (!dialect) return tl::make_unexpected(dialect.error());
  step.next("schedule");
  Schedule schedule = make_schedule(graph, for_runtime(options.scheduling, runtime));
  step.stop();
  return generate(schedule, *dialect, options).source;
}

Result<std::shared_ptr<const SizedPlan>> CompiledProgram::plan(const DimValues& sizes) const {
  {
    std::lock_guard lock(mutex_);
    auto found = std::find_if(plans_.begin(), plans_.end(), [&](const auto& plan) { return plan->sizes == sizes; });
    if (found != plans_.end()) {
      std::rotate(plans_.begin(), found, found + 1);
      return plans_.front();
    }
  }
  Result<std::shared_ptr<SizedPlan>> made = make_plan(*this, sizes);
  if (!made) return tl::make_unexpected(made.error());
  std::shared_ptr<const SizedPlan> plan = std::move(*made);
  std::lock_guard lock(mutex_);
  plans_.insert(plans_.begin(), plan);
  if (plans_.size() > kPlansKept) plans_.pop_back();
  return plan;
}

}  // namespace caten
