#include "io/npy.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>

#include "golden.hpp"
#include "unit/io/temporary_folder.hpp"

namespace caten {
namespace {

using namespace std::string_literals;

FileBytes memory(const std::string& content, const std::string& name = "x.npy") {
  return FileBytes::borrow(name, std::as_bytes(std::span(content)));
}

/// A file of version 1.0 with this header text and these bytes after it.
std::string npy(const std::string& header, const std::string& elements = "") {
  return "\x93NUMPY\x01\x00"s + static_cast<char>(header.size() & 0xFF) + static_cast<char>(header.size() >> 8) +
         header + elements;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, order, shape);
}

}  // namespace

TEST_CASE("files that NumPy wrote, in every version, order and byte order") {
  Array expected = Array::zeros(DType::kF32, {2, 3});
  for (int i = 0; i < 6; ++i) expected.as_mutable<float>()[i] = static_cast<float>(i) / 4;
  for (const char* name : {"f32_v1", "f32_v2", "f32_v3", "f32_fortran", "f32_big", "f32_big_fortran"}) {
    CAPTURE(name);
    auto array = read_npy(source_path(fmt::format("tests/data/io/{}.npy", name)));
    REQUIRE(array);
    CHECK(array->same_bytes(expected));
  }
  auto cube = read_npy(source_path("tests/data/io/i16_fortran_3d.npy"));
  REQUIRE(cube);
  CHECK(cube->shape() == std::vector<int64_t>{3, 4, 5});
  for (int i = 0; i < 60; ++i) CHECK(cube->as<int16_t>()[i] == i - 30);
  auto complex = read_npy(source_path("tests/data/io/c128_big.npy"));
  REQUIRE(complex);
  CHECK(complex->as<std::complex<double>>()[1] == std::complex<double>(-0.5, 1e300));
  auto scalar = read_npy(source_path("tests/data/io/f64_scalar.npy"));
  REQUIRE(scalar);
  CHECK(scalar->rank() == 0);
  CHECK(scalar->as<double>()[0] == 2.5);
  auto empty = read_npy(source_path("tests/data/io/bool_empty.npy"));
  REQUIRE(empty);
  CHECK(describe(*empty) == "bool[0 4]");
}

TEST_CASE("what is written reads back, for every dtype that NumPy has, and shapes of every kind") {
  TemporaryFolder folder;
  auto check = [&](DType dtype, const std::vector<int64_t>& shape) {
    Array array = Array::zeros(dtype, shape);
    for (size_t i = 0; i < array.bytes(); ++i)
      array.mutable_data()[i] = static_cast<std::byte>(is_bool(dtype) ? i & 1 : i * 37 + 11);
    Status written = write_npy(folder / "x.npy", array);
    if (dtype == DType::kBF16 || dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2) {
      REQUIRE(!written);
      CHECK(written.error().code == Code::FormatCannotHold);
      return;
    }
    REQUIRE(written);
    auto back = read_npy(folder / "x.npy");
    REQUIRE(back);
    CHECK(back->same_bytes(array));
    CHECK(reinterpret_cast<uintptr_t>(back->data()) % 64 == 0);
  };
  for (DType dtype : all_dtypes()) check(dtype, {3, 5});
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{}, {1}, {7}, {0, 3}, {2, 1, 4, 3}, {INT64_MAX, 0, INT64_MAX}})
    check(DType::kI16, shape);
  CHECK(folder.files() == std::vector<std::string>{"x.npy"});
}

TEST_CASE("mapped elements are shared, borrowed ones are copied") {
  TemporaryFolder folder;
  Array array = Array::zeros(DType::kI64, {4});
  array.as_mutable<int64_t>()[3] = 9;
  REQUIRE(write_npy(folder / "x.npy", array));
  auto file = FileBytes::map(folder / "x.npy");
  REQUIRE(file);
  auto mapped = parse_npy(*file);
  REQUIRE(mapped);
  CHECK(mapped->data() == file->bytes().data() + 128);
  // The file may be written while its old content is in use.
  REQUIRE(write_npy(folder / "x.npy", Array::zeros(DType::kI64, {1})));
  CHECK(mapped->same_bytes(array));

  std::string content = npy(header("<i4", "(2,)"), "\1\0\0\0\2\0\0\0"s);
  auto copied = parse_npy(memory(content));
  content.assign(content.size(), '\xFF');
  REQUIRE(copied);
  CHECK(copied->as<int32_t>()[1] == 2);
}

