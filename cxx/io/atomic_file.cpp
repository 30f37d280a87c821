#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

namespace caten {
namespace {

std::string remedy_for(int error) {
  switch (error) {
    case ENOENT: return "make the folder first, or check the path";
    case ENOSPC:
    case EDQUOT: return "free some space";
    default: return "check the path and its permissions";
  }
}

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

}  // namespace

tl::unexpected<Diagnostic> AtomicFile::cannot_write(int error) const {
  return fail({.code = Code::CannotWrite,
               .message = fmt::format("cannot write {}", path_),
               .expected = "a place that can be written",
               .found = std::generic_category().message(error),
               .remedy = remedy_for(error)});
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  AtomicFile file;
  file.path_ = file.target_ = path;
  if (path.empty()) return file.cannot_write(ENOENT);
  struct stat facts {};
  bool exists = ::stat(path.c_str(), &facts) == 0;
  if (exists && !S_ISREG(facts.st_mode))
    return fail({.code = Code::CannotWrite,
                 .message = fmt::format("cannot write {}", path),
                 .expected = "a regular file or a new name",
                 .found = S_ISDIR(facts.st_mode) ? "a folder" : "a pipe or device",
                 .remedy = "choose another name"});
  if (exists) {
    std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (!real) return file.cannot_write(errno);
    file.target_ = real.get();
  }
  std::string folder = folder_of(file.target_);
  for (int attempt = 0; attempt < 1000 && file.fd_ < 0; ++attempt) {
    file.temporary_ = fmt::format("{}.caten-{}-{}.tmp", folder, ::getpid(), attempt);
    file.fd_ = ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.fd_ < 0 && errno != EEXIST) break;
  }
  if (file.fd_ < 0) {
    file.temporary_.clear();
    return file.cannot_write(errno);
  }
  if (exists && ::fchmod(file.fd_, facts.st_mode & 07777) != 0) return file.cannot_write(errno);
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, "")),
      fd_(std::exchange(other.fd_, -1)),
      error_(other.error_),
      written_(other.written_) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  constexpr size_t kAtOnce = size_t{1} << 30;
  while (!bytes.empty() && error_ == 0) {
    ssize_t count = ::write(fd_, bytes.data(), std::min(bytes.size(), kAtOnce));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error_ = errno;
      break;
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
    written_ += static_cast<uint64_t>(count);
  }
}

Status AtomicFile::commit() {
  assert(fd_ >= 0);
  if (error_ == 0 && ::fsync(fd_) != 0 && errno != EINVAL) error_ = errno;
  if (::close(std::exchange(fd_, -1)) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0 && std::rename(temporary_.c_str(), target_.c_str()) != 0) error_ = errno;
  if (error_ != 0) return cannot_write(error_);
  temporary_.clear();
  // The rename itself reaches the disk with the folder; where folders cannot be synced there is nothing more to do.
  std::string folder = folder_of(target_);
  int folder_fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd >= 0) {
    ::fsync(folder_fd);
    ::close(folder_fd);
  }
  return {};
}

}  // namespace caten
