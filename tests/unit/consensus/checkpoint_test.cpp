// Checkpoints: a world that goes on from one is the world that was never interrupted, bit for bit.
#include "consensus/journal/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "consensus/print.hpp"
#include "consensus/read_lci.hpp"
#include "io/deflate.hpp"
#include "runnable.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;
using reference::Memory;
using reference::World;

namespace {

uint64_t seed_of_tests() {
  const char* text = std::getenv("CATEN_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 1;
}

std::string bytes_of(const World& world) { return encode_checkpoint(world.instance(), world.memory()); }

void restore(World& world, const std::string& bytes) {
  Result<Memory> memory = decode_checkpoint(world.instance(), bytes);
  if (!memory) FAIL(render(memory.error(), {}));
  world.restore(std::move(*memory));
}

/// A step, unless the run ended: is there a next one?
bool goes_on(World& world) {
  Result<reference::StepReport> report = world.step();
  if (!report) REQUIRE((report.error().code == Code::RestartsUsed || report.error().code == Code::Unsatisfied));
  return report.has_value();
}

std::string unpacked(const std::string& bytes) {
  return *unpack_gzip(FileBytes::borrow("test", std::as_bytes(std::span(bytes.data(), bytes.size()))));
}

constexpr const char* kEdited = R"(
value V : Token[X, 5] shape Seq(6) clock Lamport init 1
value Rules : Rule shape Set() clock Lamport
visible V[i] <- V[i]
rule Turn:
  on V[i]
  read {own = V[i]}
  emit proposal V[i] := (own + i + 1) % 5
commit V[*] using satisfy(max_constraints_then_score)
)";

Constraint lock() {
  SourceMap sources;
  Diagnostics diagnostics;
  uint32_t source =
      sources.add("lock", "(lci p (constraint Lock :scope (V 2) :kind forbid :pred (change) :priority 9))");
  std::optional<Program> program = read_lci(sources, source, diagnostics);
  REQUIRE(program.has_value());
  return *program->all<Constraint>()[0];
}

}  // namespace

TEST_CASE("a world goes on from a checkpoint as from the step itself, whatever the program") {
  int64_t backtracked = 0, restarted = 0;
  uint64_t first = seed_of_tests();
  for (uint64_t seed = first; seed < first + 400; ++seed) {
    std::string text = runnable_program(seed);
    CAPTURE(seed);
    CAPTURE(text);
    auto whole = world_of(text, {}, static_cast<uint32_t>(seed)),
         again = world_of(text, {}, static_cast<uint32_t>(seed));
    int64_t before = static_cast<int64_t>(seed % 7);
    bool on = true;
    for (int64_t i = 0; i < before && on; ++i) on = goes_on(*whole);
    std::string bytes = bytes_of(*whole);
    restore(*again, bytes);
    REQUIRE(bytes_of(*again) == bytes);
    REQUIRE(again->digest() == whole->digest());
    backtracked += !whole->memory().history.empty();
    restarted += whole->restarts() > 0;
    for (int i = 0; i < 6 && on; ++i) {
      on = goes_on(*whole);
      REQUIRE(goes_on(*again) == on);
      REQUIRE(again->digest() == whole->digest());
      REQUIRE(cells_digest(again->state()) == cells_digest(whole->state()));
    }
    REQUIRE(bytes_of(*again) == bytes_of(*whole));
  }
  CHECK(backtracked > 0);
  CHECK(restarted > 0);
}

TEST_CASE("edits of constraints are in a checkpoint") {
  auto whole = world_of(kEdited), again = world_of(kEdited);
  one_step(*whole);
  REQUIRE(whole->add_constraint(lock()).has_value());
  one_step(*whole);
  restore(*again, bytes_of(*whole));
  int64_t held = cells_of(*whole, "V")[2];
  for (int i = 0; i < 4; ++i) {
    one_step(*whole);
    one_step(*again);
    CHECK(again->digest() == whole->digest());
    CHECK(cells_of(*again, "V")[2] == held);
  }
  REQUIRE(whole->remove_constraint("Lock").has_value());
  REQUIRE(again->remove_constraint("Lock").has_value());
  one_step(*whole);
  one_step(*again);
  CHECK(bytes_of(*again) == bytes_of(*whole));
}

TEST_CASE("what is no checkpoint of the program is refused") {
  auto world = world_of(kEdited);
  run_steps(*world, 3);
  REQUIRE(world->add_constraint(lock()).has_value());
  std::string whole = unpacked(bytes_of(*world));
  for (size_t size = 0; size < whole.size(); ++size) {
    Result<Memory> cut = decode_checkpoint(world->instance(), pack_gzip(whole.substr(0, size)));
    CAPTURE(size);
    REQUIRE_FALSE(cut.has_value());
    REQUIRE(cut.error().code == Code::DamagedJournal);
  }
  CHECK_FALSE(decode_checkpoint(world->instance(), pack_gzip(whole + "x")).has_value());
  CHECK_FALSE(decode_checkpoint(world->instance(), "no gzip").has_value());
  auto other = world_of(
      "value V : Token[X, 4] shape Seq(6) clock Lamport init 1\nvalue Rules : Rule shape Set() clock Lamport\n");
  CHECK(decode_checkpoint(other->instance(), encode_checkpoint(other->instance(), other->memory())).has_value());
  CHECK_FALSE(decode_checkpoint(other->instance(), bytes_of(*world)).has_value());
}

TEST_CASE("the clocks of a checkpoint are those of the cells, and few entries") {
  std::vector<Clock> clocks(1000);
  for (size_t i = 0; i < clocks.size(); ++i)
    if (i % 3 > 0) clocks[i] = {static_cast<int64_t>(i % 3) + 4, static_cast<int32_t>(i % 2)};
  Clocks of(static_cast<int64_t>(clocks.size()));
  of.set_each(clocks);
  CHECK(of.materialize() == clocks);
  CHECK(of.entries() == 4);
  of.set({0, 1}, {9, 2});
  CHECK(of.at(0) == Clock{9, 2});
  CHECK(of.at(2) == clocks[2]);
}
