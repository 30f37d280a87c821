// Section 3 of docs/consensus.md, sentence by sentence, on small programs.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "golden.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;
using namespace caten::consensus::reference;

namespace {

const std::string kPolicy = " using satisfy(max_constraints_then_score) ";
const std::string kCommitUnderPolicy = "commit V[*]" + kPolicy + "\n";

/// Four cells of eight ids that begin with 0 to 3.
std::string four(const std::string& rest, const std::string& commit = kCommitUnderPolicy) {
  return "param start : Tensor[i64](4)\nvalue V : Token[X, 8] shape Seq(4) clock Lamport init start\nvisible V[i] <- "
         "V[i] optional\n"
         "visible V[i] <- V[i+1]\n" +
         rest + "\n" + commit;
}
std::unique_ptr<World> four_world(const std::string& rest, const std::string& commit = kCommitUnderPolicy,
                                  const std::vector<int64_t>& start = {0, 1, 2, 3}, uint32_t seed = 0) {
  Given given;
  given.parameters["start"] = integers(DType::kI64, {4}, start);
  return world_of(four(rest, commit), std::move(given), seed);
}
std::vector<int64_t> after(const std::string& rest, const std::string& commit = kCommitUnderPolicy,
                           const std::vector<int64_t>& start = {0, 1, 2, 3}, int64_t steps = 1) {
  auto world = four_world(rest, commit, start);
  run_steps(*world, steps);
  return cells_of(*world, "V");
}
const Loss& loss_of(const StepReport& report, size_t rule, int64_t origin) {
  for (const Loss& each : report.losses)
    if (each.id.rule == rule && each.id.origin == origin) return each;
  FAIL("no such loss");
  return report.losses[0];
}

using Ids = std::vector<int64_t>;

}  // namespace

TEST_CASE("3.3: rules see the snapshot of the step before") {
  // Each cell takes its right neighbour's value: all at once, not one after another.
  CHECK(after("rule R: on V[i] emit proposal V[i] := V[i+1]", "commit V[*]" + kPolicy + "isolation snapshot\n") ==
        Ids{1, 2, 3, 3});
}

TEST_CASE("3.3: a required read of a cell that is not committed disables the instance, an optional one passes BOT on") {
  Ids start{0, 8, 2, 8};
  CHECK(after("rule R: on V[i] read {right = V[i+1]} emit proposal V[i] := right + 4", kCommitUnderPolicy, start) ==
        Ids{0, 6, 2, -1});
  CHECK(after("rule R: on V[i] read {right = V[i+1]?} emit proposal V[i] := where(committed(right), right, 7)",
              kCommitUnderPolicy, start) == Ids{7, 2, 7, 7});
  CHECK(four_world("rule R: on V[i] read {right = V[i+1]} emit proposal V[i] := 1", kCommitUnderPolicy, start)
            ->step()
            ->enabled == 2);
}

TEST_CASE("3.3: what is not visible there is BOT and disables nothing") {
  // Beyond the end, and where the condition does not hold.
  CHECK(after("rule R: on V[i] emit proposal V[i] := where(committed(V[i+1]), 5, 6)") == Ids{5, 5, 5, 6});
  Given given;
  auto world = world_of(
      "value V : Token[X, 8] shape Seq(4) clock Lamport init 1\nvisible V[i] <- V[i-1] when 1 < i\n"
      "rule R: on V[i] emit proposal V[i] := where(committed(V[i-1]), 5, 6)\n" +
      kCommitUnderPolicy);
  run_steps(*world, 1);
  CHECK(cells_of(*world, "V") == Ids{6, 6, 5, 5});
}

TEST_CASE("3.3: borders clip, wrap and pad") {
  auto with = [](const std::string& border) {
    Given given;
    given.data["V"] = integers(DType::kU8, {3}, {1, 2, 3});
    auto world = world_of(
        "value V : Token[X, 99] shape Seq(3) clock Lamport\n"
        "visible V[i] <- V[i+d] when (d) in {(1), (-1)} border " +
            border +
            "\nrule R: on V[i] read {neighbors in {(1), (-1)}} emit proposal V[i] := 10 * count(committed(neighbors)) "
            "+ sum(neighbors)\n"
            "commit V[*]" +
            kPolicy + "isolation snapshot\n",
        std::move(given));
    run_steps(*world, 1);
    return cells_of(*world, "V");
  };
  CHECK(with("clip") == Ids{12, 24, 12});
  CHECK(with("wrap") == Ids{25, 24, 23});
  CHECK(with("pad(7)") == Ids{29, 24, 29});
}

