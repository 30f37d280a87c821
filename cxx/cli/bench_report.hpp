// What `caten bench` found, and its tables and JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/workloads.hpp"
#include "driver/measurement.hpp"
#include "driver/roof.hpp"

namespace caten {

struct BenchRow {
  Workload workload{};
  std::string failure{};  ///< why nothing was measured
  RunMeasurement run{};   ///< of suite cpu
  CompileMeasurement compile{};
  bool bf16 = false;  ///< what it computes
  Roof roof{};        ///< for the arithmetic of its dtype; no roof where it says nothing about the device

  double bytes() const;
  double flops() const;
  /// What part of its time the roof would take for the same work; above 1 where caches serve memory's part.
  double share_of_roof() const;
};

struct BenchReport {
  std::string runtime{}, processor{};
  std::vector<RoofFigure> roof{};
  std::vector<BenchRow> cpu{}, compile{};
  std::optional<Spread> call{};  ///< of the addition of 8 elements
};

std::string bench_listing(const std::vector<Workload>& rows, bool json);
/// A table for each of these suites.
std::string bench_text(const BenchReport& report, const std::vector<std::string>& suites);
std::string bench_json(const BenchReport& report);

}  // namespace caten
