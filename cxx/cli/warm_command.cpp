#include "cli/warm_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/cache_command.hpp"
#include "cli/lisp_front_end.hpp"
#include "cli/progress.hpp"

namespace caten {
namespace {

using Clock = std::chrono::steady_clock;

/// "12/139 softmax: 104 kernels, about 40 s left"
std::string progress_text(size_t done, size_t total, const std::string& name, size_t kernels, Clock::time_point begin) {
  double spent = std::chrono::duration<double>(Clock::now() - begin).count();
  std::string left = done == 0 ? ""
                               : fmt::format(", about {:.0f} s left",
                                             spent / static_cast<double>(done) * static_cast<double>(total - done));
  return fmt::format("{}/{} {}: {} kernels{}", done, total, name, kernels, left);
}

tl::unexpected<Diagnostic> unknown_composite(const std::string& name, const std::vector<std::string>& known) {
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("the library has no composite `{}`", name),
               .expected = "names of composites of the library, or none for all of them",
               .found = name,
               .remedy = did_you_mean(name, known)});
}

std::vector<std::string> composites() {
  std::vector<std::string> out;
  for (const std::string& line : call_lisp("caten/warm:warm-names", {})) {
    std::istringstream words(line);
    out.insert(out.end(), std::istream_iterator<std::string>(words), {});
  }
  return out;
}

}  // namespace

Result<std::string> warm_cache(Session& session, std::vector<std::string> names, bool json) {
  CATEN_TRY(check_store(session.options().store));
  if (session.reference())
    return fail({.code = Code::BadOptionValue,
                 .message = "runtime `reference` compiles nothing",
                 .expected = "a runtime with kernels",
                 .found = "--runtime reference",
                 .remedy = "choose cpu or c"});
  std::vector<std::string> known = composites();
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end()) return unknown_composite(name, known);
  if (names.empty()) names = known;
  Clock::time_point begin = Clock::now();
  bool library = !session.options().scheduling.off.contains("library");
  std::vector<std::string> without;  // composites that no call of theirs was computed of
  {
    Progress progress;
    for (size_t k = 0; k < names.size(); ++k) {
      progress.say(progress_text(k, names.size(), names[k], session.compiler_calls(), begin));
      std::vector<std::string> counts;
      // Products that are small have kernels where larger ones are a library's.
      session.use_library(false);
      counts = call_lisp("caten/warm:warm", {names[k]});
      session.use_library(library);
      if (library) counts = call_lisp("caten/warm:warm", {names[k]});
      if (session.resume())
        return fail({.code = Code::Interrupted,
                     .message = fmt::format("interrupted at `{}`, {} of {}", names[k], k + 1, names.size()),
                     .remedy = "what was compiled is in the cache; call it again to go on"});
      if (counts.empty() || counts[0] == "0") without.push_back(names[k]);
    }
  }
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (json)
    return nlohmann::ordered_json{{"composites", names.size() - without.size()},
                                  {"kernels", session.compiler_calls()},
                                  {"seconds", seconds},
                                  {"without", without}}
               .dump(2) +
           "\n";
  auto counted = [](size_t count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
  };
  std::string out = fmt::format("compiled {} for {} in {:.1f} s\n", counted(session.compiler_calls(), "kernel"),
                                counted(names.size() - without.size(), "composite"), seconds);
  if (!without.empty()) out += fmt::format("none for {}, which take more than tensors\n", fmt::join(without, " "));
  return out;
}

}  // namespace caten
