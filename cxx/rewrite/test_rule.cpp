// The differential test of a rule: both sides on generated inputs, by the reference evaluator.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "ir/build.hpp"
#include "ir/evaluate.hpp"
#include "rewrite/optimizer.hpp"

namespace caten {
namespace {

const std::vector<std::vector<int64_t>> kShapes{{}, {1}, {2}, {0}, {3}, {2, 3}, {3, 2}, {1, 3}};

void collect_variables(const Pattern& pattern, std::vector<std::string>& out) {
  bool fresh = std::find(out.begin(), out.end(), pattern.name) == out.end();
  if (pattern.kind == Pattern::Kind::kVariable && fresh) out.push_back(pattern.name);
  if (pattern.kind == Pattern::Kind::kSegment && fresh) out.push_back(pattern.name);
  for (const Pattern& item : pattern.items) collect_variables(item, out);
}

std::vector<Scalar> edge_values(DType dtype) {
  std::vector<Scalar> out;
  if (is_bool(dtype)) return {Scalar::of_bool(false), Scalar::of_bool(true)};
  for (int v : {1, 0, -1, 2, 3, 7}) out.push_back(Scalar::of_integer(dtype, v));
  if (is_integer(dtype)) {
    out.push_back(Scalar::of_real(dtype, -std::numeric_limits<double>::infinity()));
    out.push_back(Scalar::of_real(dtype, std::numeric_limits<double>::infinity()));
    return out;
  }
  const double inf = std::numeric_limits<double>::infinity();
  for (double v : {-0.0, 0.1, -2.5, inf, -inf, std::nan(""), 1e-40, 5e-324, 3e38, -1e300})
    out.push_back(Scalar::of_real(dtype, v));
  if (is_complex(dtype)) {
    out.push_back(Scalar::of_complex(dtype, {0.5, -1.5}));
    out.push_back(Scalar::of_complex(dtype, {0, 1}));
    out.push_back(Scalar::of_complex(dtype, {inf, 0}));
  }
  return out;
}

std::string show(const Array& array) {
  std::string out = describe(array) + " (";
  for (int64_t i = 0; i < array.elements(); ++i)
    out +=
        (i ? " " : "") +
        print(
            Scalar::load(array.dtype(), array.data() + static_cast<size_t>(i) * dtype_size(array.dtype())).to_datum());
  return out + ")";
}

struct Trial {
  Graph before, after;
  Arguments arguments;
  std::vector<std::string> names;
};

/// The pattern as a program, with inputs for its variables, and what the rule makes of it.
std::optional<Trial> build_trial(const Optimizer& rule, const std::vector<std::string>& variables,
                                 const std::vector<ValueType>& types, const OptimizeOptions& options) {
  Trial out;
  Match bound;
  for (size_t i = 0; i < variables.size(); ++i) {
    std::string name = variables[i].substr(variables[i].find_first_not_of('?'));
    out.names.push_back(name);
    NodeId id = out.before.add_input(name, types[i]);
    if (variables[i].starts_with("??"))
      bound.segments[variables[i]] = {{id, {}}};
    else
      bound.variables[variables[i]] = {id, {}};
  }
  Result<NodeId> root =
      instantiate(out.before, rule.pattern, bound, types.empty() ? ValueType{} : types[0], options.hooks);
  if (!root) return std::nullopt;
  out.before.outputs.push_back({"y", *root});
  size_t applied = 0;
  OptimizeOptions counting = options;
  counting.runtime = rule.runtime;
  counting.off.clear();
  counting.once = true;
  counting.trace = [&](const std::string& line) { applied += line.find(": not applied to ") == std::string::npos; };
  Result<Graph> after = optimize(out.before, {rule}, counting);
  if (applied == 0) return std::nullopt;
  if (!after) return std::nullopt;
  out.after = std::move(*after);
  return out;
}

struct Outcome {
  bool same = true;
  std::string text;
};

Outcome differ(const Trial& trial) {
  ResultBounds bounds;
  Result<Results> reference = evaluate(trial.before, trial.arguments, {.bounds = &bounds});
  Result<Results> found = evaluate(trial.after, trial.arguments);
  if (!reference || !found) return {reference.has_value() == found.has_value(), "only one side can be evaluated"};
  Comparison comparison = compare(found->outputs[0], reference->outputs[0], bounds.outputs[0]);
  if (comparison.ok()) return {};
  std::string text;
  for (size_t i = 0; i < trial.names.size(); ++i)
    text += fmt::format("{}{} = {}", i ? ", " : "", trial.names[i], show(trial.arguments.inputs[i]));
  return {false,
          fmt::format("{}: pattern {}, replacement {}", text, show(reference->outputs[0]), show(found->outputs[0]))};
}

/// Simpler values, element by element, while the sides still differ.
std::string shrink(Trial& trial) {
  for (Array& input : trial.arguments.inputs) {
    size_t size = dtype_size(input.dtype());
    for (int64_t i = 0; i < input.elements(); ++i) {
      std::byte* at = input.mutable_data() + static_cast<size_t>(i) * size;
      Scalar kept = Scalar::load(input.dtype(), at);
      for (const Scalar& simpler : edge_values(input.dtype())) {
        if (simpler == kept) break;
        simpler.store(at);
        if (!differ(trial).same) {
          kept = simpler;
          break;
        }
      }
      kept.store(at);
    }
  }
  return differ(trial).text;
}

}  // namespace

Result<RuleReport> test_rule(const Optimizer& rule, uint64_t seed, size_t cases, const OptimizeOptions& options) {
  std::vector<std::string> variables;
  collect_variables(rule.pattern, variables);
  std::mt19937_64 random(seed);
  RuleReport report;
  for (size_t k = 0; k < cases; ++k) {
    // Small shapes first, all equal; then independent ones.
    DType dtype = all_dtypes()[k % all_dtypes().size()];
    size_t round = k / all_dtypes().size();
    bool independent = round >= kShapes.size() && random() % 2 == 0;
    std::vector<ValueType> types;
    for (size_t i = 0; i < variables.size(); ++i) {
      ValueType type{dtype, {}};
      size_t which = independent ? random() % kShapes.size() : round % kShapes.size();
      for (int64_t size : kShapes[which]) type.shape.emplace_back(size);
      if (independent && random() % 3 == 0) type.dtype = DType::kBool;
      types.push_back(std::move(type));
    }
    std::optional<Trial> trial = build_trial(rule, variables, types, options);
    if (!trial) continue;
    ++report.tried;
    for (size_t draw = 0; draw < 24; ++draw) {
      trial->arguments.inputs.clear();
      for (const ValueType& type : types) {
        std::vector<int64_t> shape;
        for (const Dim& dim : type.shape) shape.push_back(dim.constant());
        Array array = Array::zeros(type.dtype, shape);
        std::vector<Scalar> edges = edge_values(type.dtype);
        for (int64_t i = 0; i < array.elements(); ++i) {
          size_t pick = i == 0 && variables.size() == 1 ? draw % edges.size() : random() % edges.size();
          edges[pick].store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(type.dtype));
        }
        trial->arguments.inputs.push_back(std::move(array));
      }
      if (differ(*trial).same) continue;
      report.sound = false;
      report.counter_example = shrink(*trial);
      return report;
    }
  }
  return report;
}

}  // namespace caten
