#include "io/elements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace caten {
namespace {

static_assert(std::endian::native == std::endian::little, "files are read and written as little-endian memory");

/// dst[i] = src[i] for row-major dst and column-major src. Tiles of the first and the last axis, so that both sides
/// stay in cache.
template <class T>
void copy_column_major(const T* src, T* dst, const std::vector<int64_t>& shape) {
  constexpr int64_t kTile = 32;
  int64_t rows = shape.front();
  int64_t columns = shape.back();
  int64_t middle = 1;
  for (size_t axis = 1; axis + 1 < shape.size(); ++axis) middle *= shape[axis];
  std::vector<int64_t> index(shape.size(), 0);  // of the middle axes
  for (int64_t m = 0; m < middle; ++m) {
    int64_t dst_middle = 0;  // row-major position among the middle axes
    int64_t src_middle = 0;  // column-major position
    for (size_t axis = 1; axis + 1 < shape.size(); ++axis) dst_middle = dst_middle * shape[axis] + index[axis];
    for (size_t axis = shape.size() - 1; axis-- > 1;) src_middle = src_middle * shape[axis] + index[axis];
    for (int64_t i0 = 0; i0 < rows; i0 += kTile)
      for (int64_t j0 = 0; j0 < columns; j0 += kTile)
        for (int64_t i = i0; i < std::min(rows, i0 + kTile); ++i)
          for (int64_t j = j0; j < std::min(columns, j0 + kTile); ++j)
            dst[(i * middle + dst_middle) * columns + j] = src[i + rows * (src_middle + middle * j)];
    for (size_t axis = 1; axis + 1 < shape.size(); ++axis) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

struct Pair {
  uint64_t first, second;
};

void reorder(const std::byte* src, std::byte* dst, size_t width, const std::vector<int64_t>& shape) {
  auto copy = [&]<class T>(T) { copy_column_major(reinterpret_cast<const T*>(src), reinterpret_cast<T*>(dst), shape); };
  switch (width) {
    case 1: return copy(uint8_t{});
    case 2: return copy(uint16_t{});
    case 4: return copy(uint32_t{});
    case 8: return copy(uint64_t{});
    case 16: return copy(Pair{});
    default: assert(false);
  }
}

void swap_bytes(std::byte* data, size_t count, size_t width) {
  for (size_t i = 0; i < count; ++i) std::reverse(data + i * width, data + (i + 1) * width);
}

bool has_order(const std::vector<int64_t>& shape) {
  return std::count_if(shape.begin(), shape.end(), [](int64_t size) { return size != 1; }) > 1;
}

}  // namespace

Result<Array> take_elements(const FileBytes& file, uint64_t offset, DType dtype, std::vector<int64_t> shape,
                            ElementLayout layout) {
  size_t width = dtype_size(dtype);
  size_t component = is_complex(dtype) ? width / 2 : width;
  auto bytes = checked_bytes(dtype, shape);
  assert(bytes && file.has(offset, *bytes));
  std::span<const std::byte> source = file.part(offset, *bytes);
  if (is_bool(dtype)) {
    auto odd = std::find_if(source.begin(), source.end(), [](std::byte b) { return b > std::byte{1}; });
    if (odd != source.end())
      return file.fail_at(offset + static_cast<uint64_t>(odd - source.begin()),
                          {.code = Code::BadFileContent,
                           .message = "a bool that is neither true nor false",
                           .expected = "the byte 0 or 1",
                           .found = std::to_string(std::to_integer<int>(*odd)),
                           .remedy = "save the numbers as u8, and compare them with 0"});
  }
  if (source.empty()) return Array::zeros(dtype, std::move(shape));
  bool swap = layout.big_endian && component > 1;
  bool transpose = layout.column_major && has_order(shape);
  bool aligned = reinterpret_cast<uintptr_t>(source.data()) % width == 0;
  if (file.owner() && aligned && !swap && !transpose)
    return Array::over(dtype, std::move(shape), file.owner(), source.data());

  Array array = Array::zeros(dtype, shape);
  if (transpose) {
    Array columns;  // the elements on an aligned place
    if (!aligned) {
      columns = Array::zeros(dtype, shape);
      std::memcpy(columns.mutable_data(), source.data(), source.size());
    }
    reorder(aligned ? source.data() : columns.data(), array.mutable_data(), width, shape);
  } else {
    std::memcpy(array.mutable_data(), source.data(), source.size());
  }
  if (swap) swap_bytes(array.mutable_data(), source.size() / component, component);
  return array;
}

std::span<const std::byte> element_bytes(const Array& array) { return {array.data(), array.bytes()}; }

}  // namespace caten
