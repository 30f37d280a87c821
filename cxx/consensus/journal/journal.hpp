// The journal of a run: what happened, on disk before anybody sees it, so that the run can be resumed and any step
// rebuilt.
//
// A file is the line "caten journal 1" and records [len u32][crc32c u32][type u8][k u64][payload of len bytes], numbers
// little-endian, the checksum over all that stands behind it and the length. Invariants: the first record is INIT and
// no other; k never falls, and grows from STEP to STEP; every record was on disk before the next was written, so that
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

/// Digests are bytes that only their maker can compute; names and digests have at most kMaxShort bytes.
inline constexpr size_t kMaxShort = 4096;
/// Of one record.
inline constexpr uint64_t kMaxPayload = uint64_t{1} << 31;

/// What a run started from. A journal belongs to runs that started from the same.
struct RunStart {
  struct Input {
    std::string name{};
    std::string digest{};
    bool operator==(const Input&) const = default;
  };
  std::string program{};  ///< its hash
  uint64_t seed = 0;
  std::vector<Input> inputs{};
  bool operator==(const RunStart&) const = default;
};

enum class RecordType : uint8_t {
  kInit = 1,   ///< RunStart
  kEvent,      ///< an event that came from outside, before step k: its id, its bytes
  kInput,      ///< data that came from outside, before step k: its name, its digest
  kStep,       ///< step k: the id of its event, the digest of what it committed, and what else is needed to repeat it
  kCheckpoint  ///< the whole state after step k, and its digest
};

struct Record {
  RecordType type = RecordType::kInit;
  uint64_t k = 0;
  std::string_view name{};    ///< of kEvent, kInput and kStep
  std::string_view digest{};  ///< of kInput, kStep and kCheckpoint
  std::string_view data{};    ///< of kEvent, kStep and kCheckpoint
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

/// E1040 unless the journal began as this run does: the program, the seed or an input is another.
Status check_start(const Journal& journal, const RunStart& start);

/// How a record and the beginning of a file are written.
std::string journal_head();
std::string encode(const RunStart& start);
std::string encode(const Record& record);

}  // namespace caten::consensus
