#include "io/file_bytes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/memory.hpp"

namespace caten {
namespace {

tl::unexpected<Diagnostic> cannot_read(const std::string& path, int error, std::string remedy) {
  return fail({.code = Code::CannotRead,
               .message = fmt::format("cannot read {}", path),
               .expected = "a file that can be read",
               .found = std::generic_category().message(error),
               .remedy = std::move(remedy)});
}

/// A name like the wanted one in the same folder.
std::string suggest_path(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr size_t kLooked = 4096;
  fs::path wanted(path);
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator entries(wanted.has_parent_path() ? wanted.parent_path() : fs::path("."), error);
  while (!error && entries != fs::directory_iterator() && names.size() < kLooked) {
    names.push_back(entries->path().filename().string());
    entries.increment(error);
  }
  std::sort(names.begin(), names.end());
  std::string suggestion = did_you_mean(wanted.filename().string(), names);
  return suggestion.empty() ? "check the path" : suggestion;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<FileBytes> FileBytes::map(const std::string& path) {
  // Not blocking: opening a pipe must not wait for somebody to write into it.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    int error = errno;
    return cannot_read(path, error, error == ENOENT ? suggest_path(path) : "check the path and its permissions");
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return cannot_read(path, errno, "check the path");
  if (!S_ISREG(facts.st_mode))
    return fail({.code = Code::CannotRead,
                 .message = fmt::format("cannot read {}", path),
                 .expected = "a regular file",
                 .found = S_ISDIR(facts.st_mode) ? "a folder" : "a pipe or device",
                 .remedy = S_ISDIR(facts.st_mode) ? "name a file in it" : "write it to a file first"});
  auto size = static_cast<size_t>(facts.st_size);
  if (size == 0) return share(path, {}, nullptr);

  // Reserved first with room to spare, so that zero pages follow the file's last byte.
  size_t room = size + 64;
  void* memory = ::mmap(nullptr, room, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return cannot_read(path, errno, "free some memory");
  std::shared_ptr<const void> owner(memory, [room](void* start) { ::munmap(start, room); });
  if (::mmap(memory, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.get(), 0) == MAP_FAILED)
    return cannot_read(path, errno, "copy it to a local disk");
  return share(path, {static_cast<const std::byte*>(memory), size}, std::move(owner));
}

FileBytes FileBytes::borrow(std::string name, std::span<const std::byte> bytes) {
  return share(std::move(name), bytes, nullptr);
}

FileBytes FileBytes::share(std::string name, std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  FileBytes file;
  file.name_ = std::move(name);
  file.bytes_ = bytes;
  file.owner_ = std::move(owner);
  return file;
}

std::span<const std::byte> FileBytes::part(uint64_t offset, uint64_t count) const {
  assert(has(offset, count));
  return bytes_.subspan(static_cast<size_t>(offset), static_cast<size_t>(count));
}

uint64_t FileBytes::little(uint64_t offset, size_t width) const {
  assert(has(offset, width) && width <= 8);
  uint64_t value = 0;
  for (size_t i = width; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes_[offset + i]);
  return value;
}

tl::unexpected<Diagnostic> FileBytes::fail_at(uint64_t offset, Diagnostic diagnostic) const {
  diagnostic.message = fmt::format("{}, byte {}: {}", name_, offset, diagnostic.message);
  return fail(std::move(diagnostic));
}

std::shared_ptr<std::byte> allocate_bytes(uint64_t count) {
  if (count > uint64_t{1} << 62) return nullptr;
  auto* memory = static_cast<std::byte*>(allocate_aligned(count + 64));
  return memory ? std::shared_ptr<std::byte>(memory, std::free) : nullptr;
}

std::string quote_briefly(std::string_view text) {
  constexpr size_t kShown = 40;
  size_t end = std::min(text.size(), kShown);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80 && end < kShown + 3) ++end;
  std::string shown(text.substr(0, end));
  std::replace(shown.begin(), shown.end(), '\n', ' ');  // diagnostics keep lines apart
  return fmt::format("`{}{}`", shown, end < text.size() ? "…" : "");
}

std::string recognise_content(std::string_view content) {
  using namespace std::string_view_literals;
  static constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"\x93NUMPY"sv, "it is an npy file; name it .npy"},
      {"PK\x03\x04"sv, "it is a zip archive; if it holds npy files, name it .npz"},
      {"\x1f\x8b"sv, "it is compressed with gzip; name it .csv.gz, or unpack it with gunzip"},
      {"\x89PNG"sv, "it is a PNG image, which caten writes but does not read"},
      {"\x89HDF"sv, "it is an HDF5 file; save its arrays as .npy or .safetensors"},
      {"\x80\x02"sv, "it is a Python pickle; save its arrays as .npy or .safetensors"},
      {"\x80\x03"sv, "it is a Python pickle; save its arrays as .npy or .safetensors"},
      {"\x80\x04"sv, "it is a Python pickle; save its arrays as .npy or .safetensors"},
      {"\x80\x05"sv, "it is a Python pickle; save its arrays as .npy or .safetensors"},
      {"version https://git-lfs"sv, "it is a pointer of git-lfs to the real file; fetch that with `git lfs pull`"},
  };
  for (const auto& [magic, remedy] : kKinds)
    if (content.substr(0, magic.size()) == magic) return std::string(remedy);
  return "";
}

}  // namespace caten
