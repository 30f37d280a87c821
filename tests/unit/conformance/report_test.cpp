#include "conformance/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "generate/ops.hpp"

namespace caten::conformance {
namespace {

Finding& cell(Report& report, const std::string& row, DType dtype) {
  const std::vector<std::string>& rows = generated::op_rows();
  return report
      .ops[static_cast<size_t>(std::find(rows.begin(), rows.end(), row) - rows.begin())][static_cast<size_t>(dtype)];
}

Report empty_report() {
  Report out;
  out.ops.assign(generated::op_rows().size(), std::vector<Finding>(all_dtypes().size()));
  return out;
}

}  // namespace

TEST_CASE("faults follow from ops that are wrong by themselves, and from no others") {
  Report report = empty_report();
  cell(report, "reduce max", DType::kF32) = {.state = State::kWrong, .needed = {"max f32", "reduce max f32"}};
  cell(report, "max", DType::kF32) = {.state = State::kWrong, .needed = {"max f32"}};
  cell(report, "add", DType::kF64) = {.state = State::kCrashed, .needed = {"add f64", "expand f64"}};
  cell(report, "add", DType::kF32).state = State::kPass;
  report.programs.push_back({"program 7", {.state = State::kWrong, .needed = {"max f32", "mul f32"}}});
  report.composites.push_back({"softmax", {.state = State::kWrong, .needed = {"mul f32"}}});
  report.composites.push_back({"relu", {.state = State::kPass}});
  find_consequences(report);
  CHECK(cell(report, "max", DType::kF32).follows.empty());
  CHECK(cell(report, "reduce max", DType::kF32).follows == std::vector<std::string>{"max f32"});
  CHECK(cell(report, "add", DType::kF64).follows.empty());
  CHECK(report.programs[0].finding.follows == std::vector<std::string>{"max f32"});
  CHECK(report.composites[0].finding.follows.empty());
  CHECK(report.faults() == 5);
  const std::string text = report_markdown(report);
  CHECK(text.find("1 of 4 cells of the table pass, 0 are unsupported, 3 have a fault; 1 follow from others.") !=
        std::string::npos);
  CHECK(text.find("### softmax: wrong") != std::string::npos);
}

TEST_CASE("each op of the table is in a row, each row has outputs for some dtype, and programs are what they need") {
  std::vector<size_t> outputs(generated::op_rows().size());
  for (DType dtype : all_dtypes())
    for (size_t row = 0; row < outputs.size(); ++row) {
      generated::OpProgram program = generated::op_program(dtype, {row});
      outputs[row] += program.rows.size();
      if (program.rows.empty()) continue;
      std::string name = generated::op_rows()[row] + " " + std::string(dtype_name(dtype));
      if (generated::op_rows()[row] != "index") CHECK(generated::needed_ops(program.graph).contains(name));
    }
  for (size_t row = 0; row < outputs.size(); ++row) CHECK_MESSAGE(outputs[row] > 0, generated::op_rows()[row]);
  for (const OpInfo& op : all_ops())
    CHECK(std::any_of(generated::op_rows().begin(), generated::op_rows().end(),
                      [&](const std::string& row) { return row.substr(0, row.find(' ')) == op.name; }));
}

}  // namespace caten::conformance