TEST_CASE("3.4: keep() and BOT are no proposal") {
  auto world = four_world("rule R: on V[i] emit proposal V[i] := where(i < 2, keep(), 5)");
  StepReport report = one_step(*world);
  CHECK(report.proposed == 2);
  CHECK(cells_of(*world, "V") == Ids{0, 1, 5, 5});
}

TEST_CASE("3.4: values that the kind cannot hold, and scores that are none, are not admissible") {
  auto world = four_world("rule R: on V[i] emit proposal V[i] := 6 + i\nscore where(i = 0, 0.0 / 0.0, 1)");
  StepReport report = one_step(*world);
  CHECK(report.proposed == 4);
  CHECK(report.admissible == 1);
  CHECK(cells_of(*world, "V") == Ids{0, 7, 2, 3});
  CHECK(loss_of(report, 0, 0).reason == Loss::Reason::kUnfit);
  CHECK(loss_of(report, 0, 3).reason == Loss::Reason::kUnfit);
  auto halves = world_of(
      "value V : Scalar[i8] shape Seq(2) clock Lamport init 1\nrule R: on V[i] emit proposal V[i] := i * 0.5\n" +
      kCommitUnderPolicy);
  CHECK(one_step(*halves).admissible == 1);
}

TEST_CASE("3.4: a local name is drawn once") {
  auto world = world_of(
      "value V : Scalar[f32] shape Seq(50) clock Lamport init 9\n"
      "rule R: on V[i] let u = uniform() emit proposal V[i] := u - u\n" +
      kCommitUnderPolicy);
  run_steps(*world, 1);
  CHECK(reals_of(*world, "V") == std::vector<double>(50, 0));
}

TEST_CASE("3.5: a forbidden change of priority p is not broken by anything weaker, and is by a stronger demand") {
  std::string rule = "rule R: on V[i] emit proposal V[i] := 7\n";
  std::string lock = "constraint Lock: forbid change(V[1]) priority 50\n";
  CHECK(after(rule + lock) == Ids{7, 1, 7, 7});
  CHECK(after(rule + lock + "constraint Want: on V[i] require V[i] = 7 priority 49") == Ids{7, 1, 7, 7});
  CHECK(after(rule + lock + "constraint Want: on V[i] require V[i] = 7 priority 51") == Ids{7, 7, 7, 7});
  CHECK(after(rule + lock + "constraint Want: on V[i] require V[i] = 7 priority 50 weight 2") == Ids{7, 7, 7, 7});
  CHECK(after(rule + lock + "constraint Want: on V[i] require V[i] = 7 priority 50") == Ids{7, 7, 7, 7});
}

TEST_CASE("3.5: hard means never, whatever is demanded above it") {
  std::string rule = "rule R: on V[i] emit proposal V[i] := 7\n";
  auto world = four_world(
      rule +
      "constraint Lock: forbid change(V[1]) priority 1 hard\nconstraint Want: on V[i] require V[i] = 7 priority 99");
  StepReport report = one_step(*world);
  CHECK(cells_of(*world, "V") == Ids{7, 1, 7, 7});
  CHECK(report.admissible == 3);
  CHECK(loss_of(report, 0, 1).reason == Loss::Reason::kHard);
  CHECK(loss_of(report, 0, 1).priority == 1);
  CHECK(loss_of(report, 0, 1).constraints == std::vector<size_t>{0});
}

TEST_CASE("3.5: a hard constraint that is broken already is not worsened") {
  CHECK(
      after("rule R: on V[i] emit proposal V[i] := 6\nconstraint Odd: on V[i] require V[i] % 2 = 1 priority 5 hard") ==
      Ids{6, 1, 6, 3});
}

