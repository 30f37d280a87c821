// The bytes of a file as readers see them: mapped, or memory that stands for a file. Readers check every offset and
// length with `has` before they use it, and report what is wrong with `fail_at`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace caten {

class FileBytes {
 public:
  /// Maps a regular file. The bytes after its end may be read for 64 more, as Array promises to kernels. A file that
  /// somebody shortens while it is mapped kills the process (SIGBUS), as with every mapping; replacing it by a rename,
  /// as AtomicFile does, is safe.
  static Result<FileBytes> map(const std::string& path);
  /// Memory of the caller, who keeps it as long as this is read from; arrays are copied out of it. `name` is what
  /// messages print.
  static FileBytes borrow(std::string name, std::span<const std::byte> bytes);
  /// Memory that `owner` keeps alive; arrays share it.
  static FileBytes share(std::string name, std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

  const std::string& name() const { return name_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  uint64_t size() const { return bytes_.size(); }
  /// Null for borrowed memory.
  const std::shared_ptr<const void>& owner() const { return owner_; }

  /// Whether the `count` bytes from `offset` on are there.
  bool has(uint64_t offset, uint64_t count) const { return count <= size() && offset <= size() - count; }
  /// The bytes [offset, offset + count), which must be there.
  std::span<const std::byte> part(uint64_t offset, uint64_t count) const;
  /// The little-endian number of `width` bytes at `offset`, which must be there.
  uint64_t little(uint64_t offset, size_t width) const;

  /// The diagnostic with the place put before its message: "x.npy, byte 10: …".
  tl::unexpected<Diagnostic> fail_at(uint64_t offset, Diagnostic diagnostic) const;

 private:
  std::string name_;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

/// Uninitialised memory aligned to 64 bytes, with 64 more after its end; null when there is not enough.
std::shared_ptr<std::byte> allocate_bytes(uint64_t count);

/// At most 40 bytes of untrusted text between backquotes, for `found`.
std::string quote_briefly(std::string_view text);

/// What the first bytes of a file say it is, as a remedy: "it is a zip archive; name it .npz"; "" when unknown.
std::string recognise_content(std::string_view content);

}  // namespace caten
