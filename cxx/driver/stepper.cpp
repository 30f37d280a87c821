#include "driver/stepper.hpp"

#include <fmt/format.h>

#include "ir/evaluate.hpp"

namespace caten {

namespace {

Status check_states(const Graph& graph, const std::vector<Array>& states) {
  if (states.size() != graph.states.size())
    return fail({.code = Code::MissingInput,
                 .message = "the steps have another number of states",
                 .expected = fmt::format("{}", graph.states.size()),
                 .found = fmt::format("{}", states.size()),
                 .remedy = "give an array for each state, in their order"});
  for (size_t k = 0; k < states.size(); ++k) {
    const ValueType& type = graph.type(graph.states[k].node);
    std::string expected = describe_type(type.dtype, concrete(type.shape, {}));
    if (describe(states[k]) != expected)
      return fail({.code = Code::InputMismatch,
                   .message = fmt::format("state `{}` of the steps has another type", graph.states[k].name),
                   .expected = expected,
                   .found = describe(states[k]),
                   .remedy = "give what the steps began with"});
  }
  return {};
}

}  // namespace

Result<Stepper> Stepper::make(Session& session, const Graph& graph, std::vector<Array> states,
                              std::vector<Array> constants) {
  Stepper made(session, graph, nullptr, {}, std::move(constants));
  CATEN_TRY(made.set_states(std::move(states)));
  if (!session.reference()) {
    Result<Session::Program> program = session.compile(graph);
    if (!program) return tl::make_unexpected(program.error());
    made.program_ = std::move(*program);
  }
  return made;
}

Status Stepper::set_states(std::vector<Array> states) {
  CATEN_TRY(check_states(graph_, states));
  states_ = std::move(states);
  residence_.states.clear();
  newer_on_device_ = false;
  return {};
}

Result<std::vector<Array>> Stepper::states() {
  if (newer_on_device_) CATEN_TRY(fetch_states(*program_, residence_, states_));
  newer_on_device_ = false;
  return states_;
}

Arguments Stepper::arguments(std::vector<Array> inputs) const {
  inputs.insert(inputs.end(), constants_.begin(), constants_.end());
  return {.inputs = std::move(inputs), .states = {}, .sizes = {}};
}

Result<std::vector<Array>> Stepper::step(std::vector<Array> inputs) {
  if (session_->interrupted()) return fail({.code = Code::Interrupted, .message = "the computation was interrupted"});
  if (inputs.size() != this->inputs())
    return fail({.code = Code::MissingInput,
                 .message = "a step is given another number of inputs",
                 .expected = fmt::format("{}", this->inputs()),
                 .found = fmt::format("{}", inputs.size()),
                 .remedy = "give as many as the step was made with"});
  Arguments call = arguments(std::move(inputs));
  call.states = states_;
  if (Result<DimValues> sizes = bind_sizes(graph_, call); !sizes) return tl::make_unexpected(sizes.error());
  states_.clear();  // the call has them alone, so that it may write where they lie
  const SessionOptions& options = session_->options();
  Result<Results> results = program_ ? execute(*program_, std::move(call),
                                               {.max_memory = options.max_memory,
                                                .timings = options.timings,
                                                .observer = options.observer,
                                                .residence = &residence_})
                                     : evaluate(graph_, call, {.memory_limit = options.max_memory});
  newer_on_device_ = results && !residence_.states.empty();
  if (!results) return tl::make_unexpected(results.error());
  states_ = std::move(results->states);
  return std::move(results->outputs);
}

Result<size_t> Stepper::memory_needed() const {
  return program_ ? caten::memory_needed(*program_, {}) : Result<size_t>(0);
}

}  // namespace caten
