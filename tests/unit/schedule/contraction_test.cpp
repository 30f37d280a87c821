// Which sums of products a library may compute, and how it goes through their memory.
#include "schedule/contraction.hpp"

#include <doctest/doctest.h>

#include "ir/build.hpp"
#include "schedule/library_sum.hpp"

namespace caten {
namespace {

const RoutineLibrary kLibrary{.contraction = set_of(DType::kF32)};

/// A program whose inputs are x and w.
struct Program {
  Graph graph;
  Build b{graph};
  NodeId x, w;
  Program(Shape x_shape, Shape w_shape, DType dtype = DType::kF32) {
    x = graph.add_input("x", {dtype, std::move(x_shape)});
    w = graph.add_input("w", {dtype, std::move(w_shape)});
  }
  /// Σ over k of a[… m k] b[… k n], the axes of both spread over `space`.
  NodeId product(NodeId a, std::vector<int> a_axes, NodeId c, std::vector<int> c_axes, const Shape& space, int k) {
    return b.reduce(Combine::kAdd, b.mul(b.spread(a, space, std::move(a_axes)), b.spread(c, space, std::move(c_axes))),
                    {k});
  }
  bool found(NodeId fold) const { return find_library_sum(graph, fold, kLibrary, {}).has_value(); }

  /// "m n k; a rows columns; b rows columns; c rows columns; extent a b c of each batch axis"
  std::string layout(NodeId fold) const {
    Stops stops = [&](NodeId id) { return graph[id].kind == NodeKind::kInput; };
    Space space = space_of(graph, fold, stops);
    std::optional<ProductReads> reads = product_reads(graph, space, stops);
    if (!reads) return "no product";
    std::vector<ContractionLoop> loops;
    for (const Shape* extents : {&space.outer, &space.reduced})
      for (const Dim& extent : *extents) loops.push_back({reads->variables[loops.size()], extent});
    auto place = [&](const Read& read) { return IndexSpace::linear(read.index, graph.type(read.node).shape); };
    auto found = contraction_layout(graph.dims, loops, space.outer.size(), place(reads->a), place(reads->b),
                                    IndexSpace::linear(reads->result, graph.type(fold).shape));
    if (!found) return "no matrices";
    std::string out = found->m.describe() + " " + found->n.describe() + " " + found->k.describe();
    for (const ContractionLayout::Matrix* matrix : {&found->a, &found->b, &found->c})
      out += "; " + matrix->rows.describe() + " " + matrix->columns.describe();
    for (const ContractionLayout::Batch& axis : found->batch)
      out +=
          "; " + axis.extent.describe() + ": " + axis.a.describe() + " " + axis.b.describe() + " " + axis.c.describe();
    return out + (found->transposed ? "; w first" : "");
  }
};

}  // namespace

TEST_CASE("a product of matrices is a contraction, transposed or not") {
  Program p({64, 32}, {32, 48});
  NodeId plain = p.product(p.x, {0, 1}, p.w, {1, 2}, {64, 32, 48}, 1);
  CHECK(p.found(plain));
  CHECK(p.layout(plain) == "64 48 32; 32 1; 48 1; 48 1");
  Program t({32, 64}, {48, 32});
  NodeId both = t.product(t.b.permute(t.x, {1, 0}), {0, 1}, t.b.permute(t.w, {1, 0}), {1, 2}, {64, 32, 48}, 1);
  CHECK(t.found(both));
  CHECK(t.layout(both) == "64 48 32; 1 64; 1 32; 48 1");
}

TEST_CASE("axes that follow each other in all values are one, others make a batch") {
  Program rows({4, 16, 32}, {32, 48});
  CHECK(rows.layout(rows.product(rows.x, {0, 1, 2}, rows.w, {2, 3}, {4, 16, 32, 48}, 2)) ==
        "64 48 32; 32 1; 48 1; 48 1");
  Program batch({4, 16, 32}, {4, 32, 48});
  CHECK(batch.layout(batch.product(batch.x, {0, 1, 2}, batch.w, {0, 2, 3}, {4, 16, 32, 48}, 2)) ==
        "16 48 32; 32 1; 48 1; 48 1; 4: 512 1536 768");
  // Heads behind positions: attention's scores.
  Program heads({16, 4, 32}, {48, 4, 32});
  NodeId q = heads.b.permute(heads.x, {1, 0, 2}), k = heads.b.permute(heads.w, {1, 2, 0});
  CHECK(heads.layout(heads.product(q, {0, 1, 2}, k, {0, 2, 3}, {4, 16, 32, 48}, 2)) ==
        "16 48 32; 128 1; 1 128; 48 1; 4: 32 32 768");
}

TEST_CASE("the matrix whose columns lie together in the result is the second one") {
  Program p({64, 32}, {32, 48});
  NodeId turned = p.product(p.b.permute(p.x, {1, 0}), {1, 2}, p.b.permute(p.w, {1, 0}), {0, 1}, {48, 32, 64}, 1);
  CHECK(p.layout(turned) == "48 64 32; 1 48; 1 32; 64 1; w first");
}

TEST_CASE("sizes may be known when a program is called") {
  Program p({Dim::symbol("M"), Dim::symbol("K")}, {Dim::symbol("K"), Dim::symbol("N")});
  for (const char* name : {"M", "K", "N"}) p.graph.dims.declare(name);
  NodeId plain = p.product(p.x, {0, 1}, p.w, {1, 2}, {Dim::symbol("M"), Dim::symbol("K"), Dim::symbol("N")}, 1);
  CHECK(p.found(plain));
  CHECK(p.layout(plain) == "M N K; K 1; N 1; N 1");
}

TEST_CASE("what is small, of another dtype, or no product of two matrices is left to loops") {
  Program small({8, 32}, {32, 48});
  CHECK(!small.found(small.product(small.x, {0, 1}, small.w, {1, 2}, {8, 32, 48}, 1)));
  Program wide({64, 32}, {32, 48}, DType::kF64);
  CHECK(!wide.found(wide.product(wide.x, {0, 1}, wide.w, {1, 2}, {64, 32, 48}, 1)));
  Program vector({64, 32}, {32});
  CHECK(!vector.found(vector.product(vector.x, {0, 1}, vector.w, {1}, {64, 32}, 1)));
  Program largest({64, 32}, {32, 48});
  NodeId products = largest.b.mul(largest.b.spread(largest.x, {64, 32, 48}, {0, 1}),
                                  largest.b.spread(largest.w, {64, 32, 48}, {1, 2}));
  CHECK(!largest.found(largest.b.reduce(Combine::kMax, products, {1})));
  Program apart({64, 64}, {32, 48});  // every other column
  NodeId steps = apart.b.slice(apart.x, {{0, 64, 1}, {0, 64, 2}});
  CHECK(!apart.found(apart.product(steps, {0, 1}, apart.w, {1, 2}, {64, 32, 48}, 1)));
}

}  // namespace caten
