// What a consensual program is given on the command line, as a list that can be kept and given again.
//
// In: --param and --in. Out: their texts, with the arrays of the files that they name; then what the program takes.
// Entry: read_inputs, given_of.
#pragma once

#include "cli/options.hpp"
#include "consensus/given.hpp"
#include "consensus/journal/journal.hpp"
#include "consensus/names.hpp"
#include "driver/session.hpp"

namespace caten {

struct GivenInput {
  bool data = false;  ///< of --in; else of --param
  std::string name{};
  std::string text{};            ///< what stands behind the =
  std::optional<Array> array{};  ///< of the file that the text names
};

/// By kind and name; of two for one name the last. Reads the files.
std::vector<GivenInput> read_inputs(const Settings& settings, const consensus::Program& program,
                                    const consensus::Names& names, Diagnostics& diagnostics);

/// As a journal keeps them, and back.
Result<std::vector<consensus::RunStart::Input>> kept_inputs(const std::vector<GivenInput>& inputs);
Result<std::vector<GivenInput>> inputs_of(const std::vector<consensus::RunStart::Input>& kept);

/// What they mean for the program. Names of composites are those that Lisp knows.
consensus::Given given_of(const std::vector<GivenInput>& inputs, Session& session, const Settings& settings,
                          const consensus::Program& program, const consensus::Names& names, Diagnostics& diagnostics);

}  // namespace caten
