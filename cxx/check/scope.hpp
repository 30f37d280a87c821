// Names visible while a form is elaborated: values, sizes, dtypes, and loops that are open.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

/// What a name stands for: one value, the results of a composite, a loop, or poison (an error was reported already).
struct Binding {
  enum class Kind : uint8_t { kValue, kResults, kLoop, kPoison };
  Kind kind = Kind::kPoison;
  std::vector<NodeId> nodes{};

  static Binding value(NodeId id) { return {Kind::kValue, {id}}; }
  static Binding loop(NodeId id) { return {Kind::kLoop, {id}}; }
  static Binding results(std::vector<NodeId> ids) { return {Kind::kResults, std::move(ids)}; }
  bool poisoned() const { return kind == Kind::kPoison; }
};

class Scope {
 public:
  /// False if the name is taken in the innermost frame.
  bool define(const std::string& name, Binding binding);
  const Binding* find(const std::string& name) const;
  std::vector<std::string> names() const;

  /// A loop body: its names end with it.
  void open_frame() { frames_.emplace_back(); }
  void close_frame() { frames_.pop_back(); }
  int loop_depth() const { return outer_loops + static_cast<int>(frames_.size()) - 1; }

  std::map<std::string, Dim> sizes;     ///< size names of this composite → sizes of the program
  std::map<std::string, DType> dtypes;  ///< type variables
  std::string composite_path;           ///< for origins
  int outer_loops = 0;                  ///< loops that are open around the call being expanded

 private:
  std::vector<std::map<std::string, Binding>> frames_ = std::vector<std::map<std::string, Binding>>(1);
};

}  // namespace caten
