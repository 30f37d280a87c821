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

using Sizes = std::vector<int64_t>;

/// Small ones first; the large ones are for rules whose guards want large values.
const std::vector<Sizes> kShapes{{},     {1},    {2},    {0},       {3},       {2, 3},
                                 {3, 2}, {1, 3}, {2, 2}, {2, 2, 2}, {2, 1, 3}, {1, 2, 2, 2}};
const std::vector<Sizes> kLargeShapes{{33}, {33, 33}, {2, 33, 33}, {1, 2, 9, 9}, {4096}, {65, 65}};

/// A variable of the pattern and what may stand for it when it stands where an attribute does.
struct Variable {
  std::string name;
  std::vector<Datum> attributes{};  ///< none: it is a value
};

/// What an attribute of the op may be.
std::vector<Datum> attribute_candidates(const Pattern& form, size_t item) {
  std::vector<Datum> out;
  if (form.op == Op::kCast || form.op == Op::kBitcast) {
    for (DType dtype : all_dtypes()) out.push_back(Datum::symbol(std::string(dtype_name(dtype))));
  } else if ((form.op == Op::kReduce && item == 0) || (form.op == Op::kPut && item + 1 == form.items.size())) {
    for (const char* word : {"add", "max", "mul"}) out.push_back(Datum::symbol(word));
  } else {
    for (int64_t number : {0, 1, 2, 3}) out.push_back(Datum::of(number));
  }
  return out;
}

