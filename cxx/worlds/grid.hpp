// How the cells of a value are laid out on paper or on a screen, and as text.
//
// A sequence is a row; a grid is rows and columns; of a value with three axes the first one goes over panels; of more
// axes the first half are rows and the second half columns, behind a first one of panels where their number is odd.
#pragma once

#include <string>

#include "consensus/state.hpp"

namespace caten {

struct GridShape {
  int64_t panels = 1, rows = 1, columns = 1;
};
GridShape grid_shape(const consensus::ValueInstance& value);

/// The number of the value that this name means for pictures; "": the first that a rule proposes for. E0902 if there is
/// none, or if its cells are vectors.
Result<size_t> shown_value(const consensus::Instance& instance, const std::string& name);

/// A line for each row, panels below each other. One of two ids is `#` and the other `.`; more ids are digits and
/// letters, or numbers like all else. `?`: not committed. What is larger than a screen is cut, and says so.
std::string grid_text(const consensus::Instance& instance, const consensus::State& state, size_t value);

}  // namespace caten
