// What Lisp calls in C++: the functions of package caten/primitive. Each file defines its own; define_all_primitives is
// called once, before any Lisp code of ours runs.
//
// A primitive never signals and never throws: it returns its value, or a diagnostic vector that the Lisp side signals.
#pragma once

#include <optional>

#include "ir/graph.hpp"

namespace caten::lisp {

void define_text_primitives();
void define_size_primitives();
void define_type_primitives();
void define_graph_primitives();
void define_array_primitives();
void define_file_primitives();
void define_optimizer_primitives();
void define_prompt_primitives();
void define_ops_primitives();
void define_consensus_primitives();
void define_world_primitives();
void define_derivative_primitives();
void define_training_primitives();

inline void define_all_primitives() {
  define_text_primitives();
  define_size_primitives();
  define_type_primitives();
  define_graph_primitives();
  define_array_primitives();
  define_file_primitives();
  define_optimizer_primitives();
  define_prompt_primitives();
  define_ops_primitives();
  define_consensus_primitives();
  define_world_primitives();
  define_derivative_primitives();
  define_training_primitives();
}

/// E0005 if the source is not UTF-8.
std::optional<Diagnostic> not_text(uint32_t source);

struct KeptGraph {
  Graph graph{};
  std::vector<Array> data{};  ///< of its inputs; empty arrays for inputs without data
};
/// What (keep-graph …) kept last, once.
std::optional<KeptGraph> take_kept_graph();

}  // namespace caten::lisp
