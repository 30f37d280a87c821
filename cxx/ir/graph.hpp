// In: checked operands. Out: a Graph, the IR of one program, over the ops of ir/ops.def.
//
// Invariants (checked by ir/verify.hpp): nodes are immutable and hash-consed, so equal values are one node; an
// operand's id is smaller than its user's; every type is what ir/infer.hpp says; loop bodies are nodes of the same
// arena that depend on bound variables, which are de Bruijn levels, so that hash-consing sees through bound names;
// inside its body a loop of level L hides every other binding of level L; sizes are resolved against `dims`.
//
// A value that no bound variable reaches (free_levels = 0) may be computed outside every loop. Passes build a new
// Graph. Iteration is by id, never by hash.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/dim_env.hpp"
#include "ir/hash_index.hpp"
#include "ir/node.hpp"
#include "ir/schedule_hint.hpp"

namespace caten {

/// Where a value comes from: a place in a source text and the composites that were being expanded, outermost first.
struct Origin {
  SourceSpan span{};
  std::string composite_path{};    ///< "softmax/exp", "" at top level
  uint32_t hint = UINT32_MAX;      ///< of Graph::hints, for what a composite with a schedule computes (ir/regions.hpp)
  uint32_t argument = UINT32_MAX;  ///< this argument of that call is meant, not what the composite computes
  bool operator==(const Origin&) const = default;
};

class Graph {
 public:
  struct Input {
    std::string name;
    NodeId node;
    bool donated = false;  ///< its memory may be reused for an output
  };
  struct State {
    std::string name;
    NodeId node;    ///< the value before the call
    NodeId next{};  ///< the value after the call; invalid: unchanged
  };
  struct Output {
    std::string name;
    NodeId value;
  };

  std::string name = "main";
  DimEnv dims;
  std::vector<Input> inputs;
  std::vector<State> states;
  std::vector<Output> outputs;
  std::vector<Origin> origins;
  std::vector<ScheduleHint> hints;  ///< of the calls whose regions were opened

  const Node& operator[](NodeId id) const { return nodes_[id.value]; }
  const ValueType& type(NodeId id) const { return nodes_[id.value].type; }
  /// Of several nodes, where they are: until a node is added.
  std::vector<const ValueType*> types(const std::vector<NodeId>& ids) const;
  size_t size() const { return nodes_.size(); }
  const std::vector<Node>& nodes() const { return nodes_; }

  /// Adds a complete node, or returns the equal one that is there (which keeps both origins). Computes free_levels.
  NodeId add(Node&& node);
  /// The node that is equal to this one, or an invalid id.
  NodeId find(const Node& node) const;
  /// What `free_levels` of a node with these operands is.
  uint64_t free_levels_of(const Node& node) const;

  // Leaves. Names are unique over inputs and states.
  NodeId add_input(const std::string& input_name, ValueType type, bool donated = false);
  NodeId add_state(const std::string& state_name, ValueType type);
  NodeId add_bound(int level, uint32_t index, ValueType type);

  /// An op on nodes of this graph, typed by infer_type (ir/infer.hpp), which may equate sizes in `dims`. `target` is
  /// the dtype and/or shape of const, index, reshape, expand, cast and bitcast. Errors carry no span: the caller knows
  /// it.
  Result<NodeId> make(Op op, std::vector<NodeId> operands, Attributes attributes = {}, const ValueType& target = {});
  /// Result `index` of a loop.
  Result<NodeId> make_result(NodeId loop, uint32_t index);
  NodeId make_region(RegionAttributes attributes, NodeId body, std::vector<NodeId> arguments);

  /// Types of all results of a loop: carries, collects, count.
  std::vector<ValueType> loop_result_types(NodeId loop) const;

  /// The origin that nodes added from now on carry.
  void set_origin(Origin origin);
  void clear_origin() { current_origin_ = UINT32_MAX; }
  void set_name(NodeId id, std::string value_name);
  void add_origin(NodeId id, uint32_t origin);
  void add_origins(NodeId id, std::vector<uint32_t> added);
  /// Room for as many nodes.
  void reserve(size_t nodes);

  /// Nodes that outputs and state updates need (loop bodies included), ascending by id; inputs and states always.
  std::vector<NodeId> reachable() const;
  /// The values that the program produces: outputs, then next values of states.
  std::vector<NodeId> roots() const;

  /// Whether both are one program: the same values in the same order, and equal names and sizes of what goes in and
  /// out. What values are called and where they come from does not count.
  bool same_program(const Graph& other) const;
  size_t program_hash() const;  ///< equal for the same programs

 private:
  friend class GraphCopier;  // moves nodes

  static size_t hash(const Node& node);
  static bool equal(const Node& a, const Node& b);
  void note_origin(Node& node, uint32_t origin);

  std::vector<Node> nodes_;
  HashIndex index_;  ///< of nodes_, by hash
  uint32_t current_origin_ = UINT32_MAX;
};

/// Copies values of one graph into another, node by node and bottom-up. A pass overrides `visit`.
class GraphCopier {
 public:
  GraphCopier(const Graph& from, Graph& to) : from_(from), to_(to) {}
  /// Nothing needs `from` afterwards: its nodes and sizes are moved. What was moved keeps its kind, op and dtype.
  GraphCopier(Graph&& from, Graph& to) : from_(from), to_(to), given_(&from) {}
  virtual ~GraphCopier() = default;

  /// The copy of `id` (memoised). Recursion is avoided: deep graphs are fine.
  NodeId copy(NodeId id);
  /// Says beforehand what an old node becomes.
  void map(NodeId old_id, NodeId new_id) {
    if (old_id.value >= memo_.size()) memo_.resize(std::max<size_t>(from_.size(), old_id.value + 1));
    memo_[old_id.value] = new_id;
  }
  bool mapped(NodeId old_id) const { return old_id.value < memo_.size() && memo_[old_id.value].valid(); }
  /// Copies name, dims, inputs, states, outputs and updates, and all they need.
  void copy_program();

 protected:
  /// `node` has the operands that it is to have in the new graph; its name and origins are given to what it becomes.
  /// The default copies it.
  virtual NodeId visit(NodeId old_id, Node&& node);
  /// Adds the node, sizes resolved.
  NodeId copy_node(Node&& node);

  const Graph& from_;
  Graph& to_;

 private:
  Graph* given_ = nullptr;       ///< `from_`, if its nodes may be moved
  std::vector<NodeId> memo_;     ///< the copy of each node, by its id; invalid: not copied yet
  std::vector<NodeId> pending_;  ///< of `copy`
};

/// The program with every size replaced by what `dims` solved for it, without values that nothing needs.
Graph resolve_dims(const Graph& graph);
Graph resolve_dims(Graph&& graph);         ///< the graph itself, where that changes nothing
Graph with_sizes_resolved(Graph&& graph);  ///< the same, but values that nothing needs may stay

}  // namespace caten
