// What is given when a program is instantiated: a value for each parameter and free name, and data for its values.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "consensus/program.hpp"
#include "ir/array.hpp"

namespace caten::consensus {

/// A set of cells over some axes: a boolean array, or boxes of closed ranges (`*`: the whole axis).
struct RegionGiven {
  struct Side {
    int64_t first = 0;
    std::optional<int64_t> last{};  ///< nothing: to the end of the axis
  };
  std::optional<Array> mask{};
  std::vector<std::vector<Side>> boxes{};
};

/// Ids of a vocabulary.
struct PaletteGiven {
  std::vector<int64_t> ids{};
};

struct VocabularyGiven {
  int64_t size = 0;
};

/// A deterministic automaton over ids: next[state·letters + id], -1 for none. It starts in state 0.
struct AutomatonGiven {
  int64_t states = 0;
  int64_t letters = 0;
  std::vector<int64_t> next{};
  std::vector<bool> accepting{};
};

/// A function of batches. Each argument has the cells that are computed as its first axis: (B) for a number, (B, k) for
/// a read of k cells or a latent vector; a given tensor comes as it is. Ids are i32, what is not committed or absent V;
/// other integers are i64, absent numbers 0. It gives (B) numbers, or (B, n) lists: for a token n = V logits.
struct ModelGiven {
  using Keywords = std::vector<std::pair<std::string, double>>;
  std::function<Result<Array>(const std::vector<Array>& arguments, const Keywords& keywords)> call{};
};

/// A number is given for Int and Scalar, an array for Tensor.
using GivenValue =
    std::variant<int64_t, double, Array, RegionGiven, PaletteGiven, VocabularyGiven, AutomatonGiven, ModelGiven>;

struct Given {
  std::map<std::string, GivenValue> parameters{};
  /// The initial cells of values. Ids may be V for BOT; what has no data and no `init` is not committed.
  std::map<std::string, Array> data{};
  /// The composites that expressions call by name.
  std::function<Result<ModelGiven>(const std::string& name)> composite{};
};

/// Where texts find what they name.
struct GivenSources {
  std::function<Result<Array>(const std::string& path)> array{};       ///< of `@FILE`
  std::function<Result<ModelGiven>(const std::string& name)> model{};  ///< of a composite's name
};

/// The value of a parameter of this type as a person writes it: `64`, `0.44`, `@file.npy`, `box(0..3,*)`,
/// `box(0,0)+box(2..3,*)`, `ids(1,2,7)`, a composite's name. E1021 for anything else.
Result<GivenValue> parse_given(const std::string& name, Parameter::Type type, const std::string& text,
                               const GivenSources& sources);
/// What parse_given takes for a type, for messages: in words, and one such text.
std::string given_form(Parameter::Type type);
std::string given_example(Parameter::Type type);

/// The automaton of an integer array (states, letters + 1): next states, -1 for none, and in the last column 1 where
/// the state accepts.
Result<AutomatonGiven> automaton_of(const std::string& name, const Array& table);

}  // namespace caten::consensus
