// Reading in tests: a program, or the messages that a person would see.
#pragma once

#include <optional>
#include <string>

#include "consensus/names.hpp"
#include "consensus/program.hpp"

namespace caten::consensus {

struct Reading {
  std::optional<Program> program{};
  std::optional<Names> names{};  ///< if the program was read and resolved
  std::string messages{};
};

Reading read_as_text(const std::string& text, const std::string& name = "world.lmpm",
                     const ResolveOptions& options = {});
Reading read_as_lci(const std::string& text, const std::string& name = "world.lci", const ResolveOptions& options = {});

}  // namespace caten::consensus
