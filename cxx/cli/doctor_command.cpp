#include "cli/doctor_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/lisp_front_end.hpp"
#include "cli/progress.hpp"
#include "cli/settings.hpp"
#include "conformance/conformance.hpp"

namespace caten {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kPrograms = 3;

/// What was found out about one runtime.
struct Examined {
  std::string name{}, state{}, detail{}, remedy{};
  bool chosen = false;
  Diagnostic problem{};  ///< if the state is "broken", or "missing" of the chosen one
};

Examined examine_runtime(const std::string& name, Session& session) {
  conformance::TestOptions options{.runtime = name,
                                   .search = session.options().search,
                                   .programs = kPrograms,
                                   .parts = {.ops = false, .composites = false, .programs = true, .speed = false},
                                   .interrupted = [&session] { return session.interrupted(); }};
  Examined out{.name = name, .state = "works"};
  Result<conformance::Report> report = conformance::test_runtime(options, session.sources());
  if (!report) {
    out.problem = report.error();
    out.state = out.problem.code == Code::RuntimeUnavailable ? "missing" : "broken";
    out.detail = fmt::format("{}: {}: {}", code_name(out.problem.code), out.problem.message, out.problem.found);
    out.remedy = out.problem.remedy;
    return out;
  }
  out.detail = report->facts.device;
  if (report->faults() == 0) return out;
  out.state = "broken";
  out.detail = report->programs[0].finding.message;
  out.remedy = fmt::format("caten test-runtime --runtime {}", name);
  out.problem = {.code = Code::WrongResult,
                 .message = fmt::format("runtime `{}` does not compute what programs mean", name),
                 .expected = "what the reference evaluator computes, within its error bounds",
                 .found = out.detail,
                 .remedy = out.remedy};
  return out;
}

std::vector<Examined> examine_all(Session& session, const std::string& chosen, Diagnostics& diagnostics) {
  std::vector<std::string> names = runtime_names(session.options().search);
  names.insert(names.begin(), "reference");
  if (std::find(names.begin(), names.end(), chosen) == names.end()) names.push_back(chosen);
  Progress progress;
  std::vector<Examined> out;
  for (const std::string& name : names) {
    progress.say("runtime " + name);
    Examined found = examine_runtime(name, session);
    found.chosen = name == chosen;
    if (found.state == "broken" || (found.state == "missing" && found.chosen)) diagnostics.add(found.problem);
    out.push_back(std::move(found));
  }
  return out;
}

struct CacheState {
  std::string folder{};
  size_t artifacts = 0, damaged = 0;
  uint64_t bytes = 0;
};

CacheState cache_state(const ArtifactStore& store) {
  CacheState out{.folder = store.folder()};
  if (out.folder.empty()) return out;
  for (const ArtifactStore::Entry& entry : store.entries()) {
    ++out.artifacts;
    out.damaged += entry.whole ? 0 : 1;
    out.bytes += entry.bytes;
  }
  return out;
}

std::string cache_text(const CacheState& cache) {
  if (cache.folder.empty()) return "switched off";
  std::string out = fmt::format("{} kernels, {:.1f} MiB in {}", cache.artifacts,
                                static_cast<double>(cache.bytes) / (1 << 20), cache.folder);
  return cache.damaged == 0 ? out : out + fmt::format("; {} damaged: caten cache gc", cache.damaged);
}

bool exists(const std::string& path) {
  std::error_code error;
  return !path.empty() && std::filesystem::exists(path, error);
}

std::string text_of(const std::vector<Examined>& runtimes, const CacheState& cache) {
  std::string out = fmt::format("caten {}, {} Lisp\n\nruntimes\n", CATEN_VERSION, has_lisp() ? "with" : "without");
  for (const Examined& one : runtimes) {
    out += fmt::format("  {:<12} {:<8} {}{}\n", one.name, one.state, one.detail, one.chosen ? " (the default)" : "");
    if (!one.remedy.empty()) out += fmt::format("  {:<21} {}\n", "", one.remedy);
  }
  const std::string config = config_path();
  out += fmt::format("\nfiles   {}{}\n", share_folder(), exists(share_folder()) ? "" : ", which is not there");
  out += fmt::format("config  {}{}\n", config, exists(config) ? "" : ", which is not there: all is as --help says");
  return out + fmt::format("cache   {}\n", cache_text(cache));
}

std::string json_of(const std::vector<Examined>& runtimes, const CacheState& cache) {
  Json list = Json::array();
  for (const Examined& one : runtimes)
    list.push_back({{"name", one.name},
                    {"state", one.state},
                    {"default", one.chosen},
                    {"detail", one.detail},
                    {"remedy", one.remedy}});
  const std::string config = config_path();
  Json out{
      {"caten", CATEN_VERSION},
      {"lisp", has_lisp()},
      {"runtimes", std::move(list)},
      {"files", share_folder()},
      {"config", exists(config) ? config : ""},
      {"cache",
       {{"folder", cache.folder}, {"artifacts", cache.artifacts}, {"damaged", cache.damaged}, {"bytes", cache.bytes}}}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string doctor_command(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  const std::string chosen = settings.runtime.empty() ? "cpu" : settings.runtime;
  std::vector<Examined> runtimes = examine_all(session, chosen, diagnostics);
  CacheState cache = cache_state(session.options().store);
  return settings.json ? json_of(runtimes, cache) : text_of(runtimes, cache);
}

}  // namespace caten
