#include "cli/test_runtime_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <sstream>

#include "cli/console.hpp"
#include "cli/lisp_front_end.hpp"
#include "cli/progress.hpp"
#include "conformance/conformance.hpp"

namespace caten {
namespace {

constexpr int64_t kUsualPrograms = 300;

Diagnostic wrong_runtime(const conformance::Report& report, const std::string& file) {
  return {.code = Code::WrongResult,
          .message = fmt::format("runtime `{}` is wrong in {} {}", report.facts.runtime, report.faults(),
                                 report.faults() == 1 ? "case" : "cases"),
          .expected = "what the reference evaluator computes, within its error bounds",
          .found = "other elements, errors or crashes",
          .remedy = file.empty() ? "begin with the smallest cases of the JSON"
                                 : fmt::format("begin with the smallest cases in {}", file)};
}

/// "ops,speed"; E0902 for another word.
Result<conformance::Parts> parse_parts(const std::string& text) {
  conformance::Parts parts{.ops = false, .composites = false, .programs = false, .speed = false};
  const std::vector<std::pair<std::string, bool*>> known = {
      {"ops", &parts.ops}, {"composites", &parts.composites}, {"programs", &parts.programs}, {"speed", &parts.speed}};
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    auto named = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.first == word; });
    if (named == known.end())
      return fail({.code = Code::BadOptionValue,
                   .message = fmt::format("--parts does not take `{}`", word),
                   .expected = "ops, composites, programs and speed, with commas between",
                   .found = text,
                   .remedy = did_you_mean(word, {"ops", "composites", "programs", "speed"})});
    *named->second = true;
  }
  return parts;
}

/// Of -D T=f32, as often as it is given; all without one.
Result<std::vector<DType>> parse_dtypes(const std::vector<std::string>& assignments) {
  std::vector<DType> out;
  for (const std::string& text : assignments) {
    Result<std::pair<std::string, std::string>> both = split_assignment(text, "-D");
    if (!both) return tl::make_unexpected(both.error());
    std::optional<DType> dtype = find_dtype(both->second);
    if (both->first != "T" || !dtype)
      return fail({.code = Code::BadOptionValue,
                   .message = fmt::format("`caten test-runtime` does not take -D{}", text),
                   .expected = "-DT= and a dtype: " + describe(kAnySet),
                   .found = text,
                   .remedy = "for example -DT=f32"});
    out.push_back(*dtype);
  }
  return out.empty() ? all_dtypes() : out;
}

/// The tests that composites carry, without oracles in Python.
conformance::NamedTests composite_tests(Session& session, const Settings& settings) {
  ::setenv("CATEN_PYTHON", "false", 1);
  Diagnostics diagnostics;
  conformance::NamedTests out;
  if (!start_lisp(session, settings, diagnostics)) return out;
  for (const std::string& line : call_lisp("caten/testing:tested-names", {})) {
    std::istringstream words(line);
    out.names.insert(out.names.end(), std::istream_iterator<std::string>(words), {});
  }
  out.run = [names = out.names](size_t i) -> conformance::NamedTest {
    std::vector<std::string> values = call_lisp("caten/testing:try-composite", {names[i]});
    if (values.size() != 3) return {.failure = "its test cannot be run"};
    return {.failure = values[2], .empty = values[0] == "0" && values[1] == "0"};
  };
  return out;
}

}  // namespace

std::optional<std::string> test_runtime_command(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  Result<conformance::Parts> parts = parse_parts(settings.parts);
  Result<std::vector<DType>> dtypes = parse_dtypes(settings.sizes);
  if (!parts || !dtypes) {
    diagnostics.add(parts ? dtypes.error() : parts.error());
    return std::nullopt;
  }
  Progress progress;
  conformance::TestOptions options{.device = session.options().device,
                                   .search = session.options().search,
                                   .programs = static_cast<uint64_t>(settings.programs.value_or(kUsualPrograms)),
                                   .seed = static_cast<uint64_t>(settings.seed),
                                   .parts = *parts,
                                   .dtypes = *dtypes,
                                   .interrupted = [&session] { return session.interrupted(); },
                                   .progress = [&progress](const std::string& text) { progress.say(text); }};
  if (has_lisp()) options.composites = [&settings](Session& own) { return composite_tests(own, settings); };
  if (!settings.runtime.empty()) options.runtime = settings.runtime;
  Result<conformance::Report> report = conformance::test_runtime(options, session.sources());
  if (!report) {
    diagnostics.add(report.error());
    return std::nullopt;
  }
  progress.say("");
  std::string file = settings.json ? "" : settings.output_file.empty() ? "Reports.md" : settings.output_file;
  if (!file.empty())
    if (Status written = write_file(file, conformance::report_markdown(*report)); !written)
      diagnostics.add(written.error());
  if (!report->complete)
    diagnostics.add({.code = Code::Interrupted, .message = "the test was interrupted"});
  else if (report->faults() > 0)
    diagnostics.add(wrong_runtime(*report, file));
  return settings.json ? report_json(*report) : report_summary(*report, file);
}

}  // namespace caten
