#include "conformance/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "generate/ops.hpp"

namespace caten::conformance {
namespace {

using Json = nlohmann::ordered_json;

std::string cell_name(size_t row, size_t dtype) {
  return fmt::format("{} {}", generated::op_rows()[row], dtype_name(all_dtypes()[dtype]));
}

/// Every fault of the table with its name.
std::vector<std::pair<std::string, Finding*>> faulty_cells(Report& report) {
  std::vector<std::pair<std::string, Finding*>> out;
  for (size_t row = 0; row < report.ops.size(); ++row)
    for (size_t dtype = 0; dtype < report.ops[row].size(); ++dtype)
      if (Finding& cell = report.ops[row][dtype]; is_fault(cell.state)) out.push_back({cell_name(row, dtype), &cell});
  return out;
}

size_t count_faults(const std::vector<NamedFinding>& list) {
  return static_cast<size_t>(
      std::count_if(list.begin(), list.end(), [](const NamedFinding& one) { return is_fault(one.finding.state); }));
}

struct CellCounts {
  size_t cells = 0, pass = 0, unsupported = 0, faults = 0, follow = 0;
};

CellCounts count_cells(const Report& report) {
  CellCounts out;
  for (const std::vector<Finding>& row : report.ops)
    for (const Finding& cell : row) {
      out.cells += cell.state == State::kNone ? 0 : 1;
      out.pass += cell.state == State::kPass ? 1 : 0;
      out.unsupported += cell.state == State::kUnsupported ? 1 : 0;
      out.faults += is_fault(cell.state) ? 1 : 0;
      out.follow += is_fault(cell.state) && !cell.follows.empty() ? 1 : 0;
    }
  return out;
}

size_t count_state(const std::vector<NamedFinding>& list, State state) {
  return static_cast<size_t>(
      std::count_if(list.begin(), list.end(), [&](const NamedFinding& one) { return one.finding.state == state; }));
}

/// "max f32, max f64"; the first few.
std::string list_text(const std::vector<std::string>& names) {
  constexpr size_t kMost = 6;
  std::vector<std::string> shown(names.begin(),
                                 names.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, names.size())));
  return fmt::format("{}{}", fmt::join(shown, ", "), names.size() > kMost ? ", …" : "");
}

std::string cell_text(const Finding& cell) {
  if (cell.state == State::kNone) return "";
  if (!is_fault(cell.state)) return std::string(state_name(cell.state));
  return cell.follows.empty() ? fmt::format("**{}**", state_name(cell.state)) : "follows";
}

std::string facts_text(const Report& report) {
  const DeviceFacts& facts = report.facts;
  std::string out = fmt::format("# Test of the runtime {}\n\n{}.\n\n", facts.runtime,
                                facts.description.empty() ? "A runtime without a description" : facts.description);
  return out + fmt::format("- seed of the programs: {}\n", report.seed);
}

/// What belongs to this machine, and to no other.
std::string machine_text(const DeviceFacts& facts) {
  if (facts.device.empty()) return "";
  std::string out = fmt::format("\n- device: {}\n- compiler: {}\n", facts.device, facts.identity);
  if (facts.memory_bytes > 0)
    out += fmt::format("- memory: {:.1f} GiB\n", static_cast<double>(facts.memory_bytes) / (1 << 30));
  if (facts.compute_units > 0) out += fmt::format("- units that compute: {}\n", facts.compute_units);
  return out + fmt::format("- buffers: {}\n", facts.host_memory ? "memory of the host" : "memory of the device");
}

std::string op_table(const Report& report) {
  std::string out =
      "\n## Ops\n\nEach op on each dtype over scalars, empty and odd shapes, a symbolic size, repeated and strided "
      "operands, and every "
      "pair of edge values, compared with the reference evaluator within its error bounds.\n\n|op|";
  for (DType dtype : all_dtypes()) out += fmt::format("{}|", dtype_name(dtype));
  out += "\n|---|";
  for (size_t i = 0; i < all_dtypes().size(); ++i) out += "---|";
  out += "\n";
  for (size_t row = 0; row < report.ops.size(); ++row) {
    out += fmt::format("|{}|", generated::op_rows()[row]);
    for (const Finding& cell : report.ops[row]) out += cell_text(cell) + "|";
    out += "\n";
  }
  std::string ulps;
  for (size_t row = 0; row < report.ops.size(); ++row) {
    std::string of_row;
    for (size_t dtype = 0; dtype < report.ops[row].size(); ++dtype)
      if (const Finding& cell = report.ops[row][dtype]; cell.state == State::kPass && cell.max_ulp > 0)
        of_row += fmt::format("{}{} {:.2g}", of_row.empty() ? "" : ", ", dtype_name(all_dtypes()[dtype]), cell.max_ulp);
    if (!of_row.empty()) ulps += fmt::format("|{}|{}|\n", generated::op_rows()[row], of_row);
  }
  if (!ulps.empty())
    out +=
        "\nLargest differences from the reference, in units in the last place; all others are equal bit for bit:\n\n"
        "|op|ulp|\n|---|---|\n" +
        ulps;
  return out;
}

