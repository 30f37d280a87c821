// What a world remembers (reference/memory.hpp), as the bytes of a checkpoint, and back.
//
// In: an instance, and a memory of its world. Out: bytes, packed by gzip and equal wherever the memory is; back: the
// same memory. Bytes are untrusted: what comes out fits the instance (values, cells, ids, groups), so that no step
// reads beyond it. Entry: encode_checkpoint, decode_checkpoint.
#pragma once

#include "consensus/reference/memory.hpp"

namespace caten::consensus {

std::string encode_checkpoint(const Instance& instance, const reference::Memory& memory);

/// E1041 for what no world of this instance remembers.
Result<reference::Memory> decode_checkpoint(const Instance& instance, std::string_view bytes);

}  // namespace caten::consensus
