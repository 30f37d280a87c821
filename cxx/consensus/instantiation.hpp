// The parts of instantiate, in the order in which they run: each reads what those before it made.
#pragma once

#include "consensus/binder.hpp"
#include "consensus/instance.hpp"

namespace caten::consensus {

struct Instantiation {
  Instance& instance;
  const Names& names;
  Given& given;
  const InstanceOptions& options;
  Binder& binder;
  Diagnostics& diagnostics;

  void parameters();
  void composites();
  void values();
  void edges();
  void rules();
  void constraints();
  void commits();
  void strata();
};

/// The names that a reference brings into being: subscripts that are a bare name and no parameter. `sizes`: of the axes
/// that they run over.
std::vector<std::string> brought_names(const Instance& instance, const Reference& reference,
                                       std::vector<int64_t>& sizes);
/// Calls `visit` with each combination of numbers below these sizes, the last one fastest.
void for_each_index(const std::vector<int64_t>& sizes, const std::function<void(const std::vector<int64_t>&)>& visit);

}  // namespace caten::consensus
