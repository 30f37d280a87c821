// Which values of a program are differentiated, by name, and whether a derivative can reach them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ir/graph.hpp"

namespace caten::autodiff {

/// The outputs of these names; none: all of a float or complex dtype. E0103, E0203.
Result<std::vector<Graph::Output>> chosen_outputs(const Graph& graph, const std::vector<std::string>& names);
/// Inputs and states of these names; none: all inputs of a float or complex dtype. E0103, E0203.
Result<std::vector<Graph::Input>> chosen_leaves(const Graph& graph, const std::vector<std::string>& names);

/// E0705 for a leaf that no output has a derivative by: names the op at which its last path ends.
Status check_paths(const Graph& graph, const std::vector<Graph::Output>& outputs,
                   const std::vector<Graph::Input>& leaves);

/// The prefix before the name, and underscores behind it until no name is the same.
std::string fresh_name(const std::string& prefix, const std::string& name, std::set<std::string>& taken);
/// Names of inputs and states.
std::set<std::string> leaf_names(const Graph& graph);

}  // namespace caten::autodiff
