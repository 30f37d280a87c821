// From the elements that a file holds to an Array: shared with the mapping where their layout is an Array's own, copied
// where it is not.
#pragma once

#include "io/file_bytes.hpp"
#include "ir/array.hpp"

namespace caten {

struct ElementLayout {
  bool big_endian = false;
  bool column_major = false;  ///< Fortran order: the first axis changes fastest
};

/// The array whose elements start at `offset`; they must all be there (checked_bytes of them). Fails when a bool is
/// neither 0 nor 1.
Result<Array> take_elements(const FileBytes& file, uint64_t offset, DType dtype, std::vector<int64_t> shape,
                            ElementLayout layout = {});

/// The bytes of an array, to write.
std::span<const std::byte> element_bytes(const Array& array);

}  // namespace caten
