// IR texts that are accepted: what graph they give, and that printing and reading are inverse, byte for byte.
#include "check/elaborate.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "../../../benchmarks/program_text.hpp"
#include "golden.hpp"
#include "ir/print.hpp"
#include "ir/verify.hpp"

using namespace caten;

namespace {

struct Outcome {
  std::optional<Graph> graph;
  std::string messages;
};

Outcome run(std::string text, ElaborateOptions options = {}) {
  SourceMap sources;
  uint32_t source = sources.add("test.ir", std::move(text));
  Diagnostics diagnostics;
  Outcome outcome;
  outcome.graph = read_program(sources, source, options, diagnostics);
  for (const Diagnostic& d : diagnostics.list()) outcome.messages += render(d, sources);
  return outcome;
}

/// The printed program; a second reading and printing must give the same bytes.
std::string stable_print(const std::string& text) {
  Outcome first = run(text);
  REQUIRE_MESSAGE(first.graph, first.messages);
  if (Status status = verify(*first.graph); !status) FAIL_CHECK(render(status.error(), SourceMap()));
  std::string printed = print(*first.graph);
  Outcome second = run(printed);
  REQUIRE_MESSAGE(second.graph, printed << second.messages);
  CHECK(print(*second.graph) == printed);
  return printed;
}

constexpr const char* kAxpy = R"((ir 1
 (composite axpy
  (:dim (M 0 *) (N 0 *)) (:type (T f16 bf16 f32 f64))
  (:in (a (T)) (X (T M N)) (Y (T M N)))
  (:let (s (expand (reshape a 1 1) M N)) (p (mul s X)) (z (add p Y)))
  (:out (Z z)))
 (program main (:call axpy (T f64)))))";

}  // namespace

TEST_CASE("a composite with chosen types becomes the program") {
  std::string printed = stable_print(kAxpy);
  CHECK(printed == R"((ir 1
 (program main
  (:dim (M 0 *) (N 0 *))
  (:in (a (f64)) (X (f64 M N)) (Y (f64 M N)))
  (:let (v0 (reshape a 1 1)) (s (expand v0 M N)) (p (mul s X)) (z (add p Y)))
  (:out (Z z))))
)");
}

TEST_CASE("sizes that must be equal are solved and reported") {
  Outcome outcome = run(R"((ir 1 (program main (:dim (M 0 *) (N 0 *) (K 0 *)) (:in (A (f32 M N)) (B (f32 M N)))
    (:where (= K (* 2 M))) (:let (z1 (add A B))) (:out (C z1 (f32 M K))))))");
  REQUIRE(outcome.graph);
  CHECK(outcome.messages.find("derived N = K = 2M") != std::string::npos);
  CHECK(describe(outcome.graph->type(outcome.graph->outputs[0].value)) == "f32[M 2M]");
}

TEST_CASE("equal values are one node, also in loops with different names") {
  Outcome outcome = run(R"((ir 1 (program main (:in (x (f32 3)))
    (:let (a (add x x)) (b (add x x))
          (p (loop 4 ((c a)) (i) (next (mul c x)))) (q (loop 4 ((d b)) (j) (next (mul d x)))))
    (:out (P (result 0 p)) (Q (result 0 q))))))");
  REQUIRE_MESSAGE(outcome.graph, outcome.messages);
  CHECK(outcome.graph->outputs[0].value == outcome.graph->outputs[1].value);
}

TEST_CASE("printing and reading are inverse") {
  const char* programs[] = {
      R"((ir 1 (program every-op (:dim (N 1 64)) (:in (x (f32 N 4)) (k (i64 3)) (b (bool N 4)) (z (c64 2)))
        (:let (y (if b (exp2 x) (log2 (sqrt (sin x))))) (m (max (div x y) (mod y (const 2.5 f32 N 4))))
              (l (lt x y)) (e (eq x m)) (an (and l e)) (xo (xor an b)) (cc (cast xo u8)) (bb (bitcast z f32))
              (t (take x 1 k)) (t2 (take x ((index 0 N 3) (index 1 N 3)))) (p (put x 1 k t add))
              (p2 (put x ((index 0 N 3) (index 1 N 3)) t2 set 0)) (s (slice p (0 N 1) (3 -1 -2))) (c (copy s))
              (r (reduce max p2 0)) (pe (permute c 1 0)) (ex (expand (reshape r 1 4) N 4)) (q (mul ex (add x m))))
        (:out (a q) (b cc) (c bb) (d pe)))))",
      R"((ir 1 (program loops (:dim (N 1 *)) (:in (x (f32 N)) (n (i64)))
        (:let (outer (loop (upto n 10) ((s x)) (i)
                 (inner (loop 3 ((t s)) (j) (u (add t x)) (w (mul u s)) (next w) :collect u w))
                 (r (result 0 inner)) (st (reduce add (result 1 inner) 0))
                 (next (add r st)) :until (lt (const 100 i64) i) :collect r)))
        (:out (a (result 0 outer)) (b (result 1 outer)) (c (result 2 outer))))))",
      R"((ir 1 (program state (:in (g (f32 4) :donate)) (:state (W (f32 4)) (unused (i8)))
        (:let (step (mul g (const -0.1 f32 4))) (w2 (add W step))) (:out (delta step)) (:next (W w2)))))",
      R"((ir 1 (program literals (:let (a (const nan f32)) (b (const -inf f64)) (c (const 0.1 f32)) (d (const 0.1 f64)) (e (const 1e-45 f32))
        (f (const (c 1.5 -0.0) c64)) (g (const 18446744073709551615 u64)) (h (const true bool)) (i (const #x1.8p3 bf16)) (j (const 5 f16)))
        (:out (a a) (b b) (c c) (d d) (e e) (f f) (g g) (h h) (i i) (j j)))))",
      R"((ir 1 (composite twice (:dim (A 0 *)) (:type (T f32 i32)) (:in (v (T A))) (:out (o (add v v)) (sq (mul v v))))
        (program main (:in (x (f32 5))) (:let (t (call twice x)) (u (call twice (result 1 t)))) (:out (y (result 0 u))))))",
      R"((ir 1 (program v0 (:in (v0 (f32 2))) (:let (v2 (add v0 v0)) (v1 (mul (add v2 v0) v2))) (:out (next v1)))))",
  };
  for (const char* program : programs) stable_print(program);
}

TEST_CASE("a composite's call is a region over its inlined body") {
  std::string printed =
      stable_print(R"((ir 1 (composite relu (:dim (A 0 *)) (:in (v (f32 A))) (:out (o (max v (const 0.0 f32 A)))))
    (program main (:in (x (f32 5))) (:out (y (call relu x))))))");
  CHECK(printed.find("(region relu (x) ()") != std::string::npos);
}

TEST_CASE("two readings print identical text") { CHECK(stable_print(kAxpy) == stable_print(kAxpy)); }

TEST_CASE("a hundred errors are enough") {
  std::string text = "(ir 1 (program p (:in (a (f32))) (:let";
  for (int k = 0; k < 200; ++k) text += fmt::format(" (v{} (sin missing{}))", k, k);
  Outcome outcome = run(text + ") (:out (o a))))");
  CHECK(!outcome.graph);
  CHECK(outcome.messages.find("`missing98` is not defined") != std::string::npos);
  CHECK(outcome.messages.find("`missing101` is not defined") == std::string::npos);
  CHECK(outcome.messages.find("too many errors; the rest of the program is not checked") != std::string::npos);
}

TEST_CASE("a long program reads, and prints what reads to the same") {
  std::string printed = stable_print(benchmarks::program_text(30));
  CHECK(run(printed).graph->size() > 300);
}
