#include "driver/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ir/evaluate.hpp"

namespace caten {
namespace {

constexpr const char* kWithin = "what the reference evaluator computes, within its error bound";

/// Leaves of a kernel become inputs, what it computes is copied.
class KernelCopier : public GraphCopier {
 public:
  KernelCopier(const Graph& from, Graph& to) : GraphCopier(from, to) {
    to.name = from.name;
    to.dims = from.dims;
  }
};

/// One kernel as a program: its leaves are the inputs, its targets the outputs.
struct KernelProgram {
  Graph graph;
  std::vector<const KernelPart*> parts{};  ///< of the outputs
};

KernelProgram kernel_program(const Schedule& schedule, const Kernel& kernel) {
  KernelProgram out;
  KernelCopier copier(schedule.graph, out.graph);
  for (size_t i = 0; i < kernel.leaves.size(); ++i) {
    NodeId node = kernel.leaves[i].node;
    copier.map(node, out.graph.add_input(fmt::format("leaf{}", i), schedule.graph.type(node)));
  }
  for (const KernelPart& part : kernel.parts) {
    // What waits for a later pass in the memory of a result is overwritten by it.
    bool overwritten = std::any_of(kernel.parts.begin(), kernel.parts.end(), [&](const KernelPart& other) {
      return &other > &part && part.target && other.target && other.target->buffer == part.target->buffer;
    });
    if (!part.target || overwritten) continue;
    out.graph.outputs.push_back({fmt::format("part{}", out.parts.size()), copier.copy(part.space.root)});
    out.parts.push_back(&part);
  }
  return out;
}

/// Computes each launch again with the evaluator, from the operands that the kernel finds in memory. Kernels in row
/// blocks are left out: they have a part of their operands only.
class KernelCheck : public KernelObserver {
 public:
  KernelCheck(VerifyCounts& counts, Timings* timings) : counts_(counts), timings_(timings) {}

  Status before(const KernelLaunch& launch) override {
    Timed step(timings_, "verify", 0);
    const Schedule& schedule = launch.program.schedule;
    const Kernel& kernel = schedule.kernels[launch.kernel];
    if (!kernel.blocks.empty()) return {};
    auto known = programs_.find(launch.kernel);
    if (known == programs_.end()) known = programs_.emplace(launch.kernel, kernel_program(schedule, kernel)).first;
    const KernelProgram& program = known->second;
    Arguments arguments;
    for (const auto& [name, value] : launch.plan->sizes)
      if (!schedule.graph.dims.solution().contains(name)) arguments.sizes[name] = value;
    for (const KernelLeaf& leaf : kernel.leaves) {
      const ValueType& type = schedule.graph.type(leaf.node);
      Result<Array> array = leaf.counter ? counter(launch, *leaf.counter) : read(launch, type, leaf.location);
      if (!array) return tl::make_unexpected(array.error());
      arguments.inputs.push_back(std::move(*array));
    }
    Result<Results> expected = evaluate(program.graph, arguments, {.bounds = &bounds_});
    if (!expected) {
      expected.error().notes.push_back(fmt::format("while verifying kernel {}", launch.kernel));
      return tl::make_unexpected(expected.error());
    }
    expected_ = std::move(*expected);
    return {};
  }

  Status after(const KernelLaunch& launch) override {
    Timed step(timings_, "verify", 0);
    const Schedule& schedule = launch.program.schedule;
    if (!schedule.kernels[launch.kernel].blocks.empty()) return {};
    ++counts_.launches;
    const KernelProgram& program = programs_.at(launch.kernel);
    for (size_t i = 0; i < program.parts.size(); ++i) {
      const KernelPart& part = *program.parts[i];
      Result<Array> found = read(launch, schedule.graph.type(part.space.root), *part.target);
      if (!found) return tl::make_unexpected(found.error());
      Comparison same = compare(*found, expected_.outputs[i], bounds_.outputs[i]);
      counts_.passed += same.passed;
      counts_.ill_conditioned += same.ill_conditioned;
      if (!same.ok()) return wrong(launch, part, same);
    }
    return {};
  }

