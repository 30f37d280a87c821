// Artifacts on disk, found again by the content of what they were made from.
//
// In: a key, made from every text that an artifact depends on, and the artifact's bytes. Out: the same bytes, in any
// later process, or nothing. A store never fails: a file that cannot be written is not kept, one that is damaged, cut
// short or of another version counts as absent and is removed. Files appear by rename, so that concurrent processes see
// whole artifacts or none; the oldest ones go when the store outgrows its capacity.
//
// $CATEN_CACHE names the folder (`off`: no store), else $XDG_CACHE_HOME/caten, else ~/.cache/caten.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caten {

/// 128 bits of the texts, with their boundaries, as 32 hexadecimal digits.
std::string content_key(std::initializer_list<std::string_view> texts);

class ArtifactStore {
 public:
  static constexpr uint64_t kCapacity = uint64_t{1} << 30;

  /// "": a store that keeps nothing.
  explicit ArtifactStore(std::string folder = default_folder(), uint64_t capacity = kCapacity)
      : folder_(std::move(folder)), capacity_(capacity) {
    unseen_->store(capacity / kLooksPerCapacity);
  }

  static std::string default_folder();

  std::optional<std::string> load(const std::string& key) const;
  /// Whether there was an obstacle, in the system's words; "": the artifact is kept, or the store keeps nothing.
  /// `description` is what people are shown of it: one line.
  std::string save(const std::string& key, std::string_view bytes, std::string_view description = "") const;

  struct Entry {
    std::string key;
    std::string description;
    uint64_t bytes = 0;  ///< on disk
    int64_t used = 0;    ///< seconds since 1970
    bool whole = true;   ///< false: damaged, or of another version
  };
  /// What is there, last used first.
  std::vector<Entry> entries() const;

  struct Removed {
    size_t files = 0;
    uint64_t bytes = 0;
  };
  /// Removes what is damaged, what processes that died left half-written, and what was used longest ago until the rest
  /// has at most `capacity` bytes; 0 removes everything.
  Removed collect(uint64_t capacity) const;
  Removed collect() const { return collect(capacity_); }

  const std::string& folder() const { return folder_; }

 private:
  std::string path(const std::string& key) const { return folder_ + "/artifacts/" + key; }

  std::string folder_;
  uint64_t capacity_;
  /// Bytes saved since the folder was looked through; the first one that is saved looks.
  static constexpr uint64_t kLooksPerCapacity = 64;
  std::shared_ptr<std::atomic<uint64_t>> unseen_ = std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace caten
