// Consensual programs that run at the prompt: worlds that Lisp owns (worlds/live.hpp).
#include "consensus/print.hpp"
#include "consensus/read_lci.hpp"
#include "consensus/read_text.hpp"
#include "lisp/composite_model.hpp"
#include "lisp/consensual_forms.hpp"
#include "lisp/foreign.hpp"
#include "lisp/primitives.hpp"
#include "worlds/live.hpp"

namespace caten::lisp {
namespace {

Surroundings at_the_prompt() {
  return {.composites = composites(), .model = composite_model, .runtime = session().options().runtime};
}

WorldRun::On place_of(cl_object interpreted) {
  return is_nil(interpreted) ? WorldRun::On::kEither : WorldRun::On::kInterpreter;
}

cl_object handed_over(std::unique_ptr<LiveWorld> world, const Diagnostics& diagnostics) {
  if (!world || diagnostics.failed()) return failed_with(diagnostics, {});
  size_t bytes = 0;
  for (const consensus::ValueInstance& each : world->run().instance().values)
    bytes += static_cast<size_t>(each.cells * each.width) * dtype_size(each.dtype);
  return give_to_lisp(std::make_unique<OwnedWorld>(std::move(world)), bytes);
}

/// ((name . text-or-array) …) as a program takes it; names in letters of any size.
void add_inputs(bool data, cl_object pairs, const consensus::Program& program, const consensus::Names& names,
                std::vector<GivenInput>& inputs, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  if (data) {
    for (const consensus::Value* each : program.all<consensus::Value>()) known.push_back(each->name.text);
  } else {
    for (const consensus::Parameter* each : program.all<consensus::Parameter>()) known.push_back(each->name.text);
    for (const consensus::FreeName& each : names.free) known.push_back(each.name.text);
  }
  for (; is_cons(pairs); pairs = tail(pairs)) {
    std::string name = spelled_as(to_utf8(head(head(pairs))), known);
    if (const Array* array = to_array(tail(head(pairs)))) {
      inputs.push_back({.data = data, .name = name, .text = "@", .array = *array});
      continue;
    }
    Result<GivenInput> input = read_input(program, names, data, name, to_utf8(tail(head(pairs))));
    if (input)
      inputs.push_back(std::move(*input));
    else
      diagnostics.add(input.error());
  }
}

/// (make-world name lci parameters data seed interpreted): a world before its first step, or (:failed diagnostic…).
/// Parameters and data are ((name . text-or-array) …).
cl_object make_world(cl_object name, cl_object lci, cl_object parameters, cl_object data, cl_object seed,
                     cl_object interpreted) {
  return primitive([&]() -> cl_object {
    Diagnostics diagnostics;
    uint32_t source = session_sources().add("<program " + to_utf8(name) + ">", to_utf8(lci));
    std::optional<consensus::Program> program = consensus::read_lci(session_sources(), source, diagnostics);
    std::optional<consensus::Names> names;
    if (program) names = consensus::resolve(*program, composites(), diagnostics);
    if (!names) return failed_with(diagnostics, {});
    std::vector<GivenInput> inputs;
    add_inputs(false, parameters, *program, *names, inputs, diagnostics);
    add_inputs(true, data, *program, *names, inputs, diagnostics);
    if (diagnostics.failed()) return failed_with(diagnostics, {});
    int64_t number = 0;
    to_int64(seed, number);
    std::unique_ptr<LiveWorld> world =
        LiveWorld::make(session(), at_the_prompt(), std::move(*program), std::move(inputs),
                        static_cast<uint32_t>(number), place_of(interpreted), diagnostics);
    return handed_over(std::move(world), diagnostics);
  });
}

/// (load-run path step interpreted): the world of a journal, at this step of it or (nil) at its last one.
cl_object load_run(cl_object path, cl_object step, cl_object interpreted) {
  return primitive([&]() -> cl_object {
    Diagnostics diagnostics;
    int64_t number = 0;
    std::optional<uint64_t> to;
    if (to_int64(step, number)) to = static_cast<uint64_t>(number);
    std::unique_ptr<LiveWorld> world =
        LiveWorld::load(session(), at_the_prompt(), to_utf8(path), to, place_of(interpreted), diagnostics);
    return handed_over(std::move(world), diagnostics);
  });
}

/// The primitive's value for a world; nil for anything else, which the Lisp side has refused.
template <class F>
cl_object of_world(cl_object object, F&& body) {
  return primitive([&]() -> cl_object {
    LiveWorld* world = to_world(object);
    return world ? body(*world) : ECL_NIL;
  });
}

cl_object done(const Status& status) { return status ? ECL_T : to_lisp(status.error()); }
cl_object text_of(const Result<std::string>& text) {
  return text ? to_lisp(std::string_view(*text)) : to_lisp(text.error());
}

/// (save-run world path): t, or a diagnostic.
cl_object save_run(cl_object object, cl_object path) {
  return of_world(object, [&](LiveWorld& world) { return done(world.save(to_utf8(path))); });
}

/// (world-facts world): (name steps how digest-or-nil); the digest, which looks at all cells, if it is asked for.
cl_object world_facts(cl_object object, cl_object digest) {
  return of_world(object, [&](LiveWorld& world) {
    return cl_list(4, to_lisp(std::string_view(world.name())), to_lisp(world.run().clock()),
                   to_lisp(std::string_view(world.how())),
                   is_nil(digest) ? ECL_NIL : to_lisp(std::string_view(world.run().digest())));
  });
}

/// (step-once world asked): t behind the next step, or a diagnostic.
cl_object step_once(cl_object object, cl_object asked) {
  return of_world(object, [&](LiveWorld& world) { return done(world.step(!is_nil(asked))); });
}

/// (step-report world): what the last step did: (text (keyword number) …), the numbers of steps that were interpreted.
cl_object step_report(cl_object object) {
  return of_world(object, [&](LiveWorld& world) {
    cl_object numbers = ECL_NIL;
    auto add = [&](const char* name, int64_t number) {
      numbers = ecl_cons(cl_list(2, keyword(name), to_lisp(number)), numbers);
    };
    if (const consensus::reference::StepReport* report = world.run().report()) {
      add("COMMITTED", static_cast<int64_t>(report->winners.size()));
      add("ADMISSIBLE", report->admissible);
      add("PROPOSED", report->proposed);
      add("ENABLED", report->enabled);
      add("ACTIVE", report->active);
    }
    add("STEP", world.run().clock());
    return ecl_cons(to_lisp(std::string_view(world.report())), numbers);
  });
}

/// (look-at world name): (array dtype . shape) of a value's cells, or a diagnostic.
cl_object look_at(cl_object object, cl_object name) {
  return of_world(object, [&](LiveWorld& world) {
    Result<Array> array = world.look(to_utf8(name));
    return array ? described(std::move(*array)) : to_lisp(array.error());
  });
}

/// (grid-of world name): the same as lines to read.
cl_object grid_of(cl_object object, cl_object name) {
  return of_world(object, [&](LiveWorld& world) { return text_of(world.grid(to_utf8(name))); });
}

/// (ask-why world cell value): what the last step did for a cell, and if there is a value, why it is not that.
cl_object ask_why(cl_object object, cl_object cell, cl_object value) {
  return of_world(object, [&](LiveWorld& world) {
    std::optional<std::string> instead;
    if (!is_nil(value)) instead = to_utf8(value);
    return text_of(world.why(to_utf8(cell), instead));
  });
}

/// (edit-world world constraint name): one constraint more, (form . place) or a text; or, where that is nil, the one of
/// this name less. t or (:failed diagnostic…).
cl_object edit_world(cl_object object, cl_object constraint, cl_object name) {
  return of_world(object, [&](LiveWorld& world) {
    Diagnostics diagnostics;
    Status edited;
    if (is_nil(constraint)) {
      edited = world.remove_constraint(to_utf8(name));
    } else {
      std::optional<consensus::Program> program;
      if (is_cons(constraint)) {
        Datum lci = Datum::list({Datum::symbol("lci"), Datum::symbol("edit"), spelled(constraint)});
        program = consensus::read_lci(lci, diagnostics);
      } else {
        uint32_t source = session_sources().add("<constraint>", to_utf8(constraint));
        program = consensus::read_text(session_sources(), source, diagnostics);
      }
      if (!program) return failed_with(diagnostics, {});
      auto constraints = program->all<consensus::Constraint>();
      if (constraints.size() == 1 && program->declarations.size() == 1)
        edited = world.add_constraint(*constraints[0]);
      else
        edited = fail({.code = Code::WrongEdit,
                       .message = "an edit is one constraint",
                       .expected = "(constraint NAME …), or its text",
                       .found = std::to_string(program->declarations.size()) + " declarations, " +
                                std::to_string(constraints.size()) + " of them constraints",
                       .remedy = "add one constraint at a time; all else of a program stays as it is"});
    }
    if (!edited) diagnostics.add(edited.error());
    return edited ? ECL_T : failed_with(diagnostics, {});
  });
}

/// (begin-film world path every value scale colours): each step from now on, as of WorldFilm; nil: as usual.
cl_object begin_film(cl_object object, cl_object path, cl_object every, cl_object value, cl_object scale,
                     cl_object colours) {
  return of_world(object, [&](LiveWorld& world) {
    FilmOptions options{.picture = to_utf8(path), .value = is_nil(value) ? "" : to_utf8(value)};
    int64_t number = 0;
    if (to_int64(every, number)) options.every = number;
    if (to_int64(scale, number)) options.scale = number;
    if (!is_nil(colours)) options.colours = to_utf8(colours);
    return done(world.begin_film(options));
  });
}

/// (end-film world write): writes the film, or (nil) forgets it.
cl_object end_film(cl_object object, cl_object write) {
  return of_world(object, [&](LiveWorld& world) { return done(world.end_film(!is_nil(write))); });
}

const Primitive kPrimitives[] = {{"MAKE-WORLD", make_world},   {"LOAD-RUN", load_run},     {"SAVE-RUN", save_run},
                                 {"WORLD-FACTS", world_facts}, {"STEP-ONCE", step_once},   {"STEP-REPORT", step_report},
                                 {"LOOK-AT", look_at},         {"GRID-OF", grid_of},       {"ASK-WHY", ask_why},
                                 {"EDIT-WORLD", edit_world},   {"BEGIN-FILM", begin_film}, {"END-FILM", end_film}};

}  // namespace

void define_world_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