 private:
  static DimValues sizes_of(const KernelLaunch& launch) {
    DimValues sizes = launch.plan->sizes;
    for (uint32_t i = 1; i < launch.counters.size(); ++i) sizes[reserved::counter(i)] = launch.counters[i];
    return sizes;
  }

  static Result<Array> counter(const KernelLaunch& launch, const Dim& size) {
    Array out = Array::zeros(DType::kI64, {});
    Scalar::of_integer(DType::kI64, size.evaluate(sizes_of(launch)).value_or(0)).store(out.mutable_data());
    return out;
  }

  static Result<Array> read(const KernelLaunch& launch, const ValueType& type, const Location& from) {
    Array out = Array::zeros(type.dtype, concrete(type.shape, launch.plan->sizes));
    if (out.bytes() == 0) return out;
    auto offset = static_cast<size_t>(from.offset.evaluate(sizes_of(launch)).value_or(0)) * dtype_size(type.dtype);
    CATEN_TRY(launch.stream.copy_out(out.mutable_data(), launch.addresses[from.buffer.value] + offset, out.bytes()));
    CATEN_TRY(launch.stream.synchronize());
    return out;
  }

  static Status wrong(const KernelLaunch& launch, const KernelPart& part, const Comparison& same) {
    const Schedule& schedule = launch.program.schedule;
    Diagnostic out{.code = Code::WrongResult,
                   .message = fmt::format("kernel {} of `{}` computes {} wrong {} of {}", launch.kernel,
                                          schedule.graph.name, same.wrong, same.wrong == 1 ? "element" : "elements",
                                          describe(schedule.graph.type(part.space.root))),
                   .expected = kWithin,
                   .found = same.first_wrong,
                   .remedy = "look at --emit=kernel; another runtime may compute it right"};
    for (uint32_t origin : schedule.graph[part.space.root].origins)
      if (!out.span.known()) out.span = schedule.graph.origins[origin].span;
    std::string lines = print_kernel(schedule, launch.kernel);
    for (size_t begin = 0; begin < lines.size();) {
      size_t end = std::min(lines.find('\n', begin), lines.size());
      out.notes.push_back(lines.substr(begin, end - begin));
      begin = end + 1;
    }
    return fail(std::move(out));
  }

  VerifyCounts& counts_;
  Timings* timings_;
  std::map<uint32_t, KernelProgram> programs_;
  ResultBounds bounds_;
  Results expected_;
};

/// What the program means, and a comparison with it.
class Meaning {
 public:
  Meaning(const Graph& graph, const Arguments& arguments) : graph_(graph), arguments_(arguments) {}

  Status compute() {
    Result<Results> results = evaluate(graph_, arguments_, {.bounds = &bounds_});
    if (!results) return tl::make_unexpected(results.error());
    expected_ = std::move(*results);
    return {};
  }

  /// "y[2 0]: found 1.5, reference 1.25 ± 0.125" for the first difference, "" if there is none.
  std::string difference(const Results& found, VerifyCounts* counts = nullptr) const {
    std::string first;
    auto look = [&](const std::string& name, const Array& a, const Array& b, const ErrorBounds& bounds) {
      Comparison same = compare(a, b, bounds);
      if (counts) counts->passed += same.passed, counts->ill_conditioned += same.ill_conditioned;
      if (!same.ok() && first.empty()) first = name + same.first_wrong;
    };
    for (size_t i = 0; i < expected_.outputs.size(); ++i)
      look(graph_.outputs[i].name, found.outputs[i], expected_.outputs[i], bounds_.outputs[i]);
    for (size_t i = 0; i < expected_.states.size(); ++i)
      look(graph_.states[i].name + "'", found.states[i], expected_.states[i],
           i < bounds_.states.size() ? bounds_.states[i] : nullptr);
    return first;
  }