std::string fault_text(const std::string& name, const Finding& finding) {
  std::string out = fmt::format("\n### {}: {}\n\n", name, state_name(finding.state));
  if (!finding.message.empty()) out += finding.message + "\n";
  if (!finding.follows.empty())
    out += fmt::format("\nFollows from: {}.\n", list_text(finding.follows));
  else if (!finding.program.empty())
    out += fmt::format("\nThe smallest case:\n\n```\n{}```\n", finding.program);
  return out;
}

std::string faults_text(const std::vector<NamedFinding>& list) {
  std::string out;
  for (const NamedFinding& one : list)
    if (is_fault(one.finding.state)) out += fault_text(one.name, one.finding);
  return out;
}

std::string composites_text(const Report& report) {
  if (report.composites.empty()) return "";
  return fmt::format(
             "\n## Composites\n\nThe examples and tests of {} composites, each kernel compared with the evaluator: {} "
             "right, {} unsupported, {} with a fault.\n",
             report.composites.size(), count_state(report.composites, State::kPass),
             count_state(report.composites, State::kUnsupported), count_faults(report.composites)) +
         faults_text(report.composites);
}

std::string programs_text(const Report& report) {
  if (report.programs_run == 0) return "";
  return fmt::format(
             "\n## Generated programs\n\n{} programs, {} of them unsupported: {} elements right, {} of which nothing "
             "can be said, {} programs with a fault.\n",
             report.programs_run, report.programs_unsupported, report.program_elements, report.program_ill_conditioned,
             count_faults(report.programs)) +
         faults_text(report.programs);
}

std::string speed_text(const Report& report) {
  if (report.speed.empty()) return "";
  std::string out = "\n## Machine and speed\n" + machine_text(report.facts) +
                    "\n|program|ms|GB/s|GFLOP/s|of the roof|\n|---|---|---|---|---|\n";
  for (const SpeedRow& row : report.speed) {
    if (!row.failure.empty()) {
      out += fmt::format("|{}|{}||||\n", row.name, row.failure);
      continue;
    }
    out += fmt::format("|{}|{:.3f}|{:.1f}|{:.1f}|{}|\n", row.name, row.seconds * 1e3, row.bytes / row.seconds * 1e-9,
                       row.flops / row.seconds * 1e-9,
                       row.share_of_roof > 0 ? fmt::format("{:.0f} %", row.share_of_roof * 100) : "");
  }
  return out;
}

Json to_json(const Finding& finding) {
  Json out{{"state", state_name(finding.state)}};
  if (finding.max_ulp > 0) out["max_ulp"] = finding.max_ulp;
  if (!finding.message.empty()) out["message"] = finding.message;
  if (!finding.follows.empty()) out["follows"] = finding.follows;
  if (!finding.program.empty() && is_fault(finding.state)) out["program"] = finding.program;
  return out;
}