TEST_CASE("3.5: one constraint of priority 50 beats three of priority 20") {
  std::string three;
  for (const char* name : {"A", "B", "C"})
    three += std::string("constraint ") + name + ": on V[i] require V[i] = 7 priority 20\n";
  CHECK(after("rule R: on V[i] emit proposal V[i] := 7\n" + three) == Ids{7, 7, 7, 7});
  CHECK(after("rule R: on V[i] emit proposal V[i] := 7\n" + three +
              "constraint D: on V[i] require V[i] < 7 priority 50") == Ids{0, 1, 2, 3});
}

TEST_CASE("3.5: one constraint of a priority beats any number and weight of those below it") {
  std::string weaker;
  for (int count = 1; count <= 40; ++count) {
    weaker += fmt::format("constraint W{}: on V[i] require V[i] = 7 priority {} weight {}\n", count, count % 5,
                          1 + count * count % 97);
    CAPTURE(weaker);
    CHECK(after("rule R: on V[i] emit proposal V[i] := 7\n" + weaker) == Ids{7, 7, 7, 7});
    CHECK(after("rule R: on V[i] emit proposal V[i] := 7\n" + weaker +
                "constraint Strong: forbid change(V[1..2]) priority 5") == Ids{7, 1, 2, 7});
    CHECK(after("rule R: on V[i] emit proposal V[i] := 7\n" + weaker +
                "constraint Strong: on V[i] require V[i] < 7 priority 5") == Ids{0, 1, 2, 3});
  }
}

TEST_CASE("3.5: the change of a cell that is not committed is no change") {
  CHECK(after("rule R: on V[i] emit proposal V[i] := 7\nconstraint Lock: forbid change(V[*]) priority 5 hard",
              kCommitUnderPolicy, {0, 8, 2, 8}) == Ids{0, 7, 2, 7});
}

TEST_CASE("3.5: constraints are three-valued") {
  // Different cells ignore BOT; a comparison with BOT is open; `or` and `and` are decided by one side.
  std::string rule = "rule R: on V[i] emit proposal V[i] := 2\n";
  auto with = [&](const std::string& constraint) {
    return after(rule + "constraint C: " + constraint + " priority 5 hard", kCommitUnderPolicy, {8, 8, 2, 8});
  };
  CHECK(with("require all_different(V[*])") == Ids{-1, -1, 2, -1});
  CHECK(with("on V[i] require V[i] < V[i+1]") == Ids{2, -1, 2, -1});
  CHECK(with("on V[i] require V[i] = 1 or V[i+1] = 1") == Ids{2, -1, 2, -1});
  CHECK(with("on V[i] forbid V[i] = 2 and V[i+1] = 2") == Ids{2, -1, 2, -1});
}

TEST_CASE("3.5: an automaton is asked whether a state that accepts can still be reached") {
  // Words of 0 and 1 in which no two 1 stand side by side and that end with 0: states 0 (last was 0), 1 (last was 1).
  Given given;
  given.parameters["Spread"] = *automaton_of("Spread", integers(DType::kI64, {2, 3}, {0, 1, 1, 0, -1, 0}));
  given.parameters["start"] = integers(DType::kI64, {4}, {2, 1, 2, 2});
  std::string text =
      "param Spread : Automaton\nparam start : Tensor[i64](4)\nvalue V : Token[Bit, 2] shape Seq(4) clock Lamport init "
      "start\n"
      "rule R: on V[i] emit proposal V[i] := 1\nconstraint C: require V[*] accepts Spread priority 5 hard\n";
  auto world = world_of(text + kCommitUnderPolicy, given);
  StepReport report = one_step(*world);
  CHECK(cells_of(*world, "V") == Ids{-1, 1, -1, -1});
  CHECK(report.admissible == 1);  // cell 1 stays 1: nothing is worsened
  // Forbidden only once every completion is accepted.
  std::string forbid =
      "param Spread : Automaton\nparam start : Tensor[i64](4)\nvalue V : Token[Bit, 2] shape Seq(4) clock Lamport init "
      "start\n"
      "rule R: on V[i] emit proposal V[i] := 0\nconstraint C: forbid V[*] accepts Spread priority 5 hard\n";
  given.parameters["start"] = integers(DType::kI64, {4}, {0, 0, 0, 2});
  auto last = world_of(forbid + kCommitUnderPolicy, given);
  one_step(*last);
  CHECK(cells_of(*last, "V") == Ids{0, 0, 0, -1});
  given.parameters["start"] = integers(DType::kI64, {4}, {0, 2, 0, 2});
  auto open = world_of(forbid + kCommitUnderPolicy, given);
  run_steps(*open, 20);
  Ids found = cells_of(*open, "V");
  CHECK((found == Ids{0, 0, 0, -1} || found == Ids{0, -1, 0, 0}));
}

