// Whether an implementation computes what its composite means: generated inputs, the reference evaluator, its bounds.
#include <fmt/format.h>

#include <cmath>

#include "driver/session.hpp"
#include "ir/error_bound.hpp"
#include "ir/evaluate.hpp"

namespace caten {
namespace {

/// Small numbers of both signs, now and then 0 and a large one; with `edges` also NaN, infinities and -0. The same for
/// every run.
Array generated(const ValueType& type, uint64_t seed, bool edges) {
  constexpr double kEdges[] = {NAN, INFINITY, -INFINITY, -0.0};
  std::vector<int64_t> shape;
  for (const Dim& dim : type.shape) shape.push_back(dim.constant());
  Array out = Array::zeros(type.dtype, shape);
  for (int64_t i = 0; i < out.elements(); ++i) {
    uint64_t bits = (static_cast<uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u + seed * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 29) * 0x94d049bb133111ebu;
    bits ^= bits >> 32;
    double value = static_cast<double>(bits % 4001) / 1000 - 2;
    if (bits % 61 == 0) value = bits % 2 ? 0 : 100;
    if (edges && bits % 17 == 0) value = kEdges[bits / 17 % 4];
    Scalar::of_real(type.dtype, value).store(out.mutable_data() + static_cast<size_t>(i) * dtype_size(type.dtype));
  }
  return out;
}

}  // namespace

Status Session::check_implementation(std::shared_ptr<const Implementation> implementation, const Graph& call) const {
  SessionOptions options = options_;
  options.verify = false;
  options.observer = nullptr;
  std::vector<std::string> reasons;
  options.notice = [&](const Diagnostic& warning) { reasons.push_back(warning.found); };
  options.scheduling.implementations = {implementation};
  Session own(options);
  std::vector<std::string> notes;
  Result<std::string> text = own.schedule_text(call);
  if (!text) return tl::make_unexpected(text.error());
  Result<Program> compiled = own.compile(call);  // tells what does not apply
  if (!compiled) return tl::make_unexpected(compiled.error());
  auto wrong = [&](std::string message, std::string expected, std::string is, std::string remedy) {
    Diagnostic out{.code = Code::WrongImplementation,
                   .message = fmt::format("{}: {}", implementation->path, message),
                   .expected = std::move(expected),
                   .found = std::move(is),
                   .remedy = std::move(remedy)};
    std::string inputs;
    for (const Graph::Input& input : call.inputs)
      inputs += fmt::format("{}{} {}", inputs.empty() ? "" : ", ", input.name, describe(call.type(input.node)));
    out.notes.push_back("for " + inputs);
    return fail(std::move(out));
  };
  if (!reasons.empty() || text->find("` asks for ") == std::string::npos)
    return wrong("it cannot be used in its own test", "a call that it fits",
                 reasons.empty() ? text->substr(0, text->rfind('\n')).substr(text->rfind('\n', text->size() - 2) + 1)
                                 : reasons[0],
                 "mend the test, or what it is for");
  for (bool edges : {false, true}) {
    Arguments arguments;
    for (size_t k = 0; k < call.inputs.size(); ++k)
      arguments.inputs.push_back(generated(call.type(call.inputs[k].node), k + 1, edges));
    Result<Results> found = own.run(call, arguments);
    if (!found) return tl::make_unexpected(found.error());
    ResultBounds bounds;
    Result<Results> reference = evaluate(call, arguments, {.bounds = &bounds});
    if (!reference) return tl::make_unexpected(reference.error());
    for (size_t i = 0; i < reference->outputs.size(); ++i) {
      Comparison same = compare(found->outputs[i], reference->outputs[i], bounds.outputs[i]);
      if (!same.ok())
        return wrong(fmt::format("the implementation of `{}` computes something else", implementation->composite),
                     "what the composite's definition gives, within the error bound", same.first_wrong,
                     "correct the kernel; elements are in row-major order");
    }
  }
  return {};
}

}  // namespace caten
