#include "cli/history.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace caten;

TEST_CASE("entries come back as they were, bounded and private") {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("caten-history-" + std::to_string(getpid()));
  std::string path = (folder / "state" / "history").string();
  HistoryFile history(path, 10);
  CHECK(history.load().empty());
  const std::string several = "(defun f (x)\n  \"a\\n\\\\b\"\n  x)";
  REQUIRE(history.append(several));
  REQUIRE(history.append("größe λ"));
  CHECK(history.load() == std::vector<std::string>{several, "größe λ"});
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);

  for (int i = 0; i < 30; ++i) REQUIRE(history.append(std::to_string(i)));
  std::ofstream(path, std::ios::app) << "\xFF is no UTF-8\n\n";
  std::vector<std::string> entries = history.load();
  REQUIRE(entries.size() == 10);
  CHECK(entries.back() == "29");
  CHECK(history.load() == entries);  // the file was shortened to these
  CHECK(std::filesystem::file_size(path) < 40);
  REQUIRE(history.append(std::string(1 << 20, 'x')));  // too long to keep
  CHECK(history.load() == entries);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a history that cannot be written is an error once it is tried") {
  CHECK(HistoryFile("").append("x"));
  CHECK_FALSE(HistoryFile("/proc/nowhere/history").append("x"));
}