TEST_CASE("3.5: palettes are taken off the ids before one is drawn, hard ones first, and checked at the commit") {
  Given given;
  given.parameters["start"] = integers(DType::kI64, {4}, {8, 8, 8, 8});
  given.parameters["Low"] = PaletteGiven{{1, 2}};
  given.parameters["Even"] = PaletteGiven{{2, 4}};
  given.parameters["High"] = PaletteGiven{{6, 7}};
  std::string head = "param Low : Palette\nparam Even : Palette\nparam High : Palette\n";
  std::string draw = "rule R: on V[i] emit proposal V[i] := categorical(0)\n";
  std::string low = "constraint Low1: require V[*] in Palette(Low) priority 9 hard\n";
  std::string even = "constraint Even1: require V[*] in Palette(Even) priority 8\n";
  std::string high = "constraint High1: require V[*] in Palette(High) priority 7\n";
  auto run = [&](const std::string& rest) {
    auto world = world_of(head + four(rest), given);
    run_steps(*world, 1);
    return cells_of(*world, "V");
  };
  CHECK(run(draw + low + even) == Ids{2, 2, 2, 2});
  // High would leave nothing: it gives way. But what is not committed breaks nothing, so nothing is better for it.
  CHECK(run(draw + low + even + high) == Ids{-1, -1, -1, -1});
  given.parameters["start"] = integers(DType::kI64, {4}, {0, 0, 0, 0});
  CHECK(run(draw + low + even + high) == Ids{2, 2, 2, 2});
  given.parameters["start"] = integers(DType::kI64, {4}, {8, 8, 8, 8});
  for (int64_t id : run(draw + "constraint Not: forbid V[*] in Palette(Low) priority 9 hard\n"))
    CHECK((id != 1 && id != 2 && id >= 0));
  CHECK(run("rule R: on V[i] emit proposal V[i] := i\n" + low) == Ids{-1, 1, 2, -1});
}

TEST_CASE("3.5: a cell that reads a later time breaks read_future") {
  std::string text =
      "value V : Token[X, 8] shape Grid(3) clock Lamport init 1\nvisible V[t] <- V[t+d] when (d) in {(1), (-1)}\n"
      "rule R: on V[t] read {neighbors in {(1), (-1)}} emit proposal V[t] := 5\n";
  auto world = world_of(text + "constraint Past: forbid read_future(V[t]) priority 9\n" + kCommitUnderPolicy);
  run_steps(*world, 1);
  CHECK(cells_of(*world, "V") == Ids{1, 1, 5});
}

TEST_CASE("3.7: winners never share a constraint of several cells, unless the commit is isolated by snapshot") {
  // Write skew: each of two cells may become 7 alone.
  std::string rest =
      "rule R: on V[i] emit proposal V[i] := 7\nconstraint C: require all_different(V[*]) priority 5 hard";
  auto world = four_world(rest);
  StepReport report = one_step(*world);
  CHECK(report.winners.size() == 1);
  Ids cells = cells_of(*world, "V");
  CHECK(std::count(cells.begin(), cells.end(), 7) == 1);
  CHECK(loss_of(report, 0, report.winners[0].origin == 0 ? 1 : 0).reason == Loss::Reason::kConflict);
  CHECK(after(rest, "commit V[*]" + kPolicy + "isolation snapshot\n") == Ids{7, 7, 7, 7});
}

TEST_CASE("3.7: a proposal of several cells is committed whole or not at all") {
  std::string rest = "rule R: on V[i] emit proposal V[i] := 7\nemit proposal V[i+1] := 6\nscore i\n";
  CHECK(after(rest, "commit V[*]" + kPolicy + "atomic proposal\n") == Ids{7, 6, 7, 6});
  CHECK(after(rest, kCommitUnderPolicy) == Ids{7, 7, 7, 7});
  // Beyond the end one of the two targets is missing: nothing is proposed.
  CHECK(four_world(rest, "commit V[*]" + kPolicy + "atomic proposal\n")->step()->proposed == 3);
}

