// Statements of a loop nest, as the lowering writes them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "codegen/loop_nest.hpp"

namespace caten {

using Body = std::vector<Statement>;

/// Each is put at the end of `into`; those with a body return it.
struct Statements {
  static Body& loop_as(Extent kind, Body& into, const Dim& variable, const Dim& extent, bool independent = false) {
    into.push_back({.kind = StatementKind::kLoop,
                    .variable = *variable.as_symbol(),
                    .extent = extent,
                    .independent = independent,
                    .extent_is = kind});
    return into.back().body;
  }
  static Body& loop(Body& into, const Dim& variable, const Dim& extent) {
    return loop_as(Extent::kForm, into, variable, extent);
  }
  static Body& loop_along(Body& into, const Dim& variable, const Dim& extent, bool independent = false) {
    return loop_as(Extent::kAxis, into, variable, extent, independent);
  }
  static Body& loop_over_count(Body& into, const Dim& variable, const Dim& count) {
    return loop_as(Extent::kCount, into, variable, count);
  }
  static Body& loop_over_rest(Body& into, const Dim& variable, const Dim& rest) {
    return loop_as(Extent::kRest, into, variable, rest);
  }
  static void bind(Body& into, const Dim& variable, Dim index, Extent kind = Extent::kForm) {
    into.push_back({.kind = StatementKind::kBind,
                    .variable = *variable.as_symbol(),
                    .index = std::move(index),
                    .extent_is = kind});
  }
  static Statement& when(Body& into, ValueId condition) {
    into.push_back({.kind = StatementKind::kIf, .value = condition});
    return into.back();
  }
};

}  // namespace caten
