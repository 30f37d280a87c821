#include "io/npz.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "golden.hpp"
#include "io/files.hpp"
#include "unit/io/temporary_folder.hpp"

namespace caten {
namespace {

Result<NpzFile> parse_npz(const std::string& content, uint64_t limit = kMaxUnpacked) {
  auto owner = std::make_shared<std::string>(content);  // reading goes on after this call
  return NpzFile::parse(FileBytes::share("x.npz", std::as_bytes(std::span(*owner)), owner), limit);
}

std::string data(const char* name) { return read_source_file(fmt::format("tests/data/io/{}", name)); }

/// `content` with `bytes` put at `at`.
std::string changed(std::string content, size_t at, std::string_view bytes) {
  return content.replace(at, bytes.size(), bytes);
}

}  // namespace

TEST_CASE("archives that NumPy wrote") {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    CAPTURE(name);
    auto file = NpzFile::open(source_path(fmt::format("tests/data/io/{}", name)));
    REQUIRE(file);
    Array grid = file->read("grid").value();
    CHECK(describe(grid) == "f32[2 3]");
    CHECK(grid.as<float>()[5] == 1.25F);
    CHECK(file->read("labels").value().as<uint8_t>()[4] == 4);
    CHECK(file->read("text").error().code == Code::UnsupportedFile);
    auto entries = file->entries();
    REQUIRE(entries);
    CHECK(entries->back().name == "text");
    CHECK(entries->back().stored == "<U2");
    CHECK(!entries->back().dtype);
  }
  CHECK(load(source_path("tests/data/io/deflated.npz"), "big").value().elements() == 4096);
  CHECK(load(source_path("tests/data/io/zip64.npz")).value().as<float>()[1] == 0.25F);
}

TEST_CASE("what is written reads back, shared and aligned, and is the same each time") {
  TemporaryFolder folder;
  std::vector<NamedArray> arrays;
  for (DType dtype : all_dtypes()) {
    if (contains(kStorageSet | set_of(DType::kBF16), dtype)) continue;
    Array array = Array::zeros(dtype, {2, 7});
    for (size_t i = 0; i < array.bytes(); ++i)
      array.mutable_data()[i] = static_cast<std::byte>(is_bool(dtype) ? i & 1 : i * 37 + 11);
    arrays.push_back({fmt::format("ä/{}", dtype_name(dtype)), array});
  }
  REQUIRE(save_all(folder / "x.npz", arrays));
  REQUIRE(save_all(folder / "y.npz", arrays));
  auto x = FileBytes::map(folder / "x.npz");
  REQUIRE(x);
  CHECK(x->text() == FileBytes::map(folder / "y.npz").value().text());
  auto back = NpzFile::parse(*x).value().read_all();
  REQUIRE(back);
  REQUIRE(back->size() == arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    CHECK((*back)[i].name == arrays[i].name);
    CHECK((*back)[i].array.same_bytes(arrays[i].array));
    CHECK(reinterpret_cast<uintptr_t>((*back)[i].array.data()) % 64 == 0);
    CHECK((*back)[i].array.data() > x->bytes().data());
    CHECK((*back)[i].array.data() < x->bytes().data() + x->size());
  }
  REQUIRE(save_all(folder / "none.npz", {}));
  CHECK(load_all(folder / "none.npz").value().empty());
  std::vector<NamedArray> many(70000, {"", Array::zeros(DType::kU8, {})});
  for (size_t i = 0; i < many.size(); ++i) many[i].name = std::to_string(i);
  REQUIRE(save_all(folder / "many.npz", many));
  CHECK(NpzFile::open(folder / "many.npz").value().names().size() == 70000);
}

