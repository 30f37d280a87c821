#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/utf8.hpp"
#include "lisp/ecl.hpp"
#include "lisp/lisp.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"
#include "lisp/yaml.hpp"

namespace caten::lisp {
namespace {

/// Calls `function` with at most four arguments; an exit that no Lisp guard stopped is stopped here. The Lisp side
/// returns (ok exit-code values diagnostics).
Outcome guarded_call(cl_object function, cl_object arguments, Diagnostics& diagnostics) {
  Outcome outcome;
  cl_env_ptr env = ecl_process_env();
  cl_object volatile result = ECL_NIL;
  bool volatile caught = false;
  ECL_CATCH_ALL_BEGIN(env) { result = cl_apply(2, function, arguments); }
  ECL_CATCH_ALL_IF_CAUGHT { caught = true; }
  ECL_CATCH_ALL_END;
  if (caught || !is_cons(result)) {
    outcome.ok = false;
    diagnostics.add({.code = Code::LispError, .message = "Lisp left the evaluation by an exit that nothing handles"});
    return outcome;
  }
  cl_object fields[4] = {ECL_NIL, ECL_NIL, ECL_NIL, ECL_NIL};
  cl_object rest = result;
  for (cl_object& field : fields) {
    if (!is_cons(rest)) break;
    field = head(rest);
    rest = tail(rest);
  }
  outcome.ok = !is_nil(fields[0]);
  int64_t code = 0;
  if (to_int64(fields[1], code)) outcome.exit_code = static_cast<int>(code & 0xFF);
  for (cl_object value = fields[2]; is_cons(value); value = tail(value)) outcome.values.push_back(to_utf8(head(value)));
  for (cl_object item = fields[3]; is_cons(item); item = tail(item))
    if (is_diagnostic(head(item))) diagnostics.add(to_diagnostic(head(item), session_sources()));
  return outcome;
}

std::string config_directory() {
  if (const char* home = std::getenv("XDG_CONFIG_HOME"); home && *home) return home;
  if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.config";
  return "";
}

bool is_text(uint32_t source, Diagnostics& diagnostics) {
  std::optional<Diagnostic> bad = not_text(source);
  if (bad) diagnostics.add(std::move(*bad));
  return !bad;
}

/// `path`: the file that the source is, as *load-truename* of its forms; "" if it is none.
Outcome evaluate_source(uint32_t source, const std::string& path, Diagnostics& diagnostics,
                        const EvaluateOptions& options) {
  if (!is_text(source, diagnostics)) return {.ok = false};
  std::fflush(stdout);
  SourceMap& sources = session_sources();
  const char* show = options.show == Show::kEach ? "EACH" : options.show == Show::kLast ? "LAST" : "NOTHING";
  std::error_code error;
  std::string absolute = path.empty() ? "" : std::filesystem::absolute(path, error).string();
  cl_object arguments = cl_list(4, to_lisp(sources.text(source)), to_lisp(std::string_view(absolute)),
                                ecl_make_fixnum(source), keyword(show));
  return guarded_call(symbol("EVALUATE-TEXT", "CATEN/EVALUATE"), arguments, diagnostics);
}

}  // namespace

std::optional<Diagnostic> not_text(uint32_t source) {
  size_t bad = find_invalid_utf8(session_sources().text(source));
  if (bad == std::string_view::npos) return std::nullopt;
  auto begin = static_cast<uint32_t>(bad);
  return Diagnostic{.code = Code::NotUtf8,
                    .message = "the text is not valid UTF-8",
                    .span = {source, begin, begin + 1},
                    .expected = "UTF-8",
                    .remedy = "save the file as UTF-8"};
}

Outcome evaluate(uint32_t source, Diagnostics& diagnostics, const EvaluateOptions& options) {
  return evaluate_source(source, "", diagnostics, options);
}

Outcome evaluate_input(uint32_t source, Diagnostics& diagnostics) {
  if (!is_text(source, diagnostics)) return {.ok = false};
  std::fflush(stdout);
  session().resume();  // a Ctrl-C before this input is not about it
  cl_object arguments = cl_list(2, to_lisp(session_sources().text(source)), ecl_make_fixnum(source));
  return guarded_call(symbol("EVALUATE-INPUT", "CATEN/REPL"), arguments, diagnostics);
}

Outcome load(const std::string& path, Diagnostics& diagnostics) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad() || std::filesystem::is_directory(path)) {
    diagnostics.add({.code = Code::CannotRead,
                     .message = fmt::format("cannot read {}", path),
                     .found = std::filesystem::is_directory(path) ? "a directory" : std::strerror(errno),
                     .remedy = "check the path and its permissions"});
    return {.ok = false};
  }
  return evaluate_source(session_sources().add(path, text.str()), path, diagnostics, {});
}

Outcome run_script(const std::string& path, const std::vector<std::string>& arguments, Diagnostics& diagnostics) {
  cl_object list = ECL_NIL;
  for (size_t i = arguments.size(); i-- > 0;) list = ecl_cons(to_lisp(std::string_view(arguments[i])), list);
  cl_set(symbol("*ARGUMENTS*", "CATEN"), list);
  return load(path, diagnostics);
}

Outcome load_init_file(Diagnostics& diagnostics) {
  std::string directory = config_directory();
  if (directory.empty()) return {};
  std::string path = directory + "/caten/init.lisp";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  return load(path, diagnostics);
}

bool is_run_text(uint32_t source) {
  Diagnostics ignored;
  if (!is_text(source, ignored)) return false;
  return !is_nil(cl_funcall(2, symbol("RUN-TEXT-P", "DATEN"), to_lisp(session_sources().text(source))));
}

std::optional<Traced> trace(uint32_t source, const std::map<std::string, DType>& types, Diagnostics& diagnostics,
                            std::string_view entry) {
  if (!is_text(source, diagnostics)) return std::nullopt;
  std::fflush(stdout);
  SourceMap& sources = session_sources();
  bool run = is_run_text(source);
  if (!run && looks_like_yaml(sources.text(source))) {
    Result<std::string> text = yaml_to_lisp(sources, source);
    if (!text) {
      diagnostics.add(text.error());
      return std::nullopt;
    }
    source = sources.add(sources.name(source) + " as Lisp", std::move(*text));
  }
  cl_object chosen = ECL_NIL;
  for (const auto& [name, dtype] : types)
    chosen = ecl_cons(ecl_cons(to_lisp(std::string_view(name)), to_lisp(dtype)), chosen);
  take_kept_graph();
  cl_object arguments = cl_list(4, to_lisp(sources.text(source)), ecl_make_fixnum(source), chosen,
                                to_lisp(run ? std::string_view(sources.name(source)) : entry));
  cl_object function = run ? symbol("TRACE-RUN", "DATEN") : symbol("TRACE-TEXT", "CATEN/PROGRAM");
  Outcome outcome = guarded_call(function, arguments, diagnostics);
  std::optional<KeptGraph> kept = take_kept_graph();
  if (!outcome.ok || !kept) return std::nullopt;
  return Traced{std::move(kept->graph), std::move(kept->data), std::move(outcome.values)};
}

Outcome call(std::string_view name, const std::vector<std::string>& arguments, Diagnostics& diagnostics) {
  cl_object list = ECL_NIL;
  for (size_t i = arguments.size(); i-- > 0;) list = ecl_cons(to_lisp(std::string_view(arguments[i])), list);
  return guarded_call(symbol("CALL-NAMED", "CATEN/EVALUATE"), cl_list(2, to_lisp(name), list), diagnostics);
}

}  // namespace caten::lisp
