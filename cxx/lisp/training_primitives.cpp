// Steps of training for lisp/optim/: one program that is compiled once and keeps its states, and loops over batches.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "ir/print.hpp"
#include "lisp/foreign.hpp"
#include "lisp/graph_builder.hpp"
#include "lisp/lisp.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"
#include "training/loop.hpp"

namespace caten::lisp {
namespace {

std::vector<Array> arrays_of(cl_object list) {
  std::vector<Array> arrays;
  for (; is_cons(list); list = tail(list)) {
    const Array* array = to_array(head(list));
    arrays.push_back(array ? *array : Array());
  }
  return arrays;
}

cl_object list_of(std::vector<Array> arrays) {
  cl_object list = ECL_NIL;
  for (size_t k = arrays.size(); k-- > 0;) list = ecl_cons(described(std::move(arrays[k])), list);
  return list;
}

/// The next values of states ((name leaf . next) …) that were added before.
std::optional<Diagnostic> add_updates(GraphBuilder& builder, cl_object states) {
  for (size_t k = 0; is_cons(states); states = tail(states), ++k) {
    Result<NodeId> next = builder.add(tail(tail(head(states))));
    if (!next) return next.error();
    Graph& graph = builder.graph;
    if (graph.type(*next).dtype != graph.type(graph.states[k].node).dtype ||
        describe(graph.type(*next).shape) != describe(graph.type(graph.states[k].node).shape))
      return Diagnostic{.code = Code::InputMismatch,
                        .message = fmt::format("a step gives `{}` another type", graph.states[k].name),
                        .expected = describe(graph.type(graph.states[k].node).shape),
                        .found = describe(graph.type(*next).shape),
                        .remedy = "keep the dtype and shape of what a step changes"};
    graph.states[k].next = *next;
  }
  return std::nullopt;
}

struct StepProgram {
  Graph graph{};
  std::vector<Array> constants{};  ///< of its last inputs
};

/// The program of a step: inputs are leaves, states ((name leaf . next) …), outputs ((name . tensor) …).
Result<StepProgram> step_program(cl_object name, cl_object inputs, cl_object states, cl_object outputs) {
  Graph graph;
  GraphBuilder builder(graph);
  graph.name = to_utf8(name);
  for (cl_object rest = states; is_cons(rest); rest = tail(rest)) {
    cl_object leaf = head(tail(head(rest)));
    Result<ValueType> type = to_type(leaf);
    if (!type) return tl::make_unexpected(type.error());
    builder.bind(leaf, graph.add_state(to_utf8(head(head(rest))), *type));
  }
  for (; is_cons(inputs); inputs = tail(inputs))
    if (Result<NodeId> made = builder.add(head(inputs)); !made) return tl::make_unexpected(made.error());
  auto given = static_cast<std::ptrdiff_t>(builder.data.size());
  for (; is_cons(outputs); outputs = tail(outputs)) {
    Result<NodeId> value = builder.add(tail(head(outputs)));
    if (!value) return tl::make_unexpected(value.error());
    graph.outputs.push_back({to_utf8(head(head(outputs))), *value});
  }
  if (auto problem = add_updates(builder, states)) return tl::make_unexpected(*problem);
  std::vector<Array> constants(builder.data.begin() + given, builder.data.end());
  Result<Graph> optimized = apply_optimizers(session().converted(std::move(graph)));
  if (!optimized) return tl::make_unexpected(optimized.error());
  return StepProgram{std::move(*optimized), std::move(constants)};
}

/// (make-stepper name inputs states outputs arrays): arrays are the first values of the states.
cl_object make_stepper(cl_object name, cl_object inputs, cl_object states, cl_object outputs, cl_object arrays) {
  return primitive([&]() -> cl_object {
    Result<StepProgram> step = step_program(name, inputs, states, outputs);
    if (!step) return to_lisp(step.error());
    Result<Stepper> stepper = Stepper::make(session(), step->graph, arrays_of(arrays), std::move(step->constants));
    if (!stepper) return to_lisp(stepper.error());
    return give_to_lisp(std::make_unique<OwnedStepper>(std::move(*stepper)), 0);
  });
}

/// (planned-memory name inputs states outputs): bytes of the intermediate values of a step.
cl_object planned_memory(cl_object name, cl_object inputs, cl_object states, cl_object outputs) {
  return primitive([&]() -> cl_object {
    Result<StepProgram> step = step_program(name, inputs, states, outputs);
    if (!step) return to_lisp(step.error());
    Result<size_t> bytes = session().planned_memory(step->graph);
    return bytes ? to_lisp(static_cast<int64_t>(*bytes)) : to_lisp(bytes.error());
  });
}

/// (parse-bytes text): "64M" as an integer.
cl_object bytes_of_text(cl_object text) {
  return primitive([&]() -> cl_object {
    Result<size_t> bytes = parse_bytes(to_utf8(text));
    return bytes ? to_lisp(static_cast<int64_t>(*bytes)) : to_lisp(bytes.error());
  });
}

cl_object no_stepper() {
  return to_lisp(Diagnostic{.code = Code::BadArgument, .message = "this is no training step", .remedy = "make one"});
}

/// (run-stepper stepper arrays): the outputs, each (array dtype . shape).
cl_object run_stepper(cl_object object, cl_object inputs) {
  return primitive([&]() -> cl_object {
    OwnedStepper* owned = to_stepper(object);
    if (!owned) return no_stepper();
    Result<std::vector<Array>> outputs = owned->stepper.step(arrays_of(inputs));
    return outputs ? list_of(std::move(*outputs)) : to_lisp(outputs.error());
  });
}

/// (stepper-program stepper): the IR of a step.
cl_object stepper_program(cl_object object) {
  return primitive([&]() -> cl_object {
    OwnedStepper* owned = to_stepper(object);
    return owned ? to_lisp(print(owned->stepper.graph())) : no_stepper();
  });
}

/// (stepper-memory stepper): bytes of its intermediate values.
cl_object stepper_memory(cl_object object) {
  return primitive([&]() -> cl_object {
    OwnedStepper* owned = to_stepper(object);
    if (!owned) return no_stepper();
    Result<size_t> bytes = session().planned_memory(owned->stepper.graph());
    return bytes ? to_lisp(static_cast<int64_t>(*bytes)) : to_lisp(bytes.error());
  });
}

/// (stepper-states stepper): each (array dtype . shape).
cl_object stepper_states(cl_object object) {
  return primitive([&]() -> cl_object {
    OwnedStepper* owned = to_stepper(object);
    if (!owned) return no_stepper();
    Result<std::vector<Array>> states = owned->stepper.states();
    return states ? list_of(*states) : to_lisp(states.error());
  });
}

/// (set-stepper-states stepper arrays)
cl_object set_stepper_states(cl_object object, cl_object arrays) {
  return primitive([&]() -> cl_object {
    OwnedStepper* owned = to_stepper(object);
    if (!owned) return no_stepper();
    Status done = owned->stepper.set_states(arrays_of(arrays));
    return done ? ECL_T : to_lisp(done.error());
  });
}

/// (set-batches stepper arrays size seed shuffle): how many batches an epoch has.
cl_object set_batches(cl_object object, cl_object arrays, cl_object size, cl_object seed, cl_object shuffle) {
  return primitive([&]() -> cl_object {
    OwnedStepper* owned = to_stepper(object);
    if (!owned) return no_stepper();
    int64_t count = 0, number = 0;
    to_int64(size, count);
    to_int64(seed, number);
    Result<training::Batches> batches = training::Batches::make(
        arrays_of(arrays), {.size = count, .seed = static_cast<uint64_t>(number), .shuffle = !is_nil(shuffle)});
    if (!batches) return to_lisp(batches.error());
    owned->batches = std::move(*batches);
    return to_lisp(owned->batches->per_epoch());
  });
}

/// (run-steps stepper first count seconds): a list of outputs for each step that was made.
cl_object run_training_steps(cl_object object, cl_object first, cl_object count, cl_object seconds) {
  return primitive([&]() -> cl_object {
    OwnedStepper* owned = to_stepper(object);
    if (!owned || !owned->batches) return no_stepper();
    training::LoopOptions options;
    to_int64(first, options.first);
    to_int64(count, options.count);
    options.seconds = ecl_to_double(seconds);
    Result<std::vector<std::vector<float>>> done = training::run_steps(owned->stepper, *owned->batches, options);
    if (!done) return to_lisp(done.error());
    cl_object list = ECL_NIL;
    for (size_t k = done->size(); k-- > 0;) {
      cl_object row = ECL_NIL;
      for (size_t j = (*done)[k].size(); j-- > 0;) row = ecl_cons(ecl_make_double_float((*done)[k][j]), row);
      list = ecl_cons(row, list);
    }
    return list;
  });
}

/// (row-order examples seed epoch): the order of an epoch, (array dtype . shape).
cl_object row_order(cl_object examples, cl_object seed, cl_object epoch) {
  return primitive([&]() -> cl_object {
    int64_t count = 0, key = 0, number = 0;
    to_int64(examples, count);
    to_int64(seed, key);
    to_int64(epoch, number);
    std::vector<int64_t> order =
        training::epoch_order(std::max<int64_t>(count, 0), static_cast<uint64_t>(key), static_cast<uint64_t>(number));
    Array array = Array::uninitialized(DType::kI64, {static_cast<int64_t>(order.size())});
    std::copy(order.begin(), order.end(), array.as_mutable<int64_t>());
    return described(std::move(array));
  });
}

const Primitive kPrimitives[] = {{"MAKE-STEPPER", make_stepper},
                                 {"PLANNED-MEMORY", planned_memory},
                                 {"PARSE-BYTES", bytes_of_text},
                                 {"RUN-STEPPER", run_stepper},
                                 {"STEPPER-PROGRAM", stepper_program},
                                 {"STEPPER-MEMORY", stepper_memory},
                                 {"STEPPER-STATES", stepper_states},
                                 {"SET-STEPPER-STATES", set_stepper_states},
                                 {"SET-BATCHES", set_batches},
                                 {"RUN-STEPS", run_training_steps},
                                 {"ROW-ORDER", row_order}};

}  // namespace

void define_training_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
