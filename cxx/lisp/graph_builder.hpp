// In: lazy tensors of Lisp. Out: the Graph that computes them, with the data that its inputs stand for.
//
// Invariants: every tensor becomes one value, whatever the number of its users; the walk does not recurse, so that deep
// graphs are fine; types are inferred again by the Graph, so that nothing Lisp says is trusted.
#pragma once

#include <unordered_map>
#include <vector>

#include "ir/array.hpp"
#include "ir/graph.hpp"
#include "lisp/ecl.hpp"

namespace caten::lisp {

/// The clauses of a composite's (:schedule …), which the reader has in upper case.
std::vector<Datum> schedule_clauses(cl_object list);

class GraphBuilder {
 public:
  explicit GraphBuilder(Graph& into) : graph(into) {}

  /// Says that a tensor is a value which the graph has already.
  void bind(cl_object tensor, NodeId value) { known_[tensor] = value; }
  /// The value of the tensor, which must stay reachable from Lisp while this object lives.
  Result<NodeId> add(cl_object tensor);

  Graph& graph;
  std::vector<Array> data;  ///< of the inputs that were added, in their order; empty arrays for inputs without data
  std::vector<cl_object> leaves;  ///< those inputs; they stay reachable as the tensors do that were added

 private:
  Result<NodeId> make(cl_object tensor);
  Origin origin_of(cl_object tensor);
  uint32_t byte_offset(uint32_t source, int64_t character);

  std::unordered_map<cl_object, NodeId> known_;
  std::unordered_map<uint32_t, bool> ascii_;
};

}  // namespace caten::lisp
