#include "cache/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL  // NOLINT: the header asks for this name
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace caten {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "caten artifact 1\n";

std::string hexadecimal(XXH128_hash_t hash) {
  std::string out;
  for (uint64_t part : {hash.high64, hash.low64})
    for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[part >> shift & 15];
  return out;
}

std::string digest(std::string_view bytes) { return hexadecimal(XXH3_128bits(bytes.data(), bytes.size())); }

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

std::string content_key(std::initializer_list<std::string_view> texts) {
  std::string all;
  for (std::string_view text : texts) {
    all += std::to_string(text.size()) + ':';
    all += text;
  }
  return digest(all);
}

std::string ArtifactStore::default_folder() {
  if (const char* chosen = std::getenv("CATEN_CACHE")) return std::string_view(chosen) == "off" ? "" : chosen;
  if (const char* base = std::getenv("XDG_CACHE_HOME"); base && *base == '/') return std::string(base) + "/caten";
  if (const char* home = std::getenv("HOME"); home && *home == '/') return std::string(home) + "/.cache/caten";
  return "";
}

std::optional<std::string> ArtifactStore::load(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::string file = path(key);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  std::string all((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  size_t header = kMagic.size() + 32;
  bool whole = all.size() >= header && std::string_view(all).substr(0, kMagic.size()) == kMagic &&
               std::string_view(all).substr(kMagic.size(), 32) == digest(std::string_view(all).substr(header));
  if (!whole) {
    unlink(file.c_str());
    return std::nullopt;
  }
  utimensat(AT_FDCWD, file.c_str(), nullptr, 0);  // the time of last use decides who goes first
  all.erase(0, header);
  return all;
}

void ArtifactStore::save(const std::string& key, std::string_view bytes) const {
  if (folder_.empty()) return;
  std::error_code error;
  fs::create_directories(folder_ + "/artifacts", error);
  if (error) return;
  // What is loaded from here runs with the user's rights: nobody else may write it.
  chmod((folder_ + "/artifacts").c_str(), 0700);
  static std::atomic<uint64_t> counter{0};
  std::string temporary =
      path(key) + "." + std::to_string(getpid()) + "." + std::to_string(counter.fetch_add(1)) + ".partial";
  int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return;
  bool good = write_all(file, kMagic) && write_all(file, digest(bytes)) && write_all(file, bytes);
  good = close(file) == 0 && good;
  if (!good || rename(temporary.c_str(), path(key).c_str()) != 0) {
    unlink(temporary.c_str());
    return;
  }
  // Looking at every file costs more than writing one.
  if (unseen_->fetch_add(bytes.size()) + bytes.size() < capacity_ / kLooksPerCapacity) return;
  unseen_->store(0);
  evict();
}

void ArtifactStore::evict() const {
  struct File {
    fs::file_time_type used;
    uint64_t bytes;
    fs::path path;
  };
  std::vector<File> files;
  uint64_t total = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_ + "/artifacts", error)) {
    std::error_code gone;
    uint64_t bytes = entry.file_size(gone);
    fs::file_time_type used = entry.last_write_time(gone);
    if (gone) continue;
    files.push_back({used, bytes, entry.path()});
    total += bytes;
  }
  if (total <= capacity_) return;
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.used != b.used ? a.used < b.used : a.path < b.path; });
  // Well below the capacity, so that not every artifact evicts another one.
  for (const File& file : files) {
    if (total <= capacity_ / 4 * 3) break;
    fs::remove(file.path, error);
    total -= file.bytes;
  }
}

}  // namespace caten
