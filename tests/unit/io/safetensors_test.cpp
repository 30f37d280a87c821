#include "io/safetensors.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>

#include "golden.hpp"
#include "io/files.hpp"
#include "unit/io/temporary_folder.hpp"

namespace caten {
namespace {

using namespace std::string_literals;

std::string length_prefix(uint64_t length) { return {reinterpret_cast<const char*>(&length), 8}; }

std::string safetensors(const std::string& header, size_t elements = 0) {
  return length_prefix(header.size()) + header + std::string(elements, '\1');
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{}]}})", name, dtype, shape, offsets);
}

Result<SafetensorsFile> parse_safetensors(const std::string& content) {
  auto owner = std::make_shared<std::string>(content);  // reading goes on after this call
  return SafetensorsFile::parse(FileBytes::share("x.safetensors", std::as_bytes(std::span(*owner)), owner));
}

}  // namespace

TEST_CASE("a file of the reference library") {
  auto file = SafetensorsFile::open(source_path("tests/data/io/every.safetensors"));
  REQUIRE(file);
  CHECK(file->entries().size() == 11);
  CHECK(file->metadata() == Metadata{{"größe", "ä"}, {"made by", "safetensors"}});
  CHECK(file->read("bool").value().as<uint8_t>()[2] == 1);
  CHECK(file->read("i8").value().as<int8_t>()[0] == -1);
  CHECK(file->read("u64").value().as<uint64_t>()[0] == UINT64_MAX);
  CHECK(to_double(file->read("f16").value().as<Half>()[1]) == -2);
  CHECK(to_double(file->read("bf16").value().as<BFloat16>()[1]) == -3);
  CHECK(to_double(file->read("f8e4m3").value().as<Float8E4M3>()[1]) == 448);
  CHECK(to_double(file->read("f8e5m2").value().as<Float8E5M2>()[1]) == -4);
  CHECK(file->read("f32").value().as<float>()[5] == 1.25F);
  CHECK(file->read("f64").value().as<double>()[0] == 2.5);
  CHECK(file->read("c64").value().as<std::complex<float>>()[0] == std::complex<float>(1, -2));
  CHECK(describe(file->read("empty").value()) == "f32[0 3]");
}

TEST_CASE("what is written reads back, whatever the order it was given in") {
  TemporaryFolder folder;
  std::vector<NamedArray> arrays;
  for (DType dtype : all_dtypes()) {
    if (dtype == DType::kC128) continue;
    Array array = Array::zeros(dtype, {3, 1, 5});
    for (size_t i = 0; i < array.bytes(); ++i)
      array.mutable_data()[i] = static_cast<std::byte>(is_bool(dtype) ? i & 1 : i * 37 + 11);
    arrays.push_back({fmt::format("of {} \"\\\n\x01ä", dtype_name(dtype)), array});
  }
  arrays.push_back({"", Array::zeros(DType::kI16, {})});
  Metadata metadata = {{"b", "\"2\""}, {"a", "1"}};
  REQUIRE(write_safetensors(folder / "x.safetensors", arrays, metadata));
  auto file = SafetensorsFile::open(folder / "x.safetensors");
  REQUIRE(file);
  CHECK(file->metadata() == Metadata{{"a", "1"}, {"b", "\"2\""}});
  for (const NamedArray& named : arrays) {
    auto back = file->read(named.name);
    REQUIRE(back);
    CHECK(back->same_bytes(named.array));
  }
  auto text = [](const std::string& path) { return std::string(FileBytes::map(path).value().text()); };
  std::string first = text(folder / "x.safetensors");
  std::reverse(arrays.begin(), arrays.end());
  std::reverse(metadata.begin(), metadata.end());
  REQUIRE(write_safetensors(folder / "y.safetensors", arrays, metadata));
  CHECK(text(folder / "y.safetensors") == first);
  auto all = file->read_all();
  REQUIRE(all);
  CHECK(all->size() == arrays.size());
  REQUIRE(write_safetensors(folder / "none.safetensors", {}));
  CHECK(load_all(folder / "none.safetensors").value().empty());
}

TEST_CASE("mapped elements are shared when aligned, copied when not") {
  TemporaryFolder folder;
  NamedArray named{"x", Array::zeros(DType::kF32, {4})};
  REQUIRE(write_safetensors(folder / "x.safetensors", {&named, 1}));
  auto mapped = FileBytes::map(folder / "x.safetensors");
  REQUIRE(mapped);
  auto file = SafetensorsFile::parse(*mapped);
  REQUIRE(file);
  Array array = file->read("x").value();
  CHECK(array.data() + array.bytes() == mapped->bytes().data() + mapped->size());
  CHECK(reinterpret_cast<uintptr_t>(array.data()) % 64 == 0);

  auto odd = parse_safetensors(safetensors("{" + entry("x", "F32", "2", "0,8") + "}", 8));
  REQUIRE(odd);
  CHECK(odd->read("x").value().as<uint32_t>()[1] == 0x01010101);
}

TEST_CASE("dtypes that caten lacks are listed, and rejected when read") {
  auto file = parse_safetensors(
      safetensors("{" + entry("a", "F8_E8M0", "4", "0,4") + "," + entry("b", "U8", "1", "4,5") + "}  ", 5));
  REQUIRE(file);
  CHECK(file->entries()[0].stored == "F8_E8M0");
  CHECK(!file->entries()[0].dtype);
  CHECK(file->read("b").value().as<uint8_t>()[0] == 1);
  CHECK(file->read("a").error().code == Code::UnsupportedFile);
  CHECK(!file->read_all());
}

