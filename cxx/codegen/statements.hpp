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
  static Body& loop(Body& into, const Dim& variable, const Dim& extent, bool independent = false) {
    into.push_back({.kind = StatementKind::kLoop,
                    .variable = *variable.as_symbol(),
                    .extent = extent,
                    .independent = independent});
    return into.back().body;
  }
  static void bind(Body& into, const Dim& variable, Dim index) {
    into.push_back({.kind = StatementKind::kBind, .variable = *variable.as_symbol(), .index = std::move(index)});
  }
  static Statement& when(Body& into, ValueId condition) {
    into.push_back({.kind = StatementKind::kIf, .value = condition});
    return into.back();
  }
};

}  // namespace caten
