// Arrays as text for people: nested lists of elements, large axes cut in the middle.
#pragma once

#include <string>

#include "ir/array.hpp"

namespace caten {

struct ArrayTextOptions {
  int64_t edge = 3;        ///< elements shown at each end of an axis that is cut
  int64_t threshold = 64;  ///< arrays of at most this many elements are shown whole
  int precision = 6;       ///< significant digits of floats
};

/// "((1 2 3)\n (4 5 6))"; a scalar as a bare number.
std::string array_text(const Array& array, const ArrayTextOptions& options = {});

}  // namespace caten
