#include "base/source.hpp"

#include <doctest/doctest.h>

namespace caten {

TEST_CASE("a SourceMap locates offsets by line and character") {
  SourceMap sources;
  uint32_t id = sources.add("a.ir", "one\ntwo é x\n\nlast");
  auto at = [&](uint32_t offset) {
    LineColumn place = sources.locate(id, offset);
    return std::pair(place.line, place.column);
  };
  CHECK(at(0) == std::pair(1u, 1u));
  CHECK(at(3) == std::pair(1u, 4u));  // the newline belongs to its line
  CHECK(at(4) == std::pair(2u, 1u));
  CHECK(at(8) == std::pair(2u, 5u));   // é starts
  CHECK(at(10) == std::pair(2u, 6u));  // é took two bytes and one column
  CHECK(at(13) == std::pair(3u, 1u));  // the empty line
  CHECK(at(14) == std::pair(4u, 1u));
  CHECK(at(18) == std::pair(4u, 5u));  // the end of the text
  CHECK(at(4000) == std::pair(4u, 5u));
}

TEST_CASE("a SourceMap hands out the line around an offset") {
  SourceMap sources;
  uint32_t id = sources.add("a.ir", "one\ntwo\n\nlast");
  CHECK(sources.line(id, 0) == "one");
  CHECK(sources.line(id, 3) == "one");
  CHECK(sources.line(id, 4) == "two");
  CHECK(sources.line(id, 8) == "");
  CHECK(sources.line(id, 9) == "last");
  CHECK(sources.line(id, 13) == "last");
  CHECK(sources.line(id, 4000) == "last");
  uint32_t empty = sources.add("b.ir", "");
  CHECK(sources.line(empty, 0) == "");
  CHECK(sources.locate(empty, 0).line == 1);
}

TEST_CASE("a SourceMap clips spans to the text and counts lines from first_line") {
  SourceMap sources;
  uint32_t id = sources.add("<form>", "ab\ncd", 40);
  CHECK(sources.name(id) == "<form>");
  CHECK(sources.locate(id, 4).line == 41);
  CHECK(sources.text({id, 1, 4}) == "b\nc");
  CHECK(sources.text({id, 4, 99}) == "d");
  CHECK(sources.text({id, 99, 3}) == "");
  CHECK(sources.contains({id, 0, 1}));
  CHECK_FALSE(sources.contains({id + 1, 0, 1}));
  CHECK_FALSE(sources.contains({}));
}

}  // namespace caten
