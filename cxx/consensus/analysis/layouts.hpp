// What each visible edge lowers to, and the collective that it implies when values are partitioned (docs/consensus.md,
// section 7).
#pragma once

#include <string>

#include "consensus/program.hpp"

namespace caten::consensus {

struct Layout {
  enum class Hint : uint8_t {
    kStencil,  ///< constant offsets
    kShift,    ///< constant steps along axis 0 alone
    kDense,    ///< a whole value
    kCausal,   ///< all before
    kExpand,   ///< a coarser grid
    kView,     ///< the same place, and other index expressions
    kCsr       ///< indices from data, regions
  };
  Hint hint = Hint::kView;
  std::string lowers_to{};
  std::string collective{};
};

std::string_view name_of(Layout::Hint hint);
Layout layout_of(const Program& program, const Visible& edge);

}  // namespace caten::consensus
