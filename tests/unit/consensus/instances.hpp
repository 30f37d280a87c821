// Instances in tests.
#pragma once

#include <string>

#include "consensus/instance.hpp"
#include "reading.hpp"

namespace caten::consensus {

/// The instance of a program, and the program that it needs. Messages are reported by doctest.
class InstanceOf {
 public:
  explicit InstanceOf(const std::string& text, Given given = {});
  const Instance& operator*() const { return *instance_; }
  const Instance* operator->() const { return &*instance_; }
  const Reading& reading() const { return reading_; }

 private:
  Reading reading_;
  std::optional<Instance> instance_;
};

/// All that the seed's program leaves open, on a small grid.
Given given_of_seed();

}  // namespace caten::consensus
