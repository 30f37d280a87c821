// The CRC of Castagnoli's polynomial, which finds all errors of up to 32 bits in a row.
#pragma once

#include <cstdint>
#include <string_view>

namespace caten::consensus {

/// `before`: of what stands before these bytes.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace caten::consensus
