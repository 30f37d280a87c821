// What is computed in f32, and what of it is kept in f32, by name. tests/lisp compares the table with the library.
#include <fmt/format.h>

#include <algorithm>

#include "rewrite/passes/convert_precision.hpp"

namespace caten {

const std::vector<PrecisionFamily>& precision_families() {
  static const std::vector<PrecisionFamily> families{
      {"sums", true, {"reduce", "put"}, {"sum", "prod", "mean", "var", "std", "norm", "cumsum", "cumprod"}},
      {"softmax", true, {}, {"softmax", "log-softmax", "logsumexp", "attention"}},
      {"norms", true, {}, {"layer-norm", "rms-norm", "batch-norm", "group-norm"}},
      {"exponentials",
       true,
       {"exp2", "log2"},
       {"exp", "expm1", "log", "log10", "log1p", "logaddexp", "pow", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "erf", "erfc", "lgamma"}},
      {"angles", true, {"sin"}, {"cos", "tan", "atan", "atan2", "asin", "acos", "hypot", "rope"}},
      {"losses", true, {}, {"mse", "huber", "bce", "nll", "cross-entropy"}},
      {"random",
       true,
       {},
       {"rand", "randn", "bernoulli", "categorical", "gamma", "beta", "exponential", "dropout", "sample",
        "top-k-logits", "top-p-logits"}},
      {"loops", true, {"loop"}, {"lstm", "gru", "cholesky", "triangular-solve"}},
      {"activations",
       false,
       {},
       {"leaky-relu", "elu", "selu", "gelu", "gelu-tanh", "sigmoid", "silu", "mish", "softplus", "log-sigmoid",
        "hard-sigmoid", "hard-swish", "glu"}},
      {"products",
       false,
       {},
       {"matmul", "dot", "outer", "linear", "linear-int8", "linear-q8-0", "linear-q4-0", "einsum", "conv1d", "conv2d",
        "conv3d", "conv-transpose2d"}},
      {"arithmetic",
       false,
       {"add", "mul", "div", "mod", "sqrt"},
       {"rsqrt", "lerp", "fmod", "remainder", "interpolate", "avg-pool", "adaptive-avg-pool"}},
  };
  return families;
}

namespace {

void keep_family(const PrecisionFamily& family, Precision& precision) {
  precision.keep.insert(family.ops.begin(), family.ops.end());
  precision.keep.insert(family.composites.begin(), family.composites.end());
}

bool known(const std::string& name) {
  for (const PrecisionFamily& family : precision_families())
    for (const auto* members : {&family.ops, &family.composites})
      if (std::find(members->begin(), members->end(), name) != members->end()) return true;
  return false;
}

}  // namespace

Result<std::optional<Precision>> parse_precision(std::string_view dtype, std::string_view keep) {
  if (dtype == "f32") return std::nullopt;
  Precision precision{.kept = std::string(keep)};
  std::optional<DType> found = find_dtype(dtype);
  if (!found || (*found != DType::kBF16 && *found != DType::kF16))
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("programs are not converted to `{}`", dtype),
                 .expected = "bf16, f16, or f32 for as they are",
                 .found = std::string(dtype),
                 .remedy = found ? "write the program with this dtype, or choose it with -D T=NAME"
                                 : did_you_mean(dtype, {"bf16", "f16", "f32"})});
  precision.dtype = *found;
  while (!keep.empty()) {
    size_t comma = std::min(keep.find(','), keep.size());
    std::string name(keep.substr(0, comma));
    keep.remove_prefix(std::min(comma + 1, keep.size()));
    if (name.empty() || name == "none") continue;
    bool family = false;
    for (const PrecisionFamily& each : precision_families()) {
      if (each.name != name && !(name == "default" && each.kept)) continue;
      keep_family(each, precision);
      family = true;
    }
    if (family) continue;
    precision.keep.insert(name);
    if (!known(name)) precision.strangers.push_back(name);
  }
  return precision;
}

std::vector<Diagnostic> unknown_kept_names(const Graph& program, const Precision& precision) {
  std::set<std::string> there;
  for (NodeId id : program.reachable()) {
    const Node& node = program[id];
    if (node.kind == NodeKind::kRegion) there.insert(node.get<RegionAttributes>().name);
    if (node.kind == NodeKind::kOp) there.insert(std::string(op_name(node.op)));
  }
  std::vector<std::string> names(there.begin(), there.end());
  names.emplace_back("default");
  names.emplace_back("none");
  for (const PrecisionFamily& family : precision_families()) {
    names.emplace_back(family.name);
    names.insert(names.end(), family.composites.begin(), family.composites.end());
  }
  std::vector<Diagnostic> out;
  for (const std::string& name : precision.strangers) {
    if (there.contains(name)) continue;
    std::string hint = did_you_mean(name, names);
    out.push_back({.code = Code::BadOptionValue,
                   .message = fmt::format("nothing of the program is kept in f32 for `{}`", name),
                   .expected = "a family, an op, or a composite that the program calls",
                   .found = name,
                   .remedy = hint.empty() ? "see --help for the families" : hint,
                   .severity = Severity::kWarning});
  }
  return out;
}

}  // namespace caten