TEST_CASE("3.8: the budget keeps the best winners, of each group and of the event") {
  std::string rest = "rule R: on V[i] emit proposal V[i] := 7\nscore i\n";
  CHECK(after(rest, "commit V[*]" + kPolicy + "budget 3\n") == Ids{0, 7, 7, 7});
  CHECK(after(rest, "commit V[*]" + kPolicy + "budget 0\n") == Ids{0, 1, 2, 3});
  auto groups = world_of(
      "value V : Token[X, 8] shape Grid(3, 3) clock Lamport init 0\nrule R: on V[y,x] emit proposal V[y,x] := 7\nscore "
      "x\n"
      "commit V[y,*]" +
      kPolicy + "budget y\n");
  run_steps(*groups, 1);
  CHECK(cells_of(*groups, "V") == Ids{0, 0, 0, 0, 0, 7, 0, 7, 7});
  CHECK(after("value Plan : Event shape Set() clock Lamport\nrule S: on Plan emit proposal Plan := "
              "SampleTiles(strategy=\"maskgit-cosine\", epoch=0, steps=1, budget=2)\n" +
                  rest,
              kCommitUnderPolicy, {8, 8, 8, 8}) == Ids{-1, -1, 7, 7});
}

TEST_CASE("3.9: what lost says at which level, to which constraints, and to whom") {
  auto world = four_world(
      "rule A: on V[i] emit proposal V[i] := 7\nrule B: on V[i] emit proposal V[i] := 6\nscore 1\n"
      "constraint C: on V[i] require V[i] < 7 priority 5\nconstraint Lock: forbid change(V[0]) priority 9");
  StepReport report = one_step(*world);
  CHECK(cells_of(*world, "V") == Ids{0, 6, 6, 6});
  CHECK(loss_of(report, 0, 0).reason == Loss::Reason::kKeep);
  CHECK(loss_of(report, 0, 0).priority == 9);
  CHECK(loss_of(report, 0, 0).constraints == std::vector<size_t>{1});
  CHECK(loss_of(report, 0, 1).priority == 5);
  CHECK(loss_of(report, 0, 1).constraints == std::vector<size_t>{0});
  CHECK(report.winners.size() == 3);
}

TEST_CASE("3.10: on_unsat keep, least and fail") {
  std::string rest =
      "rule A: on V[i] emit proposal V[i] := 7\nscore i\nconstraint C: on V[i] require V[i] < 6 priority 5 hard\n";
  auto with = [&](const std::string& answer) {
    return four_world(rest, "commit V[*]" + kPolicy + "on_unsat " + answer + "\n");
  };
  auto keep = with("keep");
  CHECK(one_step(*keep).unsatisfied == 1);
  CHECK(cells_of(*keep, "V") == Ids{0, 1, 2, 3});
  // Hard is never; of what is worse than leaving all as it is, `least` takes the least.
  auto never = with("least");
  CHECK(one_step(*never).unsatisfied == 1);
  CHECK(cells_of(*never, "V") == Ids{0, 1, 2, 3});
  CHECK(after("rule A: on V[i] emit proposal V[i] := 7\nconstraint C: forbid change(V[i]) priority 5\n"
              "constraint D: on V[i] require i = 2 or V[i] < 7 priority 9",
              "commit V[*]" + kPolicy + "on_unsat least\n") == Ids{0, 1, 7, 3});
  auto fails = with("fail");
  std::string before = fails->digest();
  Result<StepReport> failed = fails->step();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::Unsatisfied);
  CHECK(fails->digest() == before);
}