void collect_variables(const Pattern& pattern, std::vector<Variable>& out) {
  auto add = [&](const Pattern& variable, std::vector<Datum> attributes) {
    auto known = std::find_if(out.begin(), out.end(), [&](const Variable& v) { return v.name == variable.name; });
    if (known == out.end()) out.push_back({variable.name, std::move(attributes)});
  };
  for (size_t i = 0; i < pattern.items.size(); ++i) {
    const Pattern& item = pattern.items[i];
    if (item.kind == Pattern::Kind::kVariable || item.kind == Pattern::Kind::kSegment)
      add(item, is_value_item(pattern, i) ? std::vector<Datum>{} : attribute_candidates(pattern, i));
    else
      collect_variables(item, out);
  }
  for (const auto& [key, value] : pattern.keywords)
    if (value.kind == Pattern::Kind::kVariable)
      add(value, {Datum::of(int64_t{0}), Datum::of(int64_t{1}), Datum::of(int64_t{-1}), Datum::symbol("true")});
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

constexpr int64_t kShown = 12;  // elements of an array

std::string show(const Array& array) {
  std::string out = describe(array) + " (";
  for (int64_t i = 0; i < std::min(array.elements(), kShown); ++i) {
    const std::byte* at = array.data() + static_cast<size_t>(i) * dtype_size(array.dtype());
    out += (i ? " " : "") + print(Scalar::load(array.dtype(), at).to_datum());
  }
  return out + (array.elements() > kShown ? " …)" : ")");
}

struct Trial {
  Graph before, after;
  Arguments arguments;
  std::vector<std::string> names;
};

/// What stands for a variable in one trial.
struct Binding {
  std::string name;
  std::vector<ValueType> types{};  ///< of the inputs: one, for a segment any number
  std::optional<Datum> attribute{};
};

/// The pattern as a program, with inputs for its variables, and what the rule makes of it.
std::optional<Trial> build_trial(const Optimizer& rule, const std::vector<Binding>& bindings,
                                 const OptimizeOptions& options) {
  Trial out;
  Match bound;
  ValueType first{};
  for (const Binding& binding : bindings) {
    std::vector<Match::Value> values;
    if (binding.attribute) values.push_back({{}, *binding.attribute});
    std::string name = binding.name.substr(binding.name.find_first_not_of('?'));
    for (size_t i = 0; i < binding.types.size(); ++i) {
      out.names.push_back(binding.types.size() == 1 ? name : fmt::format("{}{}", name, i));
      if (out.names.size() == 1) first = binding.types[i];
      values.push_back({out.before.add_input(out.names.back(), binding.types[i]), {}});
    }
    if (binding.name.starts_with("??"))
      bound.segments[binding.name] = std::move(values);
    else
      bound.variables[binding.name] = std::move(values[0]);
  }
  Result<NodeId> root = instantiate(out.before, rule.pattern, bound, first, options.hooks);
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
  if (reference->outputs[0].elements() > kShown) return {false, fmt::format("{}: at {}", text, comparison.first_wrong)};
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

/// Draws what stands for the variables.
class Draw {
 public:
  Draw(const std::vector<Variable>& variables, uint64_t seed) : variables_(variables), random_(seed) {}

  /// Case k: shapes in order, all equal at first, then independent ones; dtypes in turn.
  std::vector<Binding> bindings(size_t k, const std::vector<Sizes>& shapes) {
    DType dtype = all_dtypes()[k % all_dtypes().size()];
    size_t round = k / all_dtypes().size();
    bool independent = round >= shapes.size() && random_() % 2 == 0;
    std::vector<Binding> out;
    for (const Variable& variable : variables_) {
      Binding binding{variable.name, {}, {}};
      if (!variable.attributes.empty()) {
        binding.attribute = variable.attributes[(round + random_()) % variable.attributes.size()];
      } else {
        size_t count = variable.name.starts_with("??") ? round % 3 : 1;
        for (size_t i = 0; i < count; ++i) {
          ValueType type{dtype, {}};
          for (int64_t size : shapes[independent ? random_() % shapes.size() : round % shapes.size()])
            type.shape.emplace_back(size);
          if (independent && random_() % 3 == 0) type.dtype = DType::kBool;
          binding.types.push_back(std::move(type));
        }
      }
      out.push_back(std::move(binding));
    }
    return out;
  }

  Array array(const ValueType& type, size_t draw, bool alone) {
    std::vector<int64_t> shape;
    for (const Dim& dim : type.shape) shape.push_back(dim.constant());
    Array array = Array::zeros(type.dtype, shape);
    std::vector<Scalar> edges = edge_values(type.dtype);
    // Large values are mostly ordinary: with an edge value in each row, nearly every sum would be NaN.
    size_t ordinary = std::min<size_t>(edges.size(), 6);
    for (int64_t i = 0; i < array.elements(); ++i) {
      bool edge = array.elements() <= 16 || random_() % 64 == 0;
      size_t pick = i == 0 && alone ? draw % edges.size() : random_() % (edge ? edges.size() : ordinary);
      edges[pick].store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(type.dtype));
    }
    return array;
  }

 private:
  const std::vector<Variable>& variables_;
  std::mt19937_64 random_;
};

/// The types and attributes that the rule itself gives for its test.
std::vector<Binding> given_bindings(const Optimizer& rule) {
  std::vector<Binding> out;
  for (const Datum& input : rule.inputs) {
    Binding binding{input[0].text, {}, {}};
    std::optional<DType> dtype = input[1].is_symbol() ? find_dtype(input[1].text) : std::nullopt;
    if (dtype) {
      ValueType type{*dtype, {}};
      for (size_t i = 2; i < input.size(); ++i) type.shape.emplace_back(input[i].integer);
      binding.types.push_back(std::move(type));
    } else {
      binding.attribute = input[1];
    }
    out.push_back(std::move(binding));
  }
  return out;
}

/// Values for one trial, many draws of small ones, few of large ones. False if the sides differ.
bool try_values(Trial& trial, Draw& draw, RuleReport& report) {
  int64_t work = 1;
  for (const auto& input : trial.before.inputs) work += element_count(trial.before.type(input.node).shape).constant();
  size_t draws = work <= 64 ? 24 : work <= 1024 ? 6 : 2;
  for (size_t k = 0; k < draws; ++k) {
    trial.arguments.inputs.clear();
    for (const auto& input : trial.before.inputs)
      trial.arguments.inputs.push_back(draw.array(trial.before.type(input.node), k, trial.before.inputs.size() == 1));
    if (differ(trial).same) continue;
    report.sound = false;
    report.counter_example = work <= 64 ? shrink(trial) : differ(trial).text;
    return false;
  }
  return true;
}

}  // namespace

Result<RuleReport> test_rule(const Optimizer& rule, uint64_t seed, size_t cases, const OptimizeOptions& options) {
  std::vector<Variable> variables;
  collect_variables(rule.pattern, variables);
  Draw draw(variables, seed);
  RuleReport report;
  if (!rule.inputs.empty()) {
    std::optional<Trial> trial = build_trial(rule, given_bindings(rule), options);
    report.tried = trial.has_value();
    if (trial) try_values(*trial, draw, report);
    return report;
  }
  constexpr size_t kEnough = 3;  // trials with large values, which take long
  for (const std::vector<Sizes>* shapes : {&kShapes, &kLargeShapes}) {
    for (size_t k = 0; k < cases; ++k) {
      if (shapes == &kLargeShapes && report.tried >= kEnough) break;
      std::optional<Trial> trial = build_trial(rule, draw.bindings(k, *shapes), options);
      if (!trial) continue;
      ++report.tried;
      if (!try_values(*trial, draw, report)) return report;
    }
    if (report.tried > 0) break;
  }
  return report;
}

}  // namespace caten
