#include "driver/tuning.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "codegen/loop_schedule.hpp"
#include "sexp/datum.hpp"

namespace caten {
namespace {

/// The limit of this name; nullptr: there is none.
int64_t* limit_of(ScheduleOptions& options, const std::string& name) {
  if (name == "block-bytes") return &options.limits.block_bytes;
  if (name == "streamed-bytes") return &options.streamed_bytes;
  return nullptr;
}

bool is_pass(const std::string& name) {
  const std::vector<SchedulePass>& passes = schedule_passes();
  return std::any_of(passes.begin(), passes.end(), [&](const SchedulePass& pass) { return pass.name == name; });
}

/// Whether the clause is one; it is added then.
bool add(const Datum& clause, Tuning& tuning) {
  ScheduleOptions options;
  if (clause.is_form("off")) {
    for (size_t i = 1; i < clause.size(); ++i) {
      if (!clause[i].is_symbol() || !is_pass(clause[i].text)) return false;
      tuning.off.insert(clause[i].text);
    }
    return true;
  }
  if (clause.size() < 3) return false;
  if (clause.is_form("limit")) {
    if (clause.size() != 3 || !clause[2].is_integer() || clause[2].is_unsigned || clause[2].integer < 0 ||
        !limit_of(options, clause[1].text))
      return false;
    tuning.limits[clause[1].text] = clause[2].integer;
    return true;
  }
  if (!clause.is_form("kernel") || !clause[1].is_integer() || clause[1].is_unsigned || clause[1].integer < 0 ||
      clause[1].integer > UINT32_MAX)
    return false;
  Result<ScheduleHint> hint = parse_schedule({clause.items.begin() + 2, clause.items.end()});
  if (!hint || hint->implementation) return false;
  tuning.kernels[static_cast<uint32_t>(clause[1].integer)] = std::move(*hint);
  return true;
}

}  // namespace

const std::vector<std::string>& tunable_limits() {
  static const std::vector<std::string> names{"block-bytes", "streamed-bytes"};
  return names;
}

std::string print_tuning(const Tuning& tuning) {
  std::string out = "(tuning";
  if (!tuning.off.empty()) out += fmt::format(" (off {})", fmt::join(tuning.off, " "));
  for (const auto& [name, value] : tuning.limits) out += fmt::format(" (limit {} {})", name, value);
  for (const auto& [kernel, hint] : tuning.kernels) {
    out += fmt::format(" (kernel {}", kernel);
    for (const auto& [clause, text] : clauses_of(hint)) out += " " + text;
    out += ")";
  }
  return out + ")";
}

std::optional<Tuning> parse_tuning(const std::string& text) {
  SourceMap sources;
  Result<Datum> form = read_one(sources, sources.add("tuning", text), {.bytes = size_t{1} << 20, .depth = 8});
  if (!form || !form->is_form("tuning")) return std::nullopt;
  Tuning out;
  for (size_t i = 1; i < form->size(); ++i)
    if (!(*form)[i].is_list() || !add((*form)[i], out)) return std::nullopt;
  return out;
}

ScheduleOptions with_tuning(ScheduleOptions options, const Tuning& tuning) {
  options.off.insert(tuning.off.begin(), tuning.off.end());
  for (const auto& [name, value] : tuning.limits) *limit_of(options, name) = value;
  options.tuned = tuning.kernels;
  return options;
}

std::string tuning_key(const Graph& graph, const ScheduleOptions& options, const Runtime& runtime) {
  const caten_properties& properties = runtime.device->properties();
  return content_key({"tuning", runtime.device->driver().table().name, properties.name, properties.identity,
                      std::to_string(std::thread::hardware_concurrency()),
                      fmt::format("{}", fmt::join(options.off, " ")), graph.name, std::to_string(graph.nodes().size()),
                      fmt::format("{:016x}", graph.program_hash())});
}

std::optional<Tuning> load_tuning(const ArtifactStore& store, const std::string& key) {
  std::optional<std::string> text = store.load(key);
  return text ? parse_tuning(*text) : std::nullopt;
}

std::string save_tuning(const ArtifactStore& store, const std::string& key, const Tuning& tuning,
                        const std::string& description) {
  return store.save(key, print_tuning(tuning), description);
}

}  // namespace caten
