#include "cli/reports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caten {
namespace {

using Json = nlohmann::ordered_json;

/// One line; what is no UTF-8 is replaced.
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

/// "softmax at p.lisp:3:7"; the first few places of a kernel that comes from many.
std::string source_text(const Profile::Row& row, const SourceMap& sources) {
  constexpr size_t kMost = 3;
  std::vector<std::string> places;
  for (const Origin& origin : row.origins) {
    std::string text = origin.composite_path;
    if (sources.contains(origin.span)) {
      LineColumn at = sources.locate(origin.span.source, origin.span.begin);
      text +=
          fmt::format("{}{}:{}:{}", text.empty() ? "" : " at ", sources.name(origin.span.source), at.line, at.column);
    }
    if (!text.empty() && std::find(places.begin(), places.end(), text) == places.end()) places.push_back(text);
  }
  if (places.size() > kMost) {
    std::string more = fmt::format("{} more", places.size() - kMost);
    places.resize(kMost);
    places.push_back(more);
  }
  return fmt::format("{}", fmt::join(places, ", "));
}

std::string shortened(const std::string& text, size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

/// What the columns of a table of the profile say of a row, from its calls to its share of the roof.
std::string figures_text(const Profile::Row& row, double all_seconds, const std::optional<Roof>& roof) {
  return fmt::format("{:>7} {:>10.3f} {:>5.1f} % {:>8.2f} {:>8.2f} {:>7}", row.calls, row.seconds * 1e3,
                     row.seconds / all_seconds * 100, row.bytes_per_second() * 1e-9, row.flops_per_second() * 1e-9,
                     roof ? fmt::format("{:.0f} %", row.share_of(*roof) * 100) : "-");
}

Json figures_json(const Profile::Row& row, double all_seconds, const std::optional<Roof>& roof) {
  Json out{{"calls", row.calls},
           {"ms", row.seconds * 1e3},
           {"share", row.seconds / all_seconds},
           {"bytes_read", row.cost.bytes_read},
           {"bytes_written", row.cost.bytes_written},
           {"flops", row.cost.flops},
           {"gb_per_s", row.bytes_per_second() * 1e-9},
           {"gflop_per_s", row.flops_per_second() * 1e-9}};
  if (roof) out["share_of_roof"] = row.share_of(*roof);
  return out;
}

std::string profile_json(const std::vector<Profile::Row>& rows, const Profile& profile, const std::optional<Roof>& roof,
                         const SourceMap& sources) {
  Json list = Json::array();
  for (const Profile::Row& row : rows) {
    Json one{{"kernel", row.name}, {"kind", row.kind}, {"composite", row.composite()}};
    one.update(figures_json(row, profile.call_seconds(), roof));
    one["ops"] = row.ops;
    one["source"] = source_text(row, sources);
    list.push_back(std::move(one));
  }
  Json groups = Json::array();
  for (const Profile::Group& group : profile.groups()) {
    Json one{{"kind", group.kind}, {"composite", group.composite}};
    one.update(figures_json(group.sum, profile.call_seconds(), roof));
    groups.push_back(std::move(one));
  }
  Json out{{"kernels", std::move(list)},
           {"kinds", std::move(groups)},
           {"launches", profile.launches()},
           {"ms", profile.seconds() * 1e3},
           {"calls", profile.calls()},
           {"calls_ms", profile.call_seconds() * 1e3},
           {"outside_ms", (profile.call_seconds() - profile.seconds()) * 1e3}};
  if (roof)
    out["roof"] = {{"gb_per_s", roof->bytes_per_second * 1e-9},
                   {"gflop_per_s", roof->flops_per_second * 1e-9},
                   {"threads", roof->threads},
                   {"instructions", roof->instructions}};
  return line_of(out);
}

}  // namespace

std::string roof_text(const Roof& roof) {
  return fmt::format("roof: {:.1f} GB/s of memory, {:.0f} GFLOP/s of f32 multiply-adds ({}); measured just now on {}\n",
                     roof.bytes_per_second * 1e-9, roof.flops_per_second * 1e-9, roof.instructions,
                     roof.threads == 1 ? "1 thread" : fmt::format("{} threads", roof.threads));
}

std::string timings_report(const Timings& timings, bool json) {
  std::vector<Timings::Step> steps = timings.steps();
  double total = timings.elapsed(), known = 0;
  for (const Timings::Step& step : steps) known += step.seconds;
  steps.push_back({"other", std::max(0.0, total - known), 1});
  if (json) {
    Json rows = Json::array();
    for (const Timings::Step& step : steps)
      rows.push_back(
          {{"step", step.name}, {"ms", step.seconds * 1e3}, {"share", step.seconds / total}, {"count", step.count}});
    return line_of({{"steps", std::move(rows)}, {"ms", total * 1e3}});
  }
  std::string out = fmt::format("{:<28} {:>10} {:>7} {:>7}\n", "step", "ms", "share", "count");
  for (const Timings::Step& step : steps)
    out += fmt::format("{:<28} {:>10.3f} {:>5.1f} % {:>7}\n", step.name, step.seconds * 1e3, step.seconds / total * 100,
                       step.count);
  return out + fmt::format("{:<28} {:>10.3f} {:>5.1f} %\n", "total", total * 1e3, 100.0);
}

std::string profile_report(const Profile& profile, const std::optional<Roof>& roof, const SourceMap& sources,
                           bool json) {
  std::vector<Profile::Row> rows = profile.rows();
  if (json) return profile_json(rows, profile, roof, sources);
  const double all = profile.call_seconds();
  const std::string heads =
      fmt::format("{:>7} {:>10} {:>7} {:>8} {:>8} {:>7}", "calls", "ms", "share", "GB/s", "GFLOP/s", "of roof");
  std::string out = fmt::format("{:<20} {}  {}\n", "kernel", heads, "source, or ops");
  for (const Profile::Row& row : rows) {
    std::string source = source_text(row, sources);
    out += fmt::format("{:<20} {}  {}\n", row.name, figures_text(row, all, roof),
                       source.empty() ? shortened(row.ops, 40) : source);
  }
  out += fmt::format("\n{:<28} {:<16} {}\n", "kind", "composite", heads);
  for (const Profile::Group& group : profile.groups())
    out += fmt::format("{:<28} {:<16} {}\n", group.kind, group.composite.empty() ? "-" : group.composite,
                       figures_text(group.sum, all, roof));
  auto line = [&](const char* what, int64_t calls, double seconds) {
    return fmt::format("{:<45} {:>7} {:>10.3f} {:>5.1f} %\n", what, calls, seconds * 1e3, seconds / all * 100);
  };
  out += line("all kernels", profile.launches(), profile.seconds());
  out += line("outside of kernels", profile.calls(), all - profile.seconds());
  out += line("all calls", profile.calls(), all);
  return roof ? out + roof_text(*roof) : out;
}

std::string chrome_trace(const Profile& profile, const SourceMap& sources) {
  const std::vector<Profile::Row>& rows = profile.all_rows();
  Json events = Json::array();
  for (const Profile::Event& event : profile.events()) {
    const Profile::Row& row = rows[event.row];
    events.push_back({{"name", row.name},
                      {"cat", "kernel"},
                      {"ph", "X"},
                      {"ts", event.begin * 1e6},
                      {"dur", event.seconds * 1e6},
                      {"pid", 1},
                      {"tid", event.thread},
                      {"args",
                       {{"bytes_read", event.cost.bytes_read},
                        {"bytes_written", event.cost.bytes_written},
                        {"flops", event.cost.flops},
                        {"ops", row.ops},
                        {"source", source_text(row, sources)}}}});
  }
  return line_of({{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}});
}

}  // namespace caten
