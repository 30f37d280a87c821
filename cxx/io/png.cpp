#include "io/png.hpp"

#include <fmt/format.h>

#include <climits>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "io/atomic_file.hpp"

// NOLINTBEGIN(readability-identifier-naming): names of the library
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
// NOLINTEND(readability-identifier-naming)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace caten {
namespace {

tl::unexpected<Diagnostic> refuse(const std::string& path, std::string why, std::string expected, std::string found,
                                  std::string remedy) {
  return fail({.code = Code::FormatCannotHold,
               .message = fmt::format("cannot write {}: {}", path, why),
               .expected = std::move(expected),
               .found = std::move(found),
               .remedy = std::move(remedy)});
}

Result<std::vector<uint8_t>> to_bytes(const std::string& path, const Array& array) {
  auto count = static_cast<size_t>(array.elements());
  std::vector<uint8_t> out(count);
  size_t bad = count;
  double bad_value = 0;
  dispatch(array.dtype(), [&]<class T>() {
    const T* from = array.as<T>();
    if constexpr (std::is_same_v<T, uint8_t>) {
      for (size_t i = 0; i < count; ++i)
        out[i] = is_bool(array.dtype()) ? static_cast<uint8_t>(from[i] * 255) : from[i];
    } else if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
      for (size_t i = 0; i < count && bad == count; ++i) {
        double value;
        if constexpr (std::is_floating_point_v<T>)
          value = from[i];
        else
          value = to_double(from[i]);
        double level = std::round(value * 255);
        if (level >= 0 && level <= 255) {
          out[i] = static_cast<uint8_t>(level);
        } else {
          bad = i;
          bad_value = value;
        }
      }
    }
  });
  if (bad < count)
    return refuse(path, "a value that is no brightness", "values from 0 to 1",
                  fmt::format("{} at element {}", bad_value, bad), "scale the values into 0..1, or clip them");
  return out;
}

}  // namespace

Status write_png(const std::string& path, const Array& array) {
  const std::vector<int64_t>& shape = array.shape();
  int64_t channels = shape.size() == 3 ? shape[2] : 1;
  if (shape.size() < 2 || shape.size() > 3 || array.elements() == 0 ||
      (channels != 1 && channels != 3 && channels != 4))
    return refuse(path, "this shape is no image", "[height width], or [height width channels] with 1, 3 or 4 channels",
                  describe(array), "reshape or permute it");
  DType dtype = array.dtype();
  if (dtype != DType::kU8 && !is_bool(dtype) && !is_float(dtype))
    return refuse(path, "this dtype holds no brightness", "u8 from 0 to 255, bool, or a float dtype from 0 to 1",
                  describe(array), "cast it to u8");
  constexpr int64_t kMost = INT_MAX / 4;  // the encoder counts in int, and its output may be larger than its input
  if (shape[0] > kMost || shape[1] > kMost || shape[0] > kMost / (shape[1] * channels + 1))
    return refuse(path, "the image is too large", fmt::format("at most {} bytes of pixels", kMost), describe(array),
                  "write it in tiles");
  auto pixels = to_bytes(path, array);
  CATEN_TRY(pixels);
  auto file = AtomicFile::create(path);
  CATEN_TRY(file);
  int length = 0;
  std::unique_ptr<unsigned char, decltype(&std::free)> png(
      stbi_write_png_to_mem(pixels->data(), static_cast<int>(shape[1] * channels), static_cast<int>(shape[1]),
                            static_cast<int>(shape[0]), static_cast<int>(channels), &length),
      &std::free);
  if (!png)
    return fail({.code = Code::OutOfMemory,
                 .message = fmt::format("cannot write {}: not enough memory to pack the image", path),
                 .expected = "memory of a few times its size",
                 .found = describe(array),
                 .remedy = "write it in tiles"});
  file->write(std::as_bytes(std::span(png.get(), static_cast<size_t>(length))));
  return file->commit();
}

}  // namespace caten