  /// Whether the evaluator says the same of another form of the program.
  bool holds_for(const Graph& other) const {
    Result<Results> results = evaluate(other, arguments_);
    return results && difference(*results).empty();
  }

 private:
  const Graph& graph_;
  const Arguments& arguments_;
  ResultBounds bounds_;
  Results expected_;
};

/// The first pass behind which the program means something else; with the rule, if it is one rule's work.
std::string wrong_pass(const Graph& graph, const Meaning& meaning, const RewriteOptions& rewriting) {
  RewriteOptions options = rewriting;
  options.trace = {};
  options.timings = nullptr;
  std::string first;
  options.after_pass = [&](std::string_view pass, const Graph& now) {
    if (first.empty() && !meaning.holds_for(now)) first = pass;
  };
  if (!rewrite(graph, options) || first.empty()) return first;
  std::string text = fmt::format("the rewrite pass `{}`", first);
  options.after_pass = {};
  for (const Rule& rule : all_rules()) {
    options.off.emplace(rule.name);
    Result<Graph> without = rewrite(graph, options);
    if (without && meaning.holds_for(*without)) return text + fmt::format(", rule `{}`", rule.name);
    if (!rewriting.off.contains(std::string(rule.name))) options.off.erase(std::string(rule.name));
  }
  return text;
}

/// The pass of the schedule without which the results are right, or the kernel that is wrong in another schedule.
Result<std::string> wrong_schedule_pass(const Meaning& meaning, const Arguments& arguments,
                                        const VerifyOptions& options) {
  if (!options.recompile) return std::string();
  for (const SchedulePass& pass : schedule_passes()) {
    ScheduleOptions without = options.scheduling;
    if (!without.off.emplace(pass.name).second) continue;
    Result<std::shared_ptr<const CompiledProgram>> program = options.recompile(without);
    if (!program) continue;
    VerifyCounts counts;
    KernelCheck check(counts, nullptr);
    Result<Results> found = execute(**program, arguments, {.observer = &check});
    if (!found && found.error().code == Code::WrongResult) {
      found.error().notes.push_back(fmt::format("found with -fno-{}", pass.name));
      return tl::make_unexpected(found.error());
    }
    if (found && meaning.difference(*found).empty()) return fmt::format("the pass `{}` of the schedule", pass.name);
  }
  return std::string();
}

}  // namespace

Result<Results> run_verified(const Graph& graph, const CompiledProgram& program, const Arguments& arguments,
                             const VerifyOptions& options, VerifyCounts* counts) {
  Meaning meaning(graph, arguments);
  CATEN_TRY(meaning.compute());
  VerifyCounts own;
  KernelCheck check(counts ? *counts : own, options.execution.timings);
  ExecuteOptions execution = options.execution;
  execution.observer = &check;
  Result<Results> found = execute(program, arguments, std::move(execution));
  if (!found) return found;
  std::string difference = meaning.difference(*found, counts);
  if (difference.empty()) return found;

  std::string blame = options.rewriting ? wrong_pass(graph, meaning, *options.rewriting) : "";
  if (blame.empty() && !meaning.holds_for(program.schedule.graph)) blame = "the normal form of the schedule";
  if (blame.empty()) {
    Result<std::string> pass = wrong_schedule_pass(meaning, arguments, options);
    if (!pass) return tl::make_unexpected(pass.error());
    blame = std::move(*pass);
  }
  if (blame.empty()) blame = "the order of the kernels, a loop around them or the memory plan";
  return fail({.code = Code::WrongResult,
               .message = fmt::format("`{}` gives a wrong result: {} changes it", graph.name, blame),
               .expected = kWithin,
               .found = difference,
               .remedy = "switch the pass or rule off with -fno-NAME, or compute with -O0",
               .notes = {"each kernel that was checked is right about the operands that it finds"}});
}

}  // namespace caten