TEST_CASE("headers as other writers lay them out") {
  std::string four = "\0\0\x80\x3F"s;
  for (const std::string& text : {"{\"shape\":(1,),\"fortran_order\":False,\"descr\":\"<f4\"}"s,
                                  "{'descr':'=f4','fortran_order':True,'shape':(1L,)}"s,
                                  " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 1 , 1 ) , }  \n"s,
                                  "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"s}) {
    CAPTURE(text);
    auto array = parse_npy(memory(npy(text, four)));
    REQUIRE(array);
    CHECK(array->elements() == 1);
    CHECK(array->as<float>()[0] == 1.0F);
  }
}

TEST_CASE("malformed files are rejected with a place and a remedy") {
  SourceMap sources;
  std::string out;
  std::string four(4, '\0');
  std::string good = npy(header("<f4", "(1,)"), four);
  const std::vector<std::string> cases = {
      "",
      "\x93NUM",
      "PK\x03\x04 zip",
      "version https://git-lfs.github.com/spec/v1\n",
      "\x93NUMPY\x01",
      "\x93NUMPY\x04\x00\x10\x00"s,
      "\x93NUMPY\x01\x00\xFF\xFF{"s,
      "\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF{"s,
      "\x93NUMPY\x02\x00\x10"s,
      good.substr(0, good.size() - 1),
      good + "x",
      good.substr(0, 30),
      npy("[1, 2]"),
      npy("{'descr': '<f4'"),
      npy("{'descr': '<f4', 'fortran_order': False}"),
      npy("{'descr': '<f4', 'descr': '<f4'}"),
      npy("{'dtype': '<f4'}"),
      npy("{'descr: <f4}"),
      npy(header("<f4", "(1,)") + "{}", four),
      npy(header("<f4", "(1,)", "0")),
      npy(header("<f4", "3")),
      npy(header("<f4", "(-1,)")),
      npy(header("<f4", "(1.5,)")),
      npy(header("<f4", "(9223372036854775808,)")),
      npy(header("<f4", "(4611686018427387904, 4)")),
      npy(header("<f8", "(1000000000000,)")),
      npy(header("<f4", "(" + std::string(200, '1') + ")")),
      npy(header("<f4", fmt::format("({})", fmt::join(std::vector<int>(65, 1), ",")))),
      npy(header("|V2", "(1,)")),
      npy(header("|O", "(1,)")),
      npy(header("<U4", "(1,)")),
      npy(header("<M8[ns]", "(1,)")),
      npy(header("<f16", "(1,)")),
      npy(header("", "(1,)")),
      npy(header("f4", "(1,)")),
      npy(header("<\xFF\xFE", "(1,)")),
      npy("{'descr': [('a', '<f4'), ('b', '<i4', (2,))], 'fortran_order': False, 'shape': (1,), }"),
      npy("{'descr': " + std::string(1000, '[') + ", 'shape': (1,), }"),
      npy(header("|b1", "(3,)"), "\1\2\0"s)};
  for (const std::string& content : cases) {
    auto array = parse_npy(memory(content));
    REQUIRE(!array);
    CHECK(!array.error().remedy.empty());
    CHECK(!array.error().expected.empty());
    out += render(array.error(), sources) + "\n";
  }
  out += render(write_npy("y.npy", Array::zeros(DType::kBF16, {2, 3})).error(), sources);
  check_golden("io/npy.txt", out);
}

TEST_CASE("every truncation and every changed byte of a good file is handled") {
  std::string good = npy(header("<i2", "(2, 3)", "True"), std::string(12, '\7'));
  for (size_t size = 0; size < good.size(); ++size) CHECK(!parse_npy(memory(good.substr(0, size))));
  for (size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = good;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      auto array = parse_npy(memory(changed));
      if (array) CHECK(array->bytes() <= 12);
    }
}

}  // namespace caten
