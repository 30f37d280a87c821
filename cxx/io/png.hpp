// Images out: PNG of 8 bits a channel.
#pragma once

#include <string>

#include "ir/array.hpp"

namespace caten {

/// `array` is [height width] (grey) or [height width channels] with 1 (grey), 3 (RGB) or 4 (RGBA) channels: u8, bool
/// (false is black), or a float dtype with 0 for black and 1 for full; what does not round to 0..255 is refused.
Status write_png(const std::string& path, const Array& array);

}  // namespace caten
