// Compressed bytes, by zlib: bounded by what the caller allows, never by what the data claim.
#pragma once

#include "io/file_bytes.hpp"

namespace caten {

/// How much text or array data a compressed file may unpack to when nothing else is said.
inline constexpr uint64_t kMaxUnpacked = uint64_t{8} << 30;

/// Deflate packs no byte into less than 1/1032 of one: a larger claim is a lie.
inline constexpr uint64_t kMaxDeflateRatio = 1032;

/// A whole gzip file, of one member or several, unpacked; its checksums are verified.
Result<std::string> unpack_gzip(const FileBytes& file, uint64_t limit = kMaxUnpacked);

/// A gzip file without name and time, so that equal text gives equal bytes.
std::string pack_gzip(std::string_view text);

/// The first `out.size()` bytes of the raw deflate stream [offset, offset + count). With `whole` the stream must end
/// exactly there, and use all its bytes.
Status inflate(const FileBytes& file, uint64_t offset, uint64_t count, std::span<std::byte> out, bool whole);

uint32_t checksum_crc32(std::span<const std::byte> bytes, uint32_t start = 0);

}  // namespace caten
