// The functions and predicates that every consensual program has, and how calls of them are made.
#pragma once

#include <span>

#include "base/result.hpp"
#include "consensus/program.hpp"

namespace caten::consensus {

struct BuiltIn {
  enum class Use : uint8_t {
    kOperator,   ///< infix in the text form
    kPredicate,  ///< about the scope of a constraint: nowhere else
    kFunction
  };
  std::string_view name;  ///< in LCI
  std::string_view text;  ///< in the text form
  Use use;
  size_t least;  ///< arguments
  size_t most;
  std::string_view meaning;
};

std::span<const BuiltIn> all_built_ins();
/// By either spelling.
const BuiltIn* find_built_in(std::string_view name);

/// Words of the grammar that name nothing: `*`, `?`, `...`, `ref`, `in` and the operators.
bool is_reserved(std::string_view name);

/// The neighbourhoods that have names, and the offsets of one; empty for any other name.
std::vector<std::string> neighbourhood_names();
std::vector<std::vector<int64_t>> neighbourhood_offsets(const Neighbourhood& neighbourhood);

/// A call in its one form: `>` and `>=` with their sides exchanged, `/=` as the negation of `=`, predicates with the
/// spelling of LCI. E1001 where an operator or a predicate has the wrong arguments.
Result<Expression> make_call(Name function, std::vector<Expression> arguments, std::vector<Argument> keywords,
                             Place place);

std::span<const std::string_view> sample_strategies();
std::span<const std::string_view> sample_arguments();
inline constexpr std::string_view kSampleTiles = "SampleTiles";
/// The schedule that a proposal makes, if it makes one.
const Call* sample_schedule(const Expression& value);

}  // namespace caten::consensus
