// GIF files: sizes, palette and frames stand in the file; what it cannot hold is refused.
#include "io/gif.hpp"

#include <doctest/doctest.h>

#include "io/file_bytes.hpp"
#include "temporary_folder.hpp"

using namespace caten;

namespace {

IndexedFrames film(size_t frames) {
  IndexedFrames out{.height = 2, .width = 3, .palette = {{1, 2, 3}, {250, 0, 0}, {0, 99, 255}}, .frames = {}};
  for (size_t i = 0; i < frames; ++i) out.frames.push_back({0, 1, 2, 2, 1, static_cast<uint8_t>(i % 3)});
  return out;
}

size_t count(std::string_view text, std::string_view part) {
  size_t out = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

}  // namespace

TEST_CASE("gif: what is written is a film of that size, palette and number of frames") {
  TemporaryFolder folder;
  std::string path = folder / "film.gif";
  Status written = write_gif(path, film(5), 7);
  if (!written && written.error().found == "a name that ends in .gif") return;  // built without giflib
  REQUIRE(written.has_value());
  Result<FileBytes> file = FileBytes::map(path);
  REQUIRE(file.has_value());
  std::string_view text = file->text();
  CHECK(text.substr(0, 6) == "GIF89a");
  CHECK(file->little(6, 2) == 3);
  CHECK(file->little(8, 2) == 2);
  CHECK(text.substr(13, 9) == std::string_view("\x01\x02\x03\xFA\x00\x00\x00\x63\xFF", 9));
  CHECK(count(text, "NETSCAPE2.0") == 1);
  // A graphics control block says of each frame how long it is shown.
  CHECK(count(text, std::string_view("\x21\xF9\x04\x04\x07\x00", 6)) == 5);
  CHECK(text.back() == ';');
}

TEST_CASE("gif: no frames, and frames beyond 65535 pixels, are refused; nothing is written") {
  TemporaryFolder folder;
  IndexedFrames wide = film(1);
  wide.width = 70000;
  for (const IndexedFrames& each : {film(0), wide}) {
    Status written = write_gif(folder / "no.gif", each, 7);
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == Code::FormatCannotHold);
    CHECK_FALSE(FileBytes::map(folder / "no.gif").has_value());
  }
}
