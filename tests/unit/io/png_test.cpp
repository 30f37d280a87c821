#include "io/png.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "golden.hpp"
#include "io/deflate.hpp"
#include "unit/io/temporary_folder.hpp"

namespace caten {
namespace {

uint32_t big(const FileBytes& file, uint64_t at) {
  return __builtin_bswap32(static_cast<uint32_t>(file.little(at, 4)));
}

/// The pixels of a PNG file as caten writes it: one IDAT chunk, rows with filters undone.
std::string pixels(const std::string& path, size_t channels) {
  auto file = FileBytes::map(path);
  REQUIRE(file);
  CHECK(file->text().substr(1, 3) == "PNG");
  size_t width = big(*file, 16);
  size_t height = big(*file, 20);
  REQUIRE(file->text().substr(37, 4) == "IDAT");
  size_t stride = width * channels;
  std::string raw(height * (stride + 1), '\0');
  // a zlib stream: 2 bytes of header, deflate, 4 bytes of checksum
  REQUIRE(inflate(*file, 43, big(*file, 33) - 6, std::as_writable_bytes(std::span(raw)), true));
  std::string out;
  auto at = [&](size_t row, size_t i) -> int {
    return row == SIZE_MAX || i >= stride ? 0 : static_cast<unsigned char>(out[row * stride + i]);
  };
  for (size_t row = 0; row < height; ++row)
    for (size_t i = 0; i < stride; ++i) {
      int a = at(row, i - channels), b = at(row - 1, i), c = at(row - 1, i - channels), p = a + b - c;
      if (i < channels) a = c = 0, p = b;
      int paeth = std::abs(p - a) <= std::abs(p - b) && std::abs(p - a) <= std::abs(p - c) ? a
                  : std::abs(p - b) <= std::abs(p - c)                                     ? b
                                                                                           : c;
      int predicted[] = {0, a, b, (a + b) / 2, paeth};
      out += static_cast<char>(raw[row * (stride + 1) + 1 + i] + predicted[static_cast<int>(raw[row * (stride + 1)])]);
    }
  return out;
}

}  // namespace

TEST_CASE("grey, RGB and RGBA images hold the pixels of the array") {
  TemporaryFolder folder;
  for (int64_t channels : {1, 3, 4}) {
    Array array = Array::zeros(DType::kU8, {5, 7, channels});
    for (size_t i = 0; i < array.bytes(); ++i) array.mutable_data()[i] = static_cast<std::byte>(i * i + 3);
    REQUIRE(write_png(folder / "x.png", array));
    CHECK(pixels(folder / "x.png", static_cast<size_t>(channels)) ==
          std::string(reinterpret_cast<const char*>(array.data()), array.bytes()));
  }
  Array grey = Array::zeros(DType::kF32, {1, 5});
  float values[] = {0, 1, 0.5F, 1.001F, -0.001F};
  std::copy(values, values + 5, grey.as_mutable<float>());
  REQUIRE(write_png(folder / "x.png", grey));
  CHECK(pixels(folder / "x.png", 1) == std::string("\0\xFF\x80\xFF\0", 5));
  Array half = Array::zeros(DType::kF16, {1, 1});
  half.as_mutable<Half>()[0] = to_half(1);
  REQUIRE(write_png(folder / "x.png", half));
  CHECK(pixels(folder / "x.png", 1) == "\xFF");
  Array truth = Array::zeros(DType::kBool, {1, 2});
  truth.as_mutable<uint8_t>()[1] = 1;
  REQUIRE(write_png(folder / "x.png", truth));
  CHECK(pixels(folder / "x.png", 1) == std::string("\0\xFF", 2));
}

TEST_CASE("what is no image is refused, and nothing is written") {
  TemporaryFolder folder;
  SourceMap sources;
  std::string out;
  auto refused = [&](Array array) {
    Status status = write_png(folder / "x.png", array);
    REQUIRE(!status);
    std::string text = render(status.error(), sources);
    text.replace(text.find(folder / "x.png"), (folder / "x.png").size(), "x.png");
    out += text + "\n";
  };
  refused(Array::zeros(DType::kU8, {4}));
  refused(Array::zeros(DType::kU8, {4, 4, 2}));
  refused(Array::zeros(DType::kU8, {0, 4}));
  refused(Array::zeros(DType::kI32, {4, 4}));
  Array bright = Array::zeros(DType::kF64, {1, 2});
  bright.as_mutable<double>()[1] = 255;
  refused(bright);
  bright.as_mutable<double>()[1] = NAN;
  refused(bright);
  CHECK(folder.files().empty());
  check_golden("io/png.txt", out);
}

}  // namespace caten