TEST_CASE("malformed archives are rejected with a place and a remedy") {
  SourceMap sources;
  std::string out;
  auto add = [&](const Diagnostic& diagnostic) {
    CHECK(!diagnostic.remedy.empty());
    out += render(diagnostic, sources) + "\n";
  };
  auto bad_directory = [&](const std::string& content) {
    auto file = parse_npz(content);
    REQUIRE(!file);
    add(file.error());
  };
  auto bad_entry = [&](const std::string& content, uint64_t limit = kMaxUnpacked) {
    auto file = parse_npz(content, limit);
    REQUIRE(file);
    auto all = file->read_all();
    REQUIRE(!all);
    add(all.error());
  };
  TemporaryFolder folder;
  std::vector<NamedArray> arrays = {{"a", Array::zeros(DType::kU8, {4})}, {"b", Array::zeros(DType::kU8, {4})}};
  REQUIRE(save_all(folder / "x.npz", arrays));
  std::string good(FileBytes::map(folder / "x.npz").value().text());
  size_t end = good.size() - 22;
  size_t central = good.find("PK\x01\x02");
  size_t second = good.find("PK\x01\x02", central + 1);
  auto directory_field = [&](size_t at, std::string_view bytes) { return changed(good, central + at, bytes); };
  constexpr std::string_view kMax = "\xFF\xFF\xFF\xFF";

  bad_directory("");
  bad_directory("\x93NUMPY");
  bad_directory(good.substr(0, good.size() - 1));
  bad_directory(good + "x");
  bad_directory(changed(good, end + 10, "\x03"));             // a third entry
  bad_directory(changed(good, end + 16, kMax.substr(0, 3)));  // the directory elsewhere
  bad_directory(changed(good, end + 16, kMax));               // zip64 without its record
  bad_directory(changed(good, end + 4, "\x01"));              // part 1
  bad_directory(directory_field(0, "XX"));
  bad_directory(directory_field(28, kMax.substr(0, 2)));               // a long name
  bad_directory(directory_field(42, std::string("\1\0\0\0", 4)));      // the header elsewhere
  bad_directory(directory_field(24, kMax));                            // zip64 sizes without a field
  bad_directory(directory_field(46, "z"));                             // another name
  bad_directory(directory_field(20, std::string("\xFF\xFF\0\0", 4)));  // beyond the end
  bad_directory(directory_field(20, std::string("\xA0\0\0\0", 4)));    // into the next entry
  bad_directory(changed(changed(good, second + 46, "a"), good.find("b.npy"), "a"));
  bad_entry(directory_field(24, std::string("\1\0\0\0", 4)));  // sizes that differ
  bad_entry(directory_field(10, "\x08"));                      // not deflated
  bad_entry(directory_field(10, "\x0E"));                      // LZMA
  bad_entry(directory_field(8, "\x01"));                       // encrypted
  bad_entry(directory_field(16, "\x01"));                      // checksum
  std::string deflated = data("deflated.npz");
  size_t big = deflated.find("PK\x01\x02");
  bad_entry(changed(deflated, big + 24, kMax.substr(0, 3)));             // more than deflate can pack
  bad_entry(changed(deflated, big + 24, std::string("\0\x82\0\0", 4)));  // more than there is
  bad_entry(changed(deflated, big + 24, std::string("\0\x80\0\0", 4)));  // less than there is
  bad_entry(deflated, 1 << 10);
  bad_entry(data("stored.npz"));
  auto file = parse_npz(data("stored.npz"));
  REQUIRE(file);
  add(file->read("lables").error());
  add(save_all("x.npz", std::vector<NamedArray>{arrays[0], arrays[0]}).error());
  arrays[0].array = Array::zeros(DType::kBF16, {2});
  add(save_all("x.npz", arrays).error());
  arrays[0].name = std::string("a\0b", 3);
  add(save_all("x.npz", arrays).error());
  check_golden("io/npz.txt", out);
}

TEST_CASE("every truncation is rejected, every changed byte handled") {
  for (const char* name : {"deflated.npz", "zip64.npz"}) {
    std::string good = data(name);
    for (size_t size = 0; size < good.size(); ++size) CHECK(!parse_npz(good.substr(0, size)));
    for (size_t at = 0; at < good.size(); ++at) {
      auto file = parse_npz(changed(good, at, std::string(1, static_cast<char>(good[at] ^ 0x41))), 1 << 20);
      if (file) (void)file->read_all();
      if (file) (void)file->entries();
    }
  }
}

}  // namespace caten
