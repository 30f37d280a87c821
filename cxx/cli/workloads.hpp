// The workloads of `caten bench`: rows of share/caten/workloads/rows.lisp, whose composites are in the Lisp files
// beside it.
//
// In: that file, read as data, and the operands of the command. Out: the suites and rows to measure, in the order of
// the file. Entry: read_workloads, choose_workloads.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/source.hpp"

namespace caten {

struct Workload {
  std::string id{};    ///< "W6-1024"
  std::string what{};  ///< for people
  std::string path{};  ///< a file of the library of workloads, or what the user named
  std::string composite{};
  std::vector<std::string> sizes{};        ///< as -D takes them: "N=1024", "T=bf16"
  std::optional<double> bytes{}, flops{};  ///< of a call at least; neither: what its kernels count
  std::map<std::string, int64_t> below{};  ///< bounds of integer inputs
  std::vector<std::string> positive{};     ///< beginnings of the names of inputs that hold positive numbers
  std::vector<std::string> wrt{};          ///< the inputs whose cotangents are computed too
};

/// The rows of a source. Paths are relative to `folder`. E0101 for a row of another shape.
Result<std::vector<Workload>> read_workloads(const SourceMap& sources, uint32_t source, const std::string& folder);
/// Those that caten was installed with.
Result<std::vector<Workload>> read_workloads(SourceMap& sources);

struct BenchChoice {
  std::vector<std::string> suites{};  ///< of bench_suites(), each once
  std::vector<Workload> rows{};
};

/// roof, cpu, compile.
const std::vector<std::string>& bench_suites();

/// An operand is a suite, a row's id, the beginning of several up to a hyphen (W6), a composite, or a program: a file,
/// or text that begins with `(`. Without a suite: cpu; without a row: all. E0902 for anything else.
Result<BenchChoice> choose_workloads(const std::vector<std::string>& words, const std::vector<Workload>& all);

}  // namespace caten