TEST_CASE("3.10: restart begins again with the next seed, at most so often") {
  // Unsatisfied unless the first draw of cell 0 is one of the low ids.
  std::string rest =
      "rule A: on V[i] emit proposal V[i] := categorical(0)\nconstraint C: on V[i] require V[i] < 2 priority 5 hard\n";
  auto world = four_world(rest, "commit V[*]" + kPolicy + "on_unsat restart(100)\n", {7, 7, 7, 7});
  StepReport report = one_step(*world);
  CHECK_FALSE(report.restarted);
  std::string one =
      "value V : Token[X, 1000] shape Seq(1) clock Lamport\nrule A: on V[i] emit proposal V[i] := categorical(0)\n"
      "constraint C: on V[i] require V[i] < 100 priority 5 hard\ncommit V[*]" +
      kPolicy + "on_unsat restart(";
  auto lucky = world_of(one + "200)\n");
  int64_t steps = 0;
  while (!lucky->state().committed(0, 0) && steps < 300) {
    bool again = one_step(*lucky).restarted;
    if (again) CHECK(lucky->state().step == 0);
    ++steps;
  }
  CHECK(lucky->restarts() == steps - 1);
  CHECK(lucky->state().seed == static_cast<uint32_t>(lucky->restarts()));
  CHECK(lucky->restarts() > 0);
  auto unlucky = world_of(one + "1)\n");
  Result<StepReport> last = unlucky->step();
  for (int i = 0; i < 3 && last; ++i) last = unlucky->step();
  CHECK((unlucky->restarts() == 1 || last));
}

TEST_CASE("3.10: backtrack undoes the last commits, and bars what led there") {
  // 0 can only be followed by nothing: cell 1 finds no id, and cell 0 must be drawn again.
  std::string text =
      "value V : Token[X, 4] shape Seq(3) clock Lamport\nvalue Plan : Event shape Set() clock Lamport\n"
      "visible V[i] <- V[i-1] when 0 < i\n"
      "rule R: on V[i] emit proposal V[i] := categorical(where(i = 0, 0, where(V[i-1] + 1 = ids(), 0, -inf)))\nscore "
      "-i\n"
      "commit V[*]" +
      kPolicy +
      "on_unsat backtrack(2)\n"
      "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"maskgit-cosine\", epoch=0, steps=1)\n";
  int64_t undone = 0;
  for (uint32_t seed = 0; seed < 12; ++seed) {
    auto world = world_of(text, {}, seed);
    for (int i = 0; i < 60; ++i) undone += one_step(*world).undone;
    Ids cells = cells_of(*world, "V");
    CHECK(cells[1] == cells[0] + 1);
    CHECK(cells[2] == cells[0] + 2);
  }
  CHECK(undone > 0);
  // A proposal that is the same whatever is drawn comes back once, and is then barred.
  auto barred = world_of(
      "value V : Token[X, 4] shape Seq(2) clock Lamport\nvisible V[i] <- V[i-1] when 0 < i\n"
      "rule R: on V[i] emit proposal V[i] := categorical(where(i = 0 and ids() = 1, 0, -inf))\n"
      "commit V[*]" +
      kPolicy + "on_unsat backtrack(1)\n");
  one_step(*barred);
  CHECK(cells_of(*barred, "V") == Ids{-1, -1});
}

TEST_CASE("3.1: constraints are edited live") {
  std::string sets = "value RuleSet : Rule shape Set() clock Lamport\n";
  auto world = four_world(
      sets +
      "rule R: on V[i] emit proposal V[i] := where(V[i] = 7, 6, 7)\nconstraint Lock: forbid change(V[0]) priority 5");
  run_steps(*world, 1);
  CHECK(cells_of(*world, "V") == Ids{0, 7, 7, 7});
  Constraint all = *world->instance().constraints[0].declaration;
  all.name.text = "All";
  all.scope.subscripts[0].node = All{};
  REQUIRE(world->add_constraint(all));
  REQUIRE(world->remove_constraint("Lock"));
  run_steps(*world, 1);
  CHECK(cells_of(*world, "V") == Ids{0, 7, 7, 7});
  REQUIRE(world->remove_constraint("All"));
  run_steps(*world, 1);
  CHECK(cells_of(*world, "V") == Ids{7, 6, 6, 6});
  Status unknown = world->remove_constraint("Lok");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Code::WrongEdit);
  auto fixed = four_world("rule R: on V[i] emit proposal V[i] := 1");
  CHECK_FALSE(fixed->add_constraint(all));
  // An edit that means nothing here is refused, and leaves all as it is.
  Constraint wrong = all;
  wrong.scope.value.text = "W";
  CHECK_FALSE(world->add_constraint(wrong));
  run_steps(*world, 1);
}