Json to_json(const std::vector<NamedFinding>& list) {
  Json out = Json::array();
  for (const NamedFinding& one : list) {
    Json entry{{"name", one.name}};
    entry.update(to_json(one.finding));
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace

std::string_view state_name(State state) {
  switch (state) {
    case State::kNone: return "none";
    case State::kPass: return "pass";
    case State::kUnsupported: return "unsupported";
    case State::kWrong: return "wrong";
    case State::kFailed: return "failed";
    case State::kCrashed: return "crashed";
  }
  return "";
}

size_t Report::faults() const {
  return count_cells(*this).faults + count_faults(groups) + count_faults(composites) + count_faults(programs);
}

void find_consequences(Report& report) {
  std::vector<std::pair<std::string, Finding*>> cells = faulty_cells(report);
  std::stable_sort(cells.begin(), cells.end(),
                   [](const auto& a, const auto& b) { return a.second->needed.size() < b.second->needed.size(); });
  std::set<std::string> wrong;
  auto attribute = [&](Finding& finding, const std::string& own) {
    finding.follows.clear();
    for (const std::string& needed : finding.needed)
      if (needed != own && wrong.contains(needed)) finding.follows.push_back(needed);
  };
  for (auto& [name, cell] : cells) {
    attribute(*cell, name);
    if (cell->follows.empty()) wrong.insert(name);
  }
  for (std::vector<NamedFinding>* list : {&report.composites, &report.programs})
    for (NamedFinding& one : *list)
      if (is_fault(one.finding.state)) attribute(one.finding, "");
}

std::string report_markdown(const Report& report) {
  std::string faults;
  for (size_t row = 0; row < report.ops.size(); ++row)
    for (size_t dtype = 0; dtype < report.ops[row].size(); ++dtype)
      if (is_fault(report.ops[row][dtype].state)) faults += fault_text(cell_name(row, dtype), report.ops[row][dtype]);
  faults += faults_text(report.groups);
  std::string out = facts_text(report);
  if (!report.complete) out += "\nThe test was interrupted: what follows is what was done by then.\n";
  const CellCounts counts = count_cells(report);
  if (counts.cells == 0) return out + composites_text(report) + programs_text(report) + speed_text(report);
  out +=
      fmt::format("\n{} of {} cells of the table pass, {} are unsupported, {} have a fault; {} follow from others.\n",
                  counts.pass, counts.cells, counts.unsupported, counts.faults, counts.follow);
  return out + op_table(report) + faults + composites_text(report) + programs_text(report) + speed_text(report);
}

std::string report_json(const Report& report) {
  Json ops = Json::object();
  for (size_t row = 0; row < report.ops.size(); ++row) {
    Json& of_row = ops[generated::op_rows()[row]];
    for (size_t dtype = 0; dtype < report.ops[row].size(); ++dtype)
      if (report.ops[row][dtype].state != State::kNone)
        of_row[std::string(dtype_name(all_dtypes()[dtype]))] = to_json(report.ops[row][dtype]);
  }
  Json speed = Json::array();
  for (const SpeedRow& row : report.speed) {
    Json entry{{"name", row.name}};
    if (row.failure.empty())
      entry.update({{"seconds", row.seconds},
                    {"gb_per_s", row.bytes / row.seconds * 1e-9},
                    {"gflop_per_s", row.flops / row.seconds * 1e-9},
                    {"share_of_roof", row.share_of_roof}});
    else
      entry["failure"] = row.failure;
    speed.push_back(std::move(entry));
  }
  Json out{{"runtime", report.facts.runtime},
           {"device", report.facts.device},
           {"identity", report.facts.identity},
           {"faults", report.faults()},
           {"complete", report.complete},
           {"seed", report.seed},
           {"ops", std::move(ops)},
           {"groups", to_json(report.groups)},
           {"composites", to_json(report.composites)},
           {"programs",
            {{"run", report.programs_run},
             {"unsupported", report.programs_unsupported},
             {"faults", to_json(report.programs)}}},
           {"speed", std::move(speed)}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string report_summary(const Report& report, const std::string& file) {
  const CellCounts counts = count_cells(report);
  std::string out = fmt::format("runtime {}{}{}\n", report.facts.runtime, report.facts.device.empty() ? "" : " on ",
                                report.facts.device);
  if (counts.cells > 0)
    out += fmt::format("ops: {} pairs of op and dtype, {} right, {} unsupported, {} wrong\n", counts.cells, counts.pass,
                       counts.unsupported, counts.faults);
  Report copy = report;
  for (const auto& [name, cell] : faulty_cells(copy))
    if (cell->follows.empty()) out += fmt::format("  {} {}: {}\n", name, state_name(cell->state), cell->message);
  for (const NamedFinding& group : report.groups) out += fmt::format("  {}: {}\n", group.name, group.finding.message);
  if (counts.follow > 0) out += fmt::format("  {} more follow from these\n", counts.follow);
  auto list = [&](const char* what, const std::vector<NamedFinding>& all, size_t run, size_t unsupported) {
    if (run == 0) return;
    out += fmt::format("{}: {} run, {} unsupported, {} wrong\n", what, run, unsupported, count_faults(all));
    for (const NamedFinding& one : all)
      if (is_fault(one.finding.state))
        out += one.finding.follows.empty()
                   ? fmt::format("  {} {}: {}\n", one.name, state_name(one.finding.state), one.finding.message)
                   : fmt::format("  {}: follows from {}\n", one.name, list_text(one.finding.follows));
  };
  list("composites", report.composites, report.composites.size(), count_state(report.composites, State::kUnsupported));
  list("programs", report.programs, report.programs_run, report.programs_unsupported);
  if (!report.complete) out += "interrupted\n";
  if (!file.empty()) out += fmt::format("the report is in {}\n", file);
  return out;
}

}  // namespace caten::conformance
