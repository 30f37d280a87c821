// What a consensual program is given, as a list that can be kept and given again.
//
// In: names with the texts behind --param and --in. Out: the same, with the arrays of the files that they name; then
// what the program takes. Entry: read_input, given_of.
#pragma once

#include "consensus/given.hpp"
#include "consensus/journal/journal.hpp"
#include "consensus/names.hpp"

namespace caten {

struct GivenInput {
  bool data = false;  ///< of --in; else of --param
  std::string name{};
  std::string text{};            ///< what stands behind the =
  std::optional<Array> array{};  ///< of the file that the text names
};

/// Reads the file that the text names. A table has no dtype of its own: it is read as what it is for.
Result<GivenInput> read_input(const consensus::Program& program, const consensus::Names& names, bool data,
                              std::string name, std::string text);
/// By kind and name; of two for one name the last.
std::vector<GivenInput> in_order(std::vector<GivenInput> inputs);

/// As a journal keeps them, and back.
Result<std::vector<consensus::RunStart::Input>> kept_inputs(const std::vector<GivenInput>& inputs);
Result<std::vector<GivenInput>> inputs_of(const std::vector<consensus::RunStart::Input>& kept);

/// The composite of this name.
using ModelNamed = std::function<Result<consensus::ModelGiven>(const std::string& name)>;

/// What they mean for the program.
consensus::Given given_of(const std::vector<GivenInput>& inputs, const ModelNamed& model,
                          const consensus::Program& program, const consensus::Names& names, Diagnostics& diagnostics);

}  // namespace caten
