#include "cache/store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace caten {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "caten-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

size_t files(const std::string& folder) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder + "/artifacts")) count += entry.is_regular_file();
  return count;
}

}  // namespace

TEST_CASE("keys depend on every text and on where one ends") {
  CHECK(content_key({"ab", "c"}) == content_key({"ab", "c"}));
  CHECK(content_key({"ab", "c"}) != content_key({"a", "bc"}));
  CHECK(content_key({"ab"}) != content_key({"ab", ""}));
  CHECK(content_key({""}).size() == 32);
}

TEST_CASE("what is saved is loaded, by another store too") {
  Folder folder;
  std::string bytes(100'000, 'x');
  bytes[5] = '\0';
  ArtifactStore(folder.path).save("key", bytes);
  CHECK(ArtifactStore(folder.path).load("key") == bytes);
  CHECK_FALSE(ArtifactStore(folder.path).load("other").has_value());
  ArtifactStore(folder.path).save("key", "");
  CHECK(ArtifactStore(folder.path).load("key") == "");
}

TEST_CASE("damaged artifacts are absent, and removed") {
  Folder folder;
  ArtifactStore store(folder.path);
  for (int kind = 0; kind < 3; ++kind) {
    store.save("key", "the bytes of an artifact");
    std::string file = folder.path + "/artifacts/key";
    if (kind == 0) fs::resize_file(file, fs::file_size(file) - 1);
    if (kind == 1) fs::resize_file(file, 3);
    if (kind == 2) {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(-2, std::ios::end);
      stream.put('!');
    }
    CHECK_FALSE(store.load("key").has_value());
    CHECK(files(folder.path) == 0);
  }
}

TEST_CASE("a store that outgrows its capacity drops what was used longest ago") {
  Folder folder;
  ArtifactStore store(folder.path, 10'000);
  for (int i = 0; i < 9; ++i) {
    std::string key = "key" + std::to_string(i);
    store.save(key, std::string(1000, 'x'));
    fs::last_write_time(folder.path + "/artifacts/" + key,
                        fs::file_time_type::clock::now() - std::chrono::seconds(100 - i));
  }
  CHECK(store.load("key0").has_value());
  store.save("last", std::string(1000, 'x'));
  CHECK(store.load("key0").has_value());
  CHECK(store.load("last").has_value());
  CHECK_FALSE(store.load("key1").has_value());
  CHECK(files(folder.path) <= 8);
}

TEST_CASE("many writers of one key leave one whole artifact") {
  Folder folder;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) ArtifactStore(folder.path).save("key", std::string(5000, 'x'));
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(ArtifactStore(folder.path).load("key") == std::string(5000, 'x'));
  CHECK(files(folder.path) == 1);
}

TEST_CASE("entries are listed last used first, with their descriptions; damaged ones are collected") {
  Folder folder;
  ArtifactStore store(folder.path);
  store.save("a", std::string(100, 'x'), "cpu, avx2\nsecond line");
  store.save("b", "y");
  fs::last_write_time(folder.path + "/artifacts/a", fs::file_time_type::clock::now() - std::chrono::hours(2));
  std::ofstream(folder.path + "/artifacts/c") << "no artifact";
  std::ofstream(folder.path + "/artifacts/d.1.0.partial") << "process 1 is alive";
  std::ofstream(folder.path + "/artifacts/e.999999999.0.partial") << "nobody writes this any more";
  std::vector<ArtifactStore::Entry> entries = store.entries();
  REQUIRE(entries.size() == 4);
  CHECK(entries[3].key == "a");
  CHECK(entries[3].description == "cpu, avx2");
  CHECK(entries[3].whole);
  CHECK(std::count_if(entries.begin(), entries.end(), [](const auto& entry) { return entry.whole; }) == 2);
  CHECK(store.collect().files == 2);
  CHECK(files(folder.path) == 3);
  CHECK(store.collect(120).files == 1);  // both do not fit
  CHECK(store.load("b") == "y");
  CHECK_FALSE(store.load("a").has_value());
  CHECK(store.collect(0).files == 1);
  CHECK(store.entries().empty());
}

TEST_CASE("a store without a folder, or with one that cannot be written, keeps nothing and says why") {
  CHECK(ArtifactStore("").save("key", "x").empty());
  CHECK_FALSE(ArtifactStore("").load("key").has_value());
  CHECK(ArtifactStore("/proc/no/such").save("key", "x") == "No such file or directory");
  CHECK_FALSE(ArtifactStore("/proc/no/such").load("key").has_value());
}

}  // namespace caten
