#include "cache/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL  // NOLINT: the header asks for this name
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

namespace caten {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "caten artifact 2\n";
constexpr std::string_view kPartial = ".partial";

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

namespace {

/// A file is the magic line, a checksum of all that follows, a line of description, and the artifact.
struct Content {
  std::string description;
  std::string bytes;
};

std::optional<Content> read_content(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  std::string all((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  size_t header = kMagic.size() + 32;
  bool whole = all.size() >= header && std::string_view(all).substr(0, kMagic.size()) == kMagic &&
               std::string_view(all).substr(kMagic.size(), 32) == digest(std::string_view(all).substr(header));
  size_t line = whole ? all.find('\n', header) : std::string::npos;
  if (line == std::string::npos) return std::nullopt;
  std::string description = all.substr(header, line - header);
  all.erase(0, line + 1);
  return Content{std::move(description), std::move(all)};
}

/// The process that writes a file which is not whole yet: KEY.PID.COUNT.partial.
bool left_behind(const std::string& name) {
  size_t dot = name.find('.');
  int64_t process = dot == std::string::npos ? 0 : std::strtol(name.c_str() + dot + 1, nullptr, 10);
  return process <= 0 || (kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH);
}

}  // namespace

std::optional<std::string> ArtifactStore::load(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::string file = path(key);
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  std::optional<Content> content = read_content(file);
  if (!content) {
    unlink(file.c_str());
    return std::nullopt;
  }
  utimensat(AT_FDCWD, file.c_str(), nullptr, 0);  // the time of last use decides who goes first
  return std::move(content->bytes);
}

std::string ArtifactStore::save(const std::string& key, std::string_view artifact, std::string_view description) const {
  if (folder_.empty()) return "";
  auto obstacle = [] { return std::generic_category().message(errno); };
  std::string bytes(description.substr(0, description.find('\n')));
  bytes += '\n';
  bytes += artifact;
  std::error_code error;
  fs::create_directories(folder_ + "/artifacts", error);
  if (error) return error.message();
  // What is loaded from here runs with the user's rights: nobody else may write it.
  chmod((folder_ + "/artifacts").c_str(), 0700);
  static std::atomic<uint64_t> counter{0};
  std::string temporary =
      path(key) + "." + std::to_string(getpid()) + "." + std::to_string(counter.fetch_add(1)) + std::string(kPartial);
  int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return obstacle();
  std::string why;
  if (!write_all(file, kMagic) || !write_all(file, digest(bytes)) || !write_all(file, bytes)) why = obstacle();
  if (close(file) != 0 && why.empty()) why = obstacle();
  if (why.empty() && rename(temporary.c_str(), path(key).c_str()) != 0) why = obstacle();
  if (!why.empty()) {
    unlink(temporary.c_str());
    return why;
  }
  // Looking at every file costs more than writing one.
  if (unseen_->fetch_add(bytes.size()) + bytes.size() < capacity_ / kLooksPerCapacity) return "";
  unseen_->store(0);
  std::error_code gone;
  uint64_t total = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_ + "/artifacts", error))
    if (uint64_t size = entry.file_size(gone); !gone) total += size;
  // Well below the capacity, so that not every artifact evicts another one.
  if (total > capacity_) collect(capacity_ / 4 * 3);
  return "";
}

std::vector<ArtifactStore::Entry> ArtifactStore::entries() const {
  std::vector<Entry> out;
  std::error_code error;
  if (folder_.empty()) return out;
  for (const fs::directory_entry& file : fs::directory_iterator(folder_ + "/artifacts", error)) {
    struct stat facts {};
    if (stat(file.path().c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
    Entry entry{file.path().filename().string(), "", static_cast<uint64_t>(facts.st_size), facts.st_mtime, false};
    bool partial = entry.key.ends_with(kPartial);
    if (partial && !left_behind(entry.key)) continue;
    if (std::optional<Content> content = partial ? std::nullopt : read_content(file.path().string())) {
      entry.description = std::move(content->description);
      entry.whole = true;
    }
    out.push_back(std::move(entry));
  }
  std::sort(out.begin(), out.end(),
            [](const Entry& a, const Entry& b) { return a.used != b.used ? a.used > b.used : a.key < b.key; });
  return out;
}

ArtifactStore::Removed ArtifactStore::collect(uint64_t capacity) const {
  Removed removed;
  uint64_t kept = 0;
  for (const Entry& entry : entries()) {
    if (entry.whole && kept + entry.bytes <= capacity) {
      kept += entry.bytes;
      continue;
    }
    if (unlink(path(entry.key).c_str()) != 0) continue;
    ++removed.files;
    removed.bytes += entry.bytes;
  }
  return removed;
}

}  // namespace caten
