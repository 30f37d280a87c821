// Pictures that move: GIF, by giflib.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace caten {

using Colour = std::array<uint8_t, 3>;  ///< red, green, blue

/// Frames of one size over one palette.
struct IndexedFrames {
  int64_t height = 0, width = 0;
  std::vector<Colour> palette{};               ///< at most 256
  std::vector<std::vector<uint8_t>> frames{};  ///< places in the palette, rows last
};

/// Each frame is shown for `hundredths` of a second, over and over. E0508 for what a GIF cannot hold, and where caten
/// was built without giflib.
Status write_gif(const std::string& path, const IndexedFrames& film, int hundredths);

}  // namespace caten
