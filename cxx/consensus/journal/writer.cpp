#include "consensus/journal/writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace caten::consensus {
namespace {

/// The name of a new file reaches the disk with its folder; where folders cannot be synced there is nothing more to do.
void sync_folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

JournalWriter::JournalWriter(JournalWriter&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_), failed_(other.failed_) {}

JournalWriter::~JournalWriter() {
  if (fd_ >= 0) ::close(fd_);
}

tl::unexpected<Diagnostic> JournalWriter::cannot_write(std::string found) const {
  return fail({.code = Code::CannotWrite,
               .message = fmt::format("cannot write the journal {}", path_),
               .expected = "a file of this run alone, on a disk with room",
               .found = std::move(found),
               .remedy = "what was written before is whole; name another file, or resume the run when there is room"});
}

Result<JournalWriter> JournalWriter::open(const std::string& path, int flags) {
  JournalWriter out(path, ::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0666));
  struct stat facts {};
  if (out.fd_ < 0 || ::fstat(out.fd_, &facts) != 0) return out.cannot_write(std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return out.cannot_write("no regular file");
  if (::flock(out.fd_, LOCK_EX | LOCK_NB) != 0) return out.cannot_write("another process that writes it");
  out.size_ = static_cast<uint64_t>(facts.st_size);
  return out;
}

Result<JournalWriter> JournalWriter::create(const std::string& path, const RunStart& start) {
  Result<JournalWriter> out = open(path, O_CREAT);
  if (!out) return out;
  if (out->size_ > 0) {
    // A torn beginning is what a run leaves that ended while it made the file.
    Result<FileBytes> file = FileBytes::map(path);
    if (!file) return tl::make_unexpected(file.error());
    Result<std::optional<Journal>> there = read_journal(*file);
    if (!there) return tl::make_unexpected(there.error());
    if (there->has_value()) return out->cannot_write("a journal that is there already");
    if (::ftruncate(out->fd_, 0) != 0) return out->cannot_write(std::strerror(errno));
    out->size_ = 0;
  }
  std::string beginning = journal_head() + encode(start);
  if (beginning.size() > kMaxPayload / 2) return out->cannot_write("a program and inputs that are too large");
  if (Status written = out->write(beginning); !written) return tl::make_unexpected(written.error());
  sync_folder_of(path);
  return out;
}

Result<JournalWriter> JournalWriter::resume(const std::string& path, const Journal& journal) {
  Result<JournalWriter> out = open(path, 0);
  if (!out) return out;
  if (out->size_ != journal.file.size()) return out->cannot_write("a file that changed since it was read");
  if (journal.torn() && (::ftruncate(out->fd_, static_cast<off_t>(journal.whole)) != 0 || ::fsync(out->fd_) != 0))
    return out->cannot_write(std::strerror(errno));
  out->size_ = journal.whole;
  return out;
}

Status JournalWriter::append(const Record& record) {
  if (failed_) return cannot_write("an error before");
  if (record.name.size() > kMaxShort || record.digest.size() > kMaxShort || record.data.size() > kMaxPayload / 2)
    return cannot_write("a record that is too large");
  return write(encode(record));
}

Status JournalWriter::write(std::string_view bytes) {
  uint64_t at = size_;
  int error = 0;
  while (!bytes.empty() && error == 0) {
    ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error = errno;
      break;
    }
    at += static_cast<uint64_t>(count);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  if (error == 0 && ::fsync(fd_) != 0) error = errno;
  if (error == 0) {
    size_ = at;
    return {};
  }
  failed_ = true;
  // A tail that cannot be cut off either is torn, which readers take for what it is.
  if (::ftruncate(fd_, static_cast<off_t>(size_)) == 0) ::fsync(fd_);
  return cannot_write(std::strerror(error));
}

}  // namespace caten::consensus
