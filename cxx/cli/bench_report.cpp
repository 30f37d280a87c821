#include "cli/bench_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "cli/reports.hpp"

namespace caten {
namespace {

using Json = nlohmann::ordered_json;

/// Three digits that count.
std::string number(double value) {
  return value >= 100  ? fmt::format("{:.0f}", value)
         : value >= 10 ? fmt::format("{:.1f}", value)
         : value >= 1  ? fmt::format("{:.2f}", value)
                       : fmt::format("{:.3f}", value);
}

std::string milliseconds(double seconds) { return number(seconds * 1e3); }
std::string range(const Spread& spread) {
  return fmt::format("{} – {}", milliseconds(spread.smallest), milliseconds(spread.largest));
}

std::string size_text(double bytes) {
  if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
  bytes /= 1024;
  return bytes < 1024 ? fmt::format("{:.1f} KiB", bytes) : fmt::format("{:.1f} MiB", bytes / 1024);
}

std::string roof_table(const std::vector<RoofFigure>& figures) {
  std::string out = fmt::format("{:<22} {:<12} {:>7} {:>10} {:>16}\n", "roof", "where", "threads", "data", "at most");
  for (const RoofFigure& figure : figures)
    out += fmt::format("{:<22} {:<12} {:>7} {:>10} {:>16}\n", figure.what, figure.where, figure.threads,
                       figure.bytes ? size_text(static_cast<double>(figure.bytes)) : "-",
                       fmt::format("{} {}", number(figure.per_second * 1e-9), figure.bytes ? "GB/s" : "GFLOP/s"));
  return out;
}

std::string run_table(const std::vector<BenchRow>& rows) {
  std::string out =
      fmt::format("{:<13} {:<52} {:>9} {:>15} {:>9} {:>9} {:>7} {:>8} {:>7} {:>9} {:>10}\n", "cpu", "what", "ms",
                  "from – to", "fresh ms", "cold ms", "GB/s", "GFLOP/s", "of roof", "first ms", "arena");
  for (const BenchRow& row : rows) {
    out += fmt::format("{:<13} {:<52} ", row.workload.id, row.workload.what);
    if (!row.failure.empty()) {
      out += row.failure + "\n";
      continue;
    }
    double seconds = row.run.planned.median;
    auto rate = [&](double amount) { return amount > 0 ? number(amount / seconds * 1e-9) : std::string("-"); };
    out += fmt::format("{:>9} {:>15} {:>9} {:>9} {:>7} {:>8} {:>7} {:>9} {:>10}\n", milliseconds(seconds),
                       range(row.run.planned), milliseconds(row.run.fresh.median), milliseconds(row.run.cold.median),
                       rate(row.bytes()), rate(row.flops()),
                       row.roof.threads ? fmt::format("{:.0f} %", row.share_of_roof() * 100) : "-",
                       milliseconds(row.run.first_call), size_text(static_cast<double>(row.run.arena_bytes)));
  }
  return out;
}

std::string compile_table(const BenchReport& report) {
  std::string out = fmt::format("{:<13} {:<52} {:>7} {:>9} {:>15} {:>6} {:>9} {:>15} {:>6}\n", "compile", "what",
                                "kernels", "anew ms", "from – to", "calls", "kept ms", "from – to", "calls");
  for (const BenchRow& row : report.compile) {
    out += fmt::format("{:<13} {:<52} ", row.workload.id, row.workload.what);
    const CompileMeasurement& made = row.compile;
    out += !row.failure.empty() ? row.failure + "\n"
                                : fmt::format("{:>7} {:>9} {:>15} {:>6} {:>9} {:>15} {:>6}\n", made.kernels,
                                              milliseconds(made.cold.median), range(made.cold), made.cold_calls,
                                              milliseconds(made.warm.median), range(made.warm), made.warm_calls);
  }
  if (report.call)
    out += fmt::format(
        "{:<13} {:<52} {:>7} {:>9} {:>15}\n", "call", "8 elements added, a planned call; µs", "",
        milliseconds(report.call->median * 1e3),
        fmt::format("{} – {}", milliseconds(report.call->smallest * 1e3), milliseconds(report.call->largest * 1e3)));
  return out;
}

Json spread_json(const Spread& spread) {
  return {{"median_ms", spread.median * 1e3},
          {"smallest_ms", spread.smallest * 1e3},
          {"largest_ms", spread.largest * 1e3},
          {"samples", spread.samples}};
}

Json workload_json(const Workload& workload) {
  Json out{{"id", workload.id}, {"what", workload.what}};
  if (!workload.composite.empty()) out["composite"] = workload.composite;
  if (!workload.sizes.empty()) out["sizes"] = workload.sizes;
  if (!workload.below.empty()) out["below"] = workload.below;
  if (!workload.positive.empty()) out["positive"] = workload.positive;
  if (!workload.wrt.empty()) out["wrt"] = workload.wrt;
  return out;
}

Json run_json(const BenchRow& row) {
  Json out = workload_json(row.workload);
  if (!row.failure.empty()) {
    out["error"] = row.failure;
    return out;
  }
  double seconds = row.run.planned.median;
  out["planned"] = spread_json(row.run.planned);
  out["fresh"] = spread_json(row.run.fresh);
  out["cold"] = spread_json(row.run.cold);
  out["first_call_ms"] = row.run.first_call * 1e3;
  out["kernels"] = row.run.kernels;
  out["compiler_calls"] = row.run.compiler_calls;
  out["bytes"] = row.bytes();
  out["flops"] = row.flops();
  out["gb_per_s"] = row.bytes() / seconds * 1e-9;
  out["gflop_per_s"] = row.flops() / seconds * 1e-9;
  if (row.roof.threads) out["share_of_roof"] = row.share_of_roof();
  out["arena_bytes"] = row.run.arena_bytes;
  out["result_bytes"] = row.run.result_bytes;
  return out;
}

Json compile_json(const BenchRow& row) {
  Json out = workload_json(row.workload);
  if (!row.failure.empty()) {
    out["error"] = row.failure;
    return out;
  }
  out["kernels"] = row.compile.kernels;
  out["cold"] = spread_json(row.compile.cold);
  out["cold_compiler_calls"] = row.compile.cold_calls;
  out["warm"] = spread_json(row.compile.warm);
  out["warm_compiler_calls"] = row.compile.warm_calls;
  return out;
}

std::string document(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

double BenchRow::bytes() const {
  bool counted = !workload.bytes && !workload.flops;
  return counted ? run.cost.bytes_read + run.cost.bytes_written : workload.bytes.value_or(0);
}

double BenchRow::flops() const {
  bool counted = !workload.bytes && !workload.flops;
  return counted ? run.cost.flops : workload.flops.value_or(0);
}

double BenchRow::share_of_roof() const {
  return std::max(bytes() / roof.bytes_per_second, flops() / roof.flops_per_second) / run.planned.median;
}

std::string bench_listing(const std::vector<Workload>& rows, bool json) {
  if (json) {
    Json list = Json::array();
    for (const Workload& row : rows) list.push_back(workload_json(row));
    return document({{"suites", bench_suites()}, {"workloads", std::move(list)}});
  }
  std::string out = fmt::format("suites: {}\n", fmt::join(bench_suites(), " "));
  for (const Workload& row : rows) out += fmt::format("{:<13} {:<52} {}\n", row.id, row.what, row.composite);
  return out;
}

std::string bench_text(const BenchReport& report, const std::vector<std::string>& suites) {
  std::string out;
  for (const std::string& suite : suites) {
    if (!out.empty()) out += "\n";
    if (suite == "roof") out += roof_table(report.roof);
    if (suite == "cpu") out += run_table(report.cpu) + roof_text(roof_of(report.roof));
    if (suite == "compile") out += compile_table(report);
  }
  return out;
}

std::string bench_json(const BenchReport& report) {
  Json out{{"caten", CATEN_VERSION}, {"runtime", report.runtime}, {"processor", report.processor}};
  if (!report.roof.empty()) {
    Json list = Json::array();
    for (const RoofFigure& figure : report.roof)
      list.push_back({{"what", figure.what},
                      {"where", figure.where},
                      {"threads", figure.threads},
                      {"bytes", figure.bytes},
                      {"per_second", figure.per_second}});
    out["roof"] = std::move(list);
  }
  for (const auto& [name, rows, row_json] :
       {std::tuple{"cpu", &report.cpu, &run_json}, std::tuple{"compile", &report.compile, &compile_json}}) {
    if (rows->empty()) continue;
    Json list = Json::array();
    for (const BenchRow& row : *rows) list.push_back(row_json(row));
    out[name] = std::move(list);
  }
  if (report.call) out["call"] = spread_json(*report.call);
  return document(out);
}

}  // namespace caten
