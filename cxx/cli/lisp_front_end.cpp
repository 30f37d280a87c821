#include "cli/lisp_front_end.hpp"

#include <cstdio>

#ifdef CATEN_LISP
#include "consensus/words.hpp"
#include "lisp/composite_model.hpp"
#include "lisp/lisp.hpp"
#endif

namespace caten {

#ifdef CATEN_LISP

bool has_lisp() { return true; }

bool start_lisp(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  if (lisp::booted()) return true;
  Timed step(session.options().timings, "start Lisp");
  lisp::boot(session);
  lisp::install_interrupt_handler();
  if (settings.trace_rewrites)
    lisp::trace_optimizers([](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (!settings.no_init && !lisp::load_init_file(diagnostics).ok) return false;
  for (const std::string& plugin : settings.plugins)
    if (!lisp::load(plugin, diagnostics).ok) return false;
  for (const std::string& path : settings.ops)
    if (!lisp::call("caten:load-ops", {path}, diagnostics).ok) return false;
  for (const std::string& name : settings.disabled) lisp::switch_optimizer(name, false);
  return true;
}

std::optional<Graph> trace_lisp(uint32_t source, const std::map<std::string, DType>& types, Diagnostics& diagnostics,
                                std::string_view entry, std::vector<Array>* data) {
  std::optional<lisp::Traced> traced = lisp::trace(source, types, diagnostics, entry);
  if (!traced) return std::nullopt;
  for (const std::string& line : traced->derived)
    diagnostics.add({.message = "derived " + line, .severity = Severity::kNote});
  if (data) *data = std::move(traced->data);
  return std::move(traced->graph);
}

bool is_run_text(uint32_t source) { return lisp::booted() && lisp::is_run_text(source); }

Result<consensus::ModelGiven> lisp_model(Session& session, const Settings& settings, const std::string& name) {
  Diagnostics diagnostics;
  if (start_lisp(session, settings, diagnostics)) return lisp::composite_model(name);
  CATEN_TRY(consensus::first_error(diagnostics));
  return fail({.code = Code::ModelFailed, .message = "Lisp does not start"});
}

Result<Graph> apply_lisp_optimizers(const Graph& graph) {
  return lisp::booted() ? lisp::apply_optimizers(graph) : graph;
}

LispOutcome evaluate_lisp(uint32_t source, Diagnostics& diagnostics, bool each) {
  lisp::Outcome outcome = lisp::evaluate(source, diagnostics, {.show = each ? lisp::Show::kEach : lisp::Show::kLast});
  return {outcome.ok, outcome.exit_code, std::move(outcome.values)};
}

LispOutcome run_daten(Session& session, const Settings& settings, uint32_t source, Diagnostics& diagnostics) {
  const std::vector<std::string>& words = settings.operands;
  const SourceMap& sources = session.sources();
  std::string path = sources.name(source) == words[1] ? words[1] : "";
  std::vector<std::string> arguments{words[0],
                                     path,
                                     std::to_string(source),
                                     std::string(sources.text(source)),
                                     words.size() > 2 ? words[2] : settings.output_file,
                                     settings.format,
                                     settings.weights};
  arguments.insert(arguments.end(), settings.inputs.begin(), settings.inputs.end());
  lisp::Outcome outcome = lisp::call("daten:command", arguments, diagnostics);
  return {outcome.ok, outcome.exit_code, {}};
}

LispOutcome run_lisp_script(const std::string& path, const std::vector<std::string>& arguments,
                            Diagnostics& diagnostics) {
  lisp::Outcome outcome = lisp::run_script(path, arguments, diagnostics);
  return {outcome.ok, outcome.exit_code, std::move(outcome.values)};
}

void set_lisp_dialog(LispDialog dialog) {
  static lisp::Dialog current;
  current = {std::move(dialog.ask), std::move(dialog.tell), std::move(dialog.error_page)};
  lisp::set_dialog(current.ask ? &current : nullptr);
}

LispOutcome evaluate_lisp_input(uint32_t source, Diagnostics& diagnostics) {
  lisp::Outcome outcome = lisp::evaluate_input(source, diagnostics);
  return {outcome.ok, outcome.exit_code, std::move(outcome.values)};
}

std::vector<std::string> call_lisp(const std::string& name, const std::vector<std::string>& arguments) {
  Diagnostics ignored;
  return lisp::call(name, arguments, ignored).values;
}

#else

bool has_lisp() { return false; }

bool start_lisp(Session&, const Settings&, Diagnostics& diagnostics) {
  diagnostics.add({.code = Code::LispError,
                   .message = "this caten was built without Lisp",
                   .expected = "an IR program, (ir 1 …)",
                   .found = "Lisp forms, a plugin or YAML",
                   .remedy = "use a build with the CMake option CATEN_LISP=ON"});
  return false;
}
std::optional<Graph> trace_lisp(uint32_t, const std::map<std::string, DType>&, Diagnostics&, std::string_view,
                                std::vector<Array>*) {
  return std::nullopt;
}
bool is_run_text(uint32_t) { return false; }
Result<consensus::ModelGiven> lisp_model(Session&, const Settings&, const std::string& name) {
  return fail({.code = Code::WrongGiven,
               .message = "there is no composite `" + name + "`",
               .expected = "the name of a composite",
               .found = name,
               .remedy = "this caten was built without Lisp: use built-in functions"});
}
Result<Graph> apply_lisp_optimizers(const Graph& graph) { return graph; }
LispOutcome evaluate_lisp(uint32_t, Diagnostics&, bool) { return {}; }
LispOutcome run_daten(Session&, const Settings&, uint32_t, Diagnostics&) { return {}; }
LispOutcome run_lisp_script(const std::string&, const std::vector<std::string>&, Diagnostics&) { return {}; }
void set_lisp_dialog(LispDialog) {}
LispOutcome evaluate_lisp_input(uint32_t, Diagnostics&) { return {}; }
std::vector<std::string> call_lisp(const std::string&, const std::vector<std::string>&) { return {}; }

#endif

}  // namespace caten
