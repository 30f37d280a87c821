// How long it takes to read and check IR text, and how that grows with the program: a line of JSON for each size.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "check/elaborate.hpp"
#include "ir/print.hpp"
#include "ir/verify.hpp"
#include "program_text.hpp"
#include "sexp/datum.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point from) {
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  using namespace caten;
  int repeat = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
  size_t before = 0;
  int layers_before = 0;
  for (size_t wanted : {100, 1'000, 10'000, 100'000}) {
    // The number of layers that gives at least the wanted number of nodes.
    int layers = layers_before + 1;
    size_t nodes = 0;
    std::string text;
    for (;; layers = std::max(layers + 1, static_cast<int>(layers * wanted / std::max<size_t>(nodes, 1)))) {
      text = benchmarks::program_text(layers);
      SourceMap sources;
      Diagnostics diagnostics;
      std::optional<Graph> graph = read_program(sources, sources.add("program", text), {}, diagnostics);
      if (!graph) return fmt::print("{}", render(diagnostics.list()[0], sources)), 1;
      nodes = graph->size();
      if (nodes >= wanted) break;
    }
    std::vector<double> read, check, verification, printing;
    for (int k = 0; k < repeat; ++k) {
      SourceMap sources;
      uint32_t source = sources.add("program", text);
      Diagnostics diagnostics;
      Clock::time_point start = Clock::now();
      Result<std::vector<Datum>> forms = read_all(sources, source);
      read.push_back(milliseconds(start));
      start = Clock::now();
      std::optional<Graph> graph = elaborate(*forms, {}, diagnostics);
      check.push_back(milliseconds(start));
      start = Clock::now();
      if (!verify(*graph)) return fmt::print("the graph is malformed\n"), 1;
      verification.push_back(milliseconds(start));
      start = Clock::now();
      if (print(*graph).empty()) return 1;
      printing.push_back(milliseconds(start));
    }
    fmt::print(
        "{{\"nodes\": {}, \"bytes\": {}, \"read_ms\": {:.3f}, \"check_ms\": {:.3f}, \"verify_ms\": {:.3f}, "
        "\"print_ms\": {:.3f}}}\n",
        nodes, text.size(), median(read), median(check), median(verification), median(printing));
    std::fflush(stdout);
    before = nodes;
    layers_before = layers;
  }
  return before > 0 ? 0 : 1;
}