TEST_CASE("3.11: models are called once for all cells, with ids as i32 and BOT as V") {
  std::vector<std::string> calls;
  Given given;
  given.parameters["start"] = integers(DType::kI64, {4}, {0, 8, 2, 3});
  given.parameters["Net"] =
      ModelGiven{[&](const std::vector<Array>& arguments, const ModelGiven::Keywords& keywords) -> Result<Array> {
        std::string text;
        for (const Array& each : arguments) text += describe(each) + " ";
        for (const auto& [name, value] : keywords) text += fmt::format("{}={}", name, value);
        calls.push_back(text);
        CHECK(arguments[0].as<int32_t>()[0] == 8);
        Array out = Array::zeros(DType::kF32, {arguments[0].shape()[0], 8});
        for (int64_t i = 0; i < arguments[0].shape()[0]; ++i)
          for (int64_t id = 0; id < 8; ++id) out.as_mutable<float>()[i * 8 + id] = id == (i + 2) ? 50.0F : -50.0F;
        return out;
      }};
  auto world =
      world_of("param Net : Model\n" +
                   four("rule R: on V[i] read {right = V[i+1]?} emit proposal V[i] := Net(right, i, i * 0.5, k=2)\n"),
               given);
  run_steps(*world, 1);
  CHECK(calls == std::vector<std::string>{"i32[4] i64[4] f32[4] k=2"});
  CHECK(cells_of(*world, "V") == Ids{2, 3, 4, 5});
}

TEST_CASE("3.11: a tensor that is an argument by itself is given once, and as one of other numbers for each cell") {
  std::vector<std::string> calls;
  Given given;
  given.parameters["start"] = integers(DType::kI64, {4}, {0, 1, 2, 3});
  given.parameters["table"] = integers(DType::kI32, {3, 2}, {1, 2, 3, 4, 5, 6});
  given.parameters["Net"] =
      ModelGiven{[&](const std::vector<Array>& arguments, const ModelGiven::Keywords&) -> Result<Array> {
        std::string text;
        for (const Array& each : arguments) text += describe(each) + " ";
        calls.push_back(text);
        return Array::zeros(DType::kI64, {4});
      }};
  auto run = [&](const std::string& call) {
    run_steps(*world_of("param Net : Model\nparam table : Tensor[i32](3, 2)\n" +
                            four("rule R: on V[i] let sum_of = "
                                 "sum(table)\n let table_of = table\n emit proposal V[i] := " +
                                 call + "\n"),
                        given),
              1);
  };
  run("Net(i, table)");
  run("Net(table, table + i)");
  run("Net(sum_of, table_of)");
  CHECK(calls == std::vector<std::string>{"i64[4] i32[3 2] ", "i32[3 2] i64[4 6] ", "i64[4] i64[4 6] "});
}

TEST_CASE("3.11: models that fail or give another shape are errors") {
  Given given;
  given.parameters["start"] = integers(DType::kI64, {4}, {0, 1, 2, 3});
  std::string text = "param Net : Model\n" + four("rule R: on V[i] emit proposal V[i] := Net(i)\n");
  auto error_of = [&](const std::vector<int64_t>& shape) {
    given.parameters["Net"] = ModelGiven{[&](const std::vector<Array>&, const ModelGiven::Keywords&) -> Result<Array> {
      return Array::zeros(DType::kF32, shape);
    }};
    Result<StepReport> report = world_of(text, given)->step();
    return report ? Code{} : report.error().code;
  };
  CHECK(error_of({4}) == Code{});
  CHECK(error_of({4, 8}) == Code{});
  CHECK(error_of({3}) == Code::ModelFailed);
  CHECK(error_of({4, 7}) == Code::ModelFailed);
  CHECK(error_of({4, 8, 1}) == Code::ModelFailed);
}

TEST_CASE("3.12: a clock at its end is an error") {
  auto world = four_world("value Plan : Event shape Set() clock Lamport\nrule R: on V[i] emit proposal V[i] := 1");
  ReplicaSet<Event> plan;
  plan.add({.strategy = "raster"}, 1, INT64_MAX - 2);
  REQUIRE(world->merge(1, plan));
  Result<StepReport> report = world->step();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::ClockOverflow);
}
