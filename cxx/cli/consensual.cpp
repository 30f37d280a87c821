#include "cli/consensual.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/lisp_front_end.hpp"
#include "cli/world_command.hpp"
#include "consensus/analysis/causality.hpp"
#include "consensus/names.hpp"
#include "consensus/print.hpp"
#include "consensus/read_lci.hpp"
#include "consensus/read_text.hpp"
#include "consensus/words.hpp"

namespace caten {
namespace {

void note_free_names(const consensus::Names& names, Diagnostics& diagnostics) {
  for (const consensus::FreeName& each : names.free)
    diagnostics.add({.message = fmt::format("to be given: {} : {}", each.name.text,
                                            consensus::text_of_type({.name = each.name, .type = each.type})),
                     .severity = Severity::kNote});
}

/// For programs that cannot be edited: all commits with this colouring.
void recolour(consensus::Program& program, std::string_view word) {
  using consensus::Commit;
  Commit::Colour colour = consensus::find_word(consensus::kColours, &consensus::Word<Commit::Colour>::text, word)
                              .value_or(Commit::Colour::kNone);
  for (consensus::Declaration& each : program.declarations)
    if (auto* commit = std::get_if<Commit>(&each)) commit->colour = colour;
}

}  // namespace

bool is_consensual(const SourceMap& sources, uint32_t source) {
  const std::string& name = sources.name(source);
  return name.ends_with(".lmpm") || name.ends_with(".lci") || consensus::is_lci_text(sources.text(source));
}

/// Composites are what Lisp knows; it is started when the first name is asked for.
consensus::ResolveOptions known_composites(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  consensus::ResolveOptions out;
  if (!has_lisp()) return out;
  out.composite = [&](const std::string& name) -> std::string {
    if (!start_lisp(session, settings, diagnostics)) return "";
    std::vector<std::string> found = call_lisp("caten/consensus:composite-named", {name});
    return found.empty() ? "" : found[0];
  };
  out.composite_names = [] {
    std::vector<std::string> lines;
    for (const std::string& text : call_lisp("caten/consensus:composite-names", {}))
      for (size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
        end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
      }
    return lines;
  };
  return out;
}

Surroundings surroundings_of(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  return {.composites = known_composites(session, settings, diagnostics),
          .model = [&](const std::string& name) { return lisp_model(session, settings, name); },
          .runtime = settings.runtime,
          .report = settings.report};
}

std::optional<consensus::Program> read_consensual(Session& session, uint32_t source, const Settings& settings,
                                                  Diagnostics& diagnostics) {
  const SourceMap& sources = session.sources();
  bool text = sources.name(source).ends_with(".lmpm");
  std::optional<consensus::Program> program =
      text ? consensus::read_text(sources, source, diagnostics) : consensus::read_lci(sources, source, diagnostics);
  if (program && !settings.colour.empty()) recolour(*program, settings.colour);
  return program;
}

std::optional<std::string> consensual_text(Session& session, uint32_t source, const Settings& settings,
                                           Diagnostics& diagnostics) {
  const SourceMap& sources = session.sources();
  std::optional<consensus::Program> program = read_consensual(session, source, settings, diagnostics);
  if (!program) return std::nullopt;
  std::optional<consensus::Names> names =
      consensus::resolve(*program, known_composites(session, settings, diagnostics), diagnostics);
  if (!names) return std::nullopt;
  if (settings.verbose) note_free_names(*names, diagnostics);
  consensus::report(consensus::check_causality(*program, {}), diagnostics);
  if (diagnostics.failed()) return std::nullopt;
  bool lci = settings.emit == "ir" || settings.emit == "lci";
  bool plan = settings.emit == "plan";
  bool printed = lci || plan || settings.emit == "text";
  if (!settings.sizes.empty() || !printed) {
    diagnostics.add({.code = Code::OnlyPrinted,
                     .message = "a consensual program is printed or run",
                     .expected = "--emit=lci, --emit=text or --emit=plan, or caten run",
                     .found = settings.emit.empty() ? "no --emit"
                              : printed             ? "-D"
                                                    : "--emit=" + settings.emit,
                     .remedy = fmt::format("the program is in order; run it with caten run {}", sources.name(source))});
    return std::nullopt;
  }
  if (plan) return plan_of(session, *program, *names, settings, diagnostics);
  return lci ? consensus::print_lci(*program) : consensus::print_text(*program);
}

}  // namespace caten
