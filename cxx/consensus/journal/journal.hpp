// The journal of a run: what happened, on disk before anybody sees it, so that the run can be resumed and any step
// rebuilt.
//
// A file is the line "caten journal 1" and records [len u32][crc32c u32][type u8][k u64][payload of len bytes], numbers
// little-endian, the checksum over all that stands behind it and the length. Invariants: the first record is INIT and
// no other; steps follow each other without a gap, from 1 or
// from a checkpoint that is the first record behind INIT; every record was on disk before the next was written, so that
// only the last can be torn. Entry: read_journal, JournalWriter, replay (replay.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "io/file_bytes.hpp"

namespace caten::consensus {

/// Names and digests have at most so many bytes.
inline constexpr size_t kMaxShort = 4096;
/// Of one record.
inline constexpr uint64_t kMaxPayload = uint64_t{1} << 31;

/// What a run started from, whole: a journal can be repeated without any other file. It belongs to runs that started
/// from the same.
struct RunStart {
  struct Input {
    bool data = false;  ///< of --in; else of --param
    std::string name{};
    std::string text{};   ///< as a person gave it; "@" for what was read from a file
    std::string array{};  ///< that, as .npy
    bool operator==(const Input&) const = default;
  };
  std::string program{};  ///< as LCI
  uint64_t seed = 0;
  std::vector<Input> inputs{};
  bool operator==(const RunStart&) const = default;
};

enum class RecordType : uint8_t {
  kInit = 1,   ///< RunStart
  kStep,       ///< step k: its event in words, and the digest of what the cells held behind it
  kCheckpoint  ///< all that the world remembered behind step k, and the digest of its state
};

struct Record {
  RecordType type = RecordType::kInit;
  uint64_t k = 0;             ///< steps of the run are counted from 1, also across restarts of the program
  std::string_view name{};    ///< of kStep
  std::string_view digest{};  ///< bytes that only their maker can compute
  std::string_view data{};    ///< of kCheckpoint
  uint64_t offset = 0;        ///< in the file
};

/// What is whole in a file. Records view the bytes of `file`.
struct Journal {
  FileBytes file;
  RunStart start{};
  std::vector<Record> records{};  ///< without INIT
  uint64_t whole = 0;             ///< bytes up to the end of the last record
  /// A record was being written when the run ended, and is not here.
  bool torn() const { return whole < file.size(); }
};

/// E1040 for what is no journal, E1041 where a record is damaged and others follow. A torn end is no error; nothing at
/// all is a journal whose INIT is torn, and then there is none to continue: an empty optional.
Result<std::optional<Journal>> read_journal(FileBytes file);

/// E1040 unless the journal began as this run does: the program, the seed or something given is another.
Status check_start(const Journal& journal, const RunStart& start);

/// How a record and the beginning of a file are written.
std::string journal_head();
std::string encode(const RunStart& start);
std::string encode(const Record& record);

}  // namespace caten::consensus
