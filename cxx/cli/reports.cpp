#include "cli/reports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caten {

std::string timings_report(const Timings& timings, bool json) {
  std::vector<Timings::Step> steps = timings.steps();
  double total = timings.elapsed(), known = 0;
  for (const Timings::Step& step : steps) known += step.seconds;
  steps.push_back({"other", std::max(0.0, total - known), 1});
  if (json) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const Timings::Step& step : steps)
      rows.push_back(
          {{"step", step.name}, {"ms", step.seconds * 1e3}, {"share", step.seconds / total}, {"count", step.count}});
    return nlohmann::ordered_json{{"steps", std::move(rows)}, {"ms", total * 1e3}}.dump() + "\n";
  }
  std::string out = fmt::format("{:<28} {:>10} {:>7} {:>7}\n", "step", "ms", "share", "count");
  for (const Timings::Step& step : steps)
    out += fmt::format("{:<28} {:>10.3f} {:>5.1f} % {:>7}\n", step.name, step.seconds * 1e3, step.seconds / total * 100,
                       step.count);
  return out + fmt::format("{:<28} {:>10.3f} {:>5.1f} %\n", "total", total * 1e3, 100.0);
}

}  // namespace caten
