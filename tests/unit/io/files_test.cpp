#include "io/files.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "golden.hpp"
#include "io/file_bytes.hpp"
#include "unit/io/temporary_folder.hpp"

namespace caten {

TEST_CASE("load and save choose by extension, whatever its case") {
  TemporaryFolder folder;
  Array array = Array::zeros(DType::kF64, {3, 4});
  array.as_mutable<double>()[5] = 0.1;
  for (const char* name : {"a.npy", "b.NPZ", "c.csv", "d.csv.gz", "e.safetensors"}) {
    CAPTURE(name);
    REQUIRE(save(folder / name, array));
    auto back = load(folder / name);
    REQUIRE(back);
    CHECK(back->same_bytes(array));
  }
  REQUIRE(save(folder / "f.png", array));
  CHECK(list_arrays(folder / "b.NPZ").value()[0].name == "arr_0");
  CHECK(list_arrays(folder / "e.safetensors").value()[0].shape == std::vector<int64_t>{3, 4});
}

TEST_CASE("what cannot be read or written is told with a remedy") {
  TemporaryFolder folder;
  SourceMap sources;
  std::string out;
  auto add = [&](const auto& result) {
    REQUIRE(!result);
    std::string text = render(result.error(), sources);
    for (std::string path = folder / ""; text.find(path) != std::string::npos;)
      text.erase(text.find(path), path.size());
    out += text + "\n";
  };
  Array array = Array::zeros(DType::kU8, {2, 2});
  std::vector<NamedArray> two = {{"first", array}, {"second", array}};
  REQUIRE(save(folder / "data.npy", array));
  REQUIRE(save_all(folder / "two.npz", two));
  REQUIRE(save(folder / "image.png", array));
  std::filesystem::create_directory(folder / "folder.npy");
  std::filesystem::create_symlink("/dev/null", folder / "null.npy");
  add(load(folder / "dta.npy"));
  add(load(folder / "nothing-like-it.npy"));
  add(load(folder / "folder.npy"));
  add(load(folder / "null.npy"));
  add(load(folder / "data.txt"));
  add(load(folder / "data.ny"));
  add(load(folder / "data"));
  add(load(folder / "image.png"));
  add(load(folder / "two.npz"));
  add(load(folder / "two.npz", "frist"));
  add(load(folder / "data.npy", "first"));
  add(save(folder / "data.h5", array));
  add(save(folder / "none/data.npy", array));
  add(save(folder / "folder.npy", array));
  add(save(folder / "null.npy", array));
  add(save_all(folder / "two.csv", two));
  check_golden("io/files.txt", out);
  CHECK(folder.files() == std::vector<std::string>{"data.npy", "folder.npy", "image.png", "null.npy", "two.npz"});
}

TEST_CASE("a failed write leaves the old file and nothing else") {
  TemporaryFolder folder;
  Array old = Array::zeros(DType::kU8, {3});
  Array large = Array::zeros(DType::kU8, {1 << 20});
  std::vector<std::string> names = {"x.npy", "x.npz", "x.safetensors"};
  for (const std::string& name : names) REQUIRE(save(folder / name, old));
  auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  rlimit small{1 << 16, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  for (const std::string& name : names) {
    Status status = save(folder / name, large);
    REQUIRE(!status);
    CHECK(status.error().code == Code::CannotWrite);
  }
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, before);
  CHECK(folder.files() == names);
  for (const std::string& name : names) CHECK(load(folder / name).value().same_bytes(old));
}

TEST_CASE("a file that is replaced keeps its permissions, and a link to it its target") {
  TemporaryFolder folder;
  Array array = Array::zeros(DType::kU8, {3});
  REQUIRE(save(folder / "x.npy", array));
  std::filesystem::permissions(folder / "x.npy", std::filesystem::perms(0640));
  std::filesystem::create_symlink("x.npy", folder / "link.npy");
  Array kept = load(folder / "x.npy").value();
  Array other = Array::zeros(DType::kF32, {5});
  REQUIRE(save(folder / "link.npy", other));
  CHECK(std::filesystem::is_symlink(folder / "link.npy"));
  CHECK(load(folder / "x.npy").value().same_bytes(other));
  CHECK(kept.same_bytes(array));  // still mapped
  CHECK(std::filesystem::status(folder / "x.npy").permissions() == std::filesystem::perms(0640));
}

TEST_CASE("64 bytes after a mapped file may be read, even at the end of a page") {
  TemporaryFolder folder;
  std::ofstream(folder / "page", std::ios::binary) << std::string(8192, 'x');
  auto file = FileBytes::map(folder / "page");
  REQUIRE(file);
  const std::byte* end = file->bytes().data() + file->size();
  for (int i = 0; i < 64; ++i) CHECK(const_cast<const volatile std::byte*>(end)[i] == std::byte{0});
  std::ofstream(folder / "empty.npy");
  CHECK(load(folder / "empty.npy").error().code == Code::BadFileHeader);
}

}  // namespace caten
