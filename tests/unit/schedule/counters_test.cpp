#include "schedule/counters.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "golden.hpp"
#include "programs.hpp"

namespace caten {

TEST_CASE("what a dozen programs cost: launches, bytes moved, arena") {
  DimValues sizes{{"M", 4096}, {"N", 1024}, {"K", 512}, {"T", 16}};
  std::string text;
  for (const programs::Program& program : programs::all()) {
    Result<Counters> counters = count_costs(make_schedule(programs::make(program)), sizes);
    REQUIRE(counters.has_value());
    text += fmt::format("{}: {} launches, {} copies, {} bytes read, {} written, arena {}\n", program.name,
                        counters->launches, counters->copies, counters->bytes_read, counters->bytes_written,
                        counters->arena_bytes);
  }
  check_golden("counters/programs.txt", text);
}

TEST_CASE("a chain and a softmax read their input once, write their result once, and need no arena") {
  for (const programs::Program& program : programs::all()) {
    if (program.name != "chain" && program.name != "softmax") continue;
    Result<Counters> counters =
        count_costs(make_schedule(programs::make(program)), {{"M", 8}, {"N", 64}, {"K", 1}, {"T", 1}});
    REQUIRE(counters.has_value());
    CHECK(counters->launches == 1);
    CHECK(counters->arena_bytes == 0);
    CHECK(counters->bytes_read == (program.name == "chain" ? 2 * 64 * 4 : 8 * 64 * 4));
    CHECK(counters->bytes_written == (program.name == "chain" ? 64 * 4 : 8 * 64 * 4));
  }
}

}  // namespace caten
