#include "io/csv.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "golden.hpp"
#include "io/files.hpp"
#include "unit/io/temporary_folder.hpp"

namespace caten {
namespace {

Result<Array> parse_csv(const std::string& content, const CsvOptions& options = {}) {
  return parse_csv(FileBytes::borrow("t.csv", std::as_bytes(std::span(content))), options);
}

std::vector<double> numbers(const Array& array) { return {array.as<double>(), array.as<double>() + array.elements()}; }

}  // namespace

TEST_CASE("the digits") {
  auto digits = load(source_path("examples/data/digits.csv.gz"));
  REQUIRE(digits);
  CHECK(describe(*digits) == "f64[1797 65]");
  int64_t counts[10] = {};
  for (int64_t row = 0; row < 1797; ++row) ++counts[static_cast<int>(digits->as<double>()[row * 65 + 64])];
  CHECK(counts[0] == 178);
  CHECK(counts[9] == 180);
}

TEST_CASE("plain and compressed tables") {
  for (const char* name : {"table.csv", "table.csv.gz"}) {
    auto table = read_csv(source_path(fmt::format("tests/data/io/{}", name)), {.skip_lines = 1});
    REQUIRE(table);
    CHECK(table->shape() == std::vector<int64_t>{2, 3});
    CHECK(numbers(*table) == std::vector<double>{1, 2.5, -3, 400, 5, 6});
  }
}

TEST_CASE("what a table may look like") {
  CHECK(numbers(parse_csv("1,2\n3,4").value()) == std::vector<double>{1, 2, 3, 4});
  CHECK(numbers(parse_csv("\xEF\xBB\xBF# head\n\n 1 ,\t2 # tail\r\n\r\n+3,-4e-1\n").value()) ==
        std::vector<double>{1, 2, 3, -0.4});
  CHECK(numbers(parse_csv("1;2\n", {.delimiter = ';'}).value()) == std::vector<double>{1, 2});
  CHECK(numbers(parse_csv("1\t2\n", {.delimiter = '\t'}).value()) == std::vector<double>{1, 2});
  CHECK(numbers(parse_csv("  1   2\n\t3 4  \n", {.delimiter = ' '}).value()) == std::vector<double>{1, 2, 3, 4});
  Array tiny = parse_csv("1e-400,4e-324,1.7976931348623157e308").value();
  CHECK(numbers(tiny) == std::vector<double>{0, 4.9406564584124654e-324, 1.7976931348623157e308});
  Array special = parse_csv("nan,inf,-inf,-0").value();
  CHECK(std::isnan(special.as<double>()[0]));
  CHECK(special.as<double>()[2] == -INFINITY);
  CHECK(std::signbit(special.as<double>()[3]));
  CHECK(parse_csv("7").value().shape() == std::vector<int64_t>{1, 1});
}

TEST_CASE("every dtype is read in its own precision") {
  CHECK(parse_csv("18446744073709551615,0", {.dtype = DType::kU64}).value().as<uint64_t>()[0] == UINT64_MAX);
  CHECK(parse_csv("-9223372036854775808", {.dtype = DType::kI64}).value().as<int64_t>()[0] == INT64_MIN);
  CHECK(parse_csv("3.0,1e2", {.dtype = DType::kI8}).value().as<int8_t>()[1] == 100);
  CHECK(parse_csv("0.1", {.dtype = DType::kF32}).value().as<float>()[0] == 0.1F);
  CHECK(parse_csv("65504", {.dtype = DType::kF16}).value().as<uint16_t>()[0] == 0x7BFF);
  CHECK(parse_csv("1.5", {.dtype = DType::kBF16}).value().as<uint16_t>()[0] == 0x3FC0);
  CHECK(parse_csv("1,0", {.dtype = DType::kBool}).value().as<uint8_t>()[0] == 1);
  for (auto [text, dtype] : {std::pair{"128", DType::kI8},
                             {"-1", DType::kU8},
                             {"1.5", DType::kI32},
                             {"2", DType::kBool},
                             {"18446744073709551616", DType::kU64},
                             {"18446744073709551616.0", DType::kU64},
                             {"9223372036854775808.0", DType::kI64},
                             {"70000", DType::kF16},
                             {"1e39", DType::kF32},
                             {"nan", DType::kI32},
                             {"1", DType::kC64}}) {
    CAPTURE(text);
    CHECK(!parse_csv(text, {.dtype = dtype}));
  }
}

TEST_CASE("malformed tables are rejected with line and column") {
  SourceMap sources;
  std::string out;
  auto add = [&](const Result<Array>& result) {
    REQUIRE(!result);
    CHECK(!result.error().remedy.empty());
    out += render(result.error(), sources) + "\n";
  };
  add(parse_csv(""));
  add(parse_csv("# nothing\n\n"));
  add(parse_csv("a,b\n1,2\n", {.skip_lines = 3}));
  add(parse_csv("a,b\n1,2\n"));
  add(parse_csv("1,2\n3\n"));
  add(parse_csv("1,2\n3,4,5\n"));
  add(parse_csv("1,2\n3,\n"));
  add(parse_csv("1,2\n  3, 4x5 \n"));
  add(parse_csv("1,2\nä, 4\n", {.comment = '\0'}));
  add(parse_csv("1,\xFF\xFE\n"));
  add(parse_csv("1," + std::string(100, 'y') + "\n"));
  add(parse_csv("1,1e999\n"));
  add(parse_csv("1,--2\n"));
  add(parse_csv("1;2\n"));
  add(parse_csv("1,300\n", {.dtype = DType::kU8}));
  add(parse_csv("1,0.5\n", {.dtype = DType::kBool}));
  add(parse_csv("1,2\n", {.dtype = DType::kC64}));
  add(parse_csv("1,2\n", {.delimiter = '.'}));
  add(read_csv(source_path("tests/data/io")).map([](Array a) { return a; }).map_error([](Diagnostic d) {
    d.message = "cannot read <a folder>";
    return d;
  }));
  std::string packed = read_source_file("tests/data/io/table.csv.gz");
  add(parse_csv(packed.substr(0, packed.size() - 9)));
  add(parse_csv(packed.substr(0, 12)));
  packed[packed.size() - 6] ^= 1;
  add(parse_csv(packed, {.skip_lines = 1}));
  add(parse_csv(pack_gzip(std::string(1 << 20, ' ')), {.max_unpacked = 1 << 16}));
  add(parse_csv(pack_gzip("1,2\n") + "garbage"));
  check_golden("io/csv.txt", out);
}

TEST_CASE("members of a gzip file follow each other; the limit is exact") {
  std::string two = pack_gzip("1,2\n") + pack_gzip("") + pack_gzip("3,4\n");
  CHECK(numbers(parse_csv(two).value()) == std::vector<double>{1, 2, 3, 4});
  CHECK(parse_csv(two, {.max_unpacked = 8}));
  CHECK(!parse_csv(two, {.max_unpacked = 7}));
  std::string large;
  for (int i = 0; i < 30000; ++i) large += std::to_string(i) + "\n";
  CHECK(parse_csv(pack_gzip(large)).value().as<double>()[29999] == 29999);
}

TEST_CASE("what is written reads back") {
  TemporaryFolder folder;
  for (DType dtype : all_dtypes()) {
    if (is_complex(dtype)) {
      CHECK(write_csv(folder / "x.csv", Array::zeros(dtype, {1})).error().code == Code::FormatCannotHold);
      continue;
    }
    Array array = Array::zeros(dtype, {5, 3});
    for (size_t i = 0; i < array.bytes(); ++i)
      array.mutable_data()[i] = static_cast<std::byte>(is_bool(dtype) ? i & 1 : (i * 37 + 11) & 0x3F);
    for (const char* name : {"x.csv", "x.csv.gz"}) {
      if (dtype != DType::kF32 && name != std::string("x.csv")) continue;
      REQUIRE(write_csv(folder / name, array));
      auto back = read_csv(folder / name, {.dtype = dtype});
      REQUIRE(back);
      CHECK(back->same_bytes(array));
    }
  }
  REQUIRE(write_csv(folder / "v.csv", Array::zeros(DType::kI32, {3}), ';'));
  CHECK(load(folder / "v.csv").value().shape() == std::vector<int64_t>{3, 1});
  REQUIRE(write_csv(folder / "s.csv", Array::zeros(DType::kI32, {})));
  CHECK(load(folder / "s.csv").value().shape() == std::vector<int64_t>{1, 1});
  REQUIRE(write_csv(folder / "e.csv", Array::zeros(DType::kI32, {3, 0})));
  CHECK(!load(folder / "e.csv"));
  CHECK(!write_csv(folder / "n.csv", Array::zeros(DType::kI32, {1, 1, 1})));
  CHECK(folder.files() == std::vector<std::string>{"e.csv", "s.csv", "v.csv", "x.csv", "x.csv.gz"});
}

}  // namespace caten