TEST_CASE("a length that begins like another format is a length") {
  std::string header = "{" + entry("x", "U8", "1", "0,1") + "}";
  header.resize(0x8b1f, ' ');
  CHECK(parse_safetensors(safetensors(header, 1)));
}

TEST_CASE("malformed files are rejected with a place and a remedy") {
  SourceMap sources;
  std::string out;
  std::string x = entry("x", "F32", "2", "0,8");
  const std::vector<std::string> cases = {
      "",
      "1234567",
      length_prefix(100'000'001) + "{}",
      length_prefix(UINT64_MAX),
      length_prefix(3) + "{}",
      "version https://git-lfs.github.com/spec/v1\noid",
      "PK\x03\x04\x14\x00\x00\x00\x00\x00"s,
      safetensors(""),
      safetensors("[]"),
      safetensors(" {}"),
      safetensors("{"),
      safetensors("{}x"),
      safetensors("{\"a\":}"),
      safetensors("{\"\xFF\":{}}"),
      safetensors("{\"a\":" + std::string(1000, '[')),
      safetensors("{\"a\":{\"shape\":[" + std::string(1000, '[')),
      safetensors("{\"a\":{\"b\":{\"c\":{}}}}"),
      safetensors("{\"x\":1}"),
      safetensors("{\"x\":{}}"),
      safetensors("{\"x\":{\"dtype\":4}}"),
      safetensors("{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"),
      safetensors("{\"x\":{\"shape\":[-1]}}"),
      safetensors("{\"x\":{\"shape\":[1.5]}}"),
      safetensors("{\"x\":{\"shape\":[99999999999999999999]}}"),
      safetensors("{\"x\":{\"shape\":[9223372036854775808]}}"),
      safetensors(fmt::format("{{\"x\":{{\"shape\":[{}]}}}}", fmt::join(std::vector<int>(65, 1), ","))),
      safetensors("{\"x\":{\"data_offsets\":[1]}}"),
      safetensors("{\"x\":{\"data_offsets\":[1,2,3]}}"),
      safetensors("{\"x\":null}"),
      safetensors("{\"__metadata__\":{\"a\":1}}"),
      safetensors("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}"),
      safetensors("{\"__metadata__\":{},\"__metadata__\":{}}"),
      safetensors("{" + x + "," + x + "}", 8),
      safetensors("{" + x + "}", 7),
      safetensors("{" + x + "}", 9),
      safetensors("{" + entry("x", "F32", "2", "8,0") + "}", 8),
      safetensors("{" + entry("x", "F32", "3", "0,8") + "}", 8),
      safetensors("{" + entry("x", "F32", "4611686018427387904,4", "0,8") + "}", 8),
      safetensors("{" + x + "," + entry("y", "U8", "4", "4,8") + "}", 8),
      safetensors("{" + x + "," + entry("y", "U8", "1", "9,10") + "}", 10),
      safetensors("{" + entry("x", "U8", "1", "1,2") + "}", 2),
      safetensors("{" + entry("x", "U8", "9223372036854775807", "0,9223372036854775807") + "}", 2),
      safetensors("{" + entry("x", "F4", "1", "0,18446744073709551615") + "}", 2)};
  for (const std::string& content : cases) {
    auto file = parse_safetensors(content);
    CAPTURE(content);
    REQUIRE(!file);
    CHECK(!file.error().remedy.empty());
    CHECK(!file.error().expected.empty());
    CHECK(!file.error().found.empty());
    out += render(file.error(), sources) + "\n";
  }
  auto file =
      parse_safetensors(safetensors("{" + entry("weight", "F32", "2", "0,8") + "," + entry("t", "BOOL", "1", "8,9") +
                                        "," + entry("q", "F4", "2", "9,10") + "}",
                                    10));
  REQUIRE(file);
  out += render(file->read("wieght").error(), sources) + "\n";
  out += render(file->read("q").error(), sources) + "\n";
  auto refused = [&](std::vector<NamedArray> arrays, const Metadata& metadata = {}) {
    out += render(write_safetensors("x.safetensors", arrays, metadata).error(), sources) + "\n";
  };
  Array one = Array::zeros(DType::kU8, {1});
  refused({{"x", Array::zeros(DType::kC128, {2})}});
  refused({{"x", one}, {"y", one}, {"x", one}});
  refused({{"__metadata__", one}});
  refused({{"\xFF", one}});
  refused({{"x", one}}, {{"k", "1"}, {"k", "2"}});
  check_golden("io/safetensors.txt", out);
}

TEST_CASE("every truncation of a good file is rejected, every changed byte handled") {
  std::string good = safetensors("{" + entry("x", "F32", "2", "0,8") + "," + entry("y", "BOOL", "3", "8,11") + "}", 11);
  for (size_t size = 0; size < good.size(); ++size) CHECK(!parse_safetensors(good.substr(0, size)));
  for (size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = good;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      if (auto file = parse_safetensors(changed)) (void)file->read_all();
    }
}

}  // namespace caten
