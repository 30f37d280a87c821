#include "check/elaborate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "check/definition.hpp"
#include "check/elaborator.hpp"

namespace caten {
namespace {

/// The definition that the options ask for.
const Definition* choose(const std::vector<Definition>& all, const ElaborateOptions& options,
                         Diagnostics& diagnostics) {
  std::vector<std::string> programs, composites;
  for (const Definition& d : all) (d.is_program ? programs : composites).push_back(d.name);
  auto find = [&](const std::string& name) -> const Definition* {
    for (const Definition& d : all)
      if (d.name == name) return &d;
    return nullptr;
  };
  std::vector<std::string> names = programs;
  names.insert(names.end(), composites.begin(), composites.end());
  if (!options.entry.empty()) {
    if (const Definition* found = find(options.entry)) return found;
    diagnostics.add({.code = Code::NoProgram,
                     .message = fmt::format("the text holds no program `{}`", options.entry),
                     .expected = fmt::format("one of {}", fmt::join(names, " ")),
                     .found = options.entry,
                     .remedy = did_you_mean(options.entry, names)});
    return nullptr;
  }
  const std::vector<std::string>& candidates = programs.empty() ? composites : programs;
  if (candidates.size() == 1) return find(candidates[0]);
  if (const Definition* main = find("main"); main && main->is_program) return main;
  if (candidates.empty())
    diagnostics.add({.code = Code::NoProgram,
                     .message = "the text holds no program",
                     .expected = "(program main …)",
                     .found = "neither program nor composite",
                     .remedy = "add one"});
  else
    diagnostics.add({.code = Code::NoProgram,
                     .message = "the text holds several programs",
                     .expected = "one, or one named `main`",
                     .found = fmt::format("{}", fmt::join(candidates, " ")),
                     .remedy = "choose one with --entry NAME"});
  return nullptr;
}

}  // namespace

std::optional<Graph> elaborate(const std::vector<Datum>& forms, const ElaborateOptions& options,
                               Diagnostics& diagnostics) {
  std::vector<Definition> definitions = parse_definitions(forms, diagnostics);
  const Definition* entry = nullptr;
  if (!diagnostics.failed() || !definitions.empty()) entry = choose(definitions, options, diagnostics);
  Elaborator elaborator(definitions, options, diagnostics);
  if (!entry) return std::nullopt;
  std::optional<Graph> graph = elaborator.build(*entry);
  if (diagnostics.failed()) return std::nullopt;
  return graph;
}

std::optional<Graph> read_program(const SourceMap& sources, uint32_t source, const ElaborateOptions& options,
                                  Diagnostics& diagnostics) {
  Timed step(options.timings, "read", 0);
  Result<std::vector<Datum>> forms = read_all(sources, source);
  if (!forms) {
    diagnostics.add(std::move(forms.error()));
    return std::nullopt;
  }
  step.next("check");
  return elaborate(*forms, options, diagnostics);
}

}  // namespace caten
