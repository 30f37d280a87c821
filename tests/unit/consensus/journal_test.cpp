// Journals: what is written is read, whatever is cut off at the end, and nothing else passes for a journal.
#include "consensus/journal/journal.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "../io/temporary_folder.hpp"
#include "consensus/journal/crc32c.hpp"
#include "consensus/journal/replay.hpp"
#include "consensus/journal/writer.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

RunStart start() {
  return {.program = "(lci a program)",
          .seed = 7,
          .inputs = {{.data = false, .name = "H", .text = "64", .array = {}},
                     {.data = true, .name = "Spin", .text = "@", .array = std::string("a\0b", 3)}}};
}

Record step(uint64_t k, std::string_view digest) {
  return {.type = RecordType::kStep, .k = k, .name = "event", .digest = digest, .data = {}};
}

Record checkpoint(uint64_t k, std::string_view digest, std::string_view data) {
  return {.type = RecordType::kCheckpoint, .k = k, .name = {}, .digest = digest, .data = data};
}

/// The bytes of a journal with one record of each type, and where each record ends.
std::string sample(std::vector<size_t>* ends = nullptr) {
  std::string out = journal_head();
  std::vector<std::string> parts{encode(start())};
  parts.push_back(encode(step(1, "one")));
  parts.push_back(encode(checkpoint(1, "whole", std::string_view("\0\1", 2))));
  parts.push_back(encode(step(2, "two")));
  parts.push_back(encode(checkpoint(2, "again", "state")));
  parts.push_back(encode(step(3, "three")));
  for (const std::string& each : parts) {
    out += each;
    if (ends) ends->push_back(out.size());
  }
  return out;
}

Result<std::optional<Journal>> read(const std::string& bytes) {
  return read_journal(FileBytes::borrow("run.journal", std::as_bytes(std::span(bytes.data(), bytes.size()))));
}

Code code_of(const std::string& bytes) {
  Result<std::optional<Journal>> read_bytes = read(bytes);
  REQUIRE_FALSE(read_bytes.has_value());
  return read_bytes.error().code;
}

}  // namespace

TEST_CASE("the checksum is CRC-32C") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(crc32c("6789", crc32c("12345")) == 0xE3069283);
}

TEST_CASE("what is written is read") {
  std::string bytes = sample();
  Result<std::optional<Journal>> journal = read(bytes);
  REQUIRE(journal.has_value());
  REQUIRE(journal->has_value());
  const Journal& found = **journal;
  CHECK(found.start == start());
  CHECK_FALSE(found.torn());
  REQUIRE(found.records.size() == 5);
  CHECK(found.records[0].type == RecordType::kStep);
  CHECK(found.records[0].k == 1);
  CHECK(found.records[0].name == "event");
  CHECK(found.records[0].digest == "one");
  CHECK(found.records[1].type == RecordType::kCheckpoint);
  CHECK(found.records[1].data == std::string_view("\0\1", 2));
  CHECK(found.records[3].data == "state");
  std::string again = journal_head() + encode(found.start);
  for (const Record& each : found.records) again += encode(each);
  CHECK(again == bytes);
}

TEST_CASE("a journal cut at any byte is all its whole records") {
  std::vector<size_t> ends;
  std::string bytes = sample(&ends);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    std::string cut = bytes.substr(0, size);
    Result<std::optional<Journal>> journal = read(cut);
    REQUIRE(journal.has_value());
    if (size < ends[0]) {
      CHECK_FALSE(journal->has_value());
      continue;
    }
    REQUIRE(journal->has_value());
    size_t whole = 0;
    while (whole < ends.size() && ends[whole] <= size) ++whole;
    CHECK((*journal)->records.size() == whole - 1);
    CHECK((*journal)->whole == ends[whole - 1]);
    CHECK((*journal)->torn() == (size != ends[whole - 1]));
  }
}

TEST_CASE("a byte that changed is an error, or the last record is torn; never another record") {
  std::vector<size_t> ends;
  std::string bytes = sample(&ends);
  size_t last = ends[ends.size() - 2], damaged = 0, torn = 0;
  for (size_t at = 0; at < bytes.size(); ++at)
    for (unsigned change : {0x01U, 0x80U, 0xFFU}) {
      CAPTURE(at);
      std::string other = bytes;
      other[at] = static_cast<char>(static_cast<unsigned char>(other[at]) ^ change);
      Result<std::optional<Journal>> journal = read(other);
      if (!journal.has_value()) {
        CHECK(at < last);
        CHECK(journal.error().code == (at < journal_head().size() ? Code::ForeignJournal : Code::DamagedJournal));
        ++damaged;
        continue;
      }
      CHECK(at >= last);
      REQUIRE(journal->has_value());
      CHECK((*journal)->whole == last);
      CHECK((*journal)->torn());
      ++torn;
    }
  CHECK(damaged == 3 * last);
  CHECK(torn == 3 * (bytes.size() - last));
}

TEST_CASE("what is no journal, or has records that cannot be, is refused") {
  CHECK(code_of("PK\3\4 something else") == Code::ForeignJournal);
  CHECK(code_of(journal_head() + encode(step(1, "d"))) == Code::DamagedJournal);
  CHECK(code_of(journal_head() + encode(start()) + encode(start())) == Code::DamagedJournal);
  std::string begin = journal_head() + encode(start()), one = encode(step(1, "d"));
  CHECK(code_of(begin + one + one) == Code::DamagedJournal);
  CHECK(code_of(begin + one + encode(step(3, "d"))) == Code::DamagedJournal);
  CHECK(code_of(begin + encode(step(2, "d"))) == Code::DamagedJournal);
  CHECK(code_of(begin + one + encode(checkpoint(2, "d", "state"))) == Code::DamagedJournal);
}

TEST_CASE("a journal belongs to one program, seed and inputs") {
  std::string bytes = sample();
  Result<std::optional<Journal>> journal = read(bytes);
  const Journal& found = **journal;
  CHECK(check_start(found, start()).has_value());
  for (int change = 0; change < 5; ++change) {
    RunStart other = start();
    if (change == 0) other.program = "another";
    if (change == 1) other.seed = 8;
    if (change == 2) other.inputs[1].array = "changed";
    if (change == 3) other.inputs.pop_back();
    if (change == 4) other.inputs[0].text = "32";
    Status same = check_start(found, other);
    REQUIRE_FALSE(same.has_value());
    CHECK(same.error().code == Code::ForeignJournal);
  }
}

TEST_CASE("a journal is never overwritten, goes on where it ended, and has one writer") {
  TemporaryFolder folder;
  std::string path = folder / "run.journal";
  {
    Result<JournalWriter> writer = JournalWriter::create(path, start());
    REQUIRE(writer.has_value());
    CHECK(writer->append(step(1, "one")).has_value());
    CHECK_FALSE(JournalWriter::create(path, start()).has_value());
    CHECK(writer->append(step(2, "two")).has_value());
  }
  CHECK_FALSE(JournalWriter::create(path, start()).has_value());
  std::ofstream(path, std::ios::app | std::ios::binary) << encode(step(3, "three")).substr(0, 20);  // torn
  {
    Result<std::optional<Journal>> journal = read_journal(*FileBytes::map(path));
    REQUIRE((journal.has_value() && journal->has_value()));
    CHECK((*journal)->torn());
    Result<JournalWriter> writer = JournalWriter::resume(path, **journal);
    REQUIRE(writer.has_value());
    CHECK(writer->append(step(3, "again")).has_value());
  }
  Result<std::optional<Journal>> journal = read_journal(*FileBytes::map(path));
  REQUIRE((journal.has_value() && journal->has_value()));
  CHECK_FALSE((*journal)->torn());
  REQUIRE((*journal)->records.size() == 3);
  CHECK((*journal)->records[2].digest == "again");
  CHECK_FALSE(JournalWriter::create(folder / "no/such/folder", start()).has_value());
  CHECK_FALSE(JournalWriter::create("/dev/null", start()).has_value());
}

namespace {

/// A run whose state is a number.
struct Counter {
  uint64_t state = 1;
  size_t restored = 0, repeated = 0;

  std::string digest() const { return std::to_string(state); }
  std::string step(uint64_t k) {
    state = state * 31 + k;
    return digest();
  }
  Replayer replayer() {
    return {.restore = [this](const Record& checkpoint) -> Result<std::string> {
              ++restored;
              state = std::stoull(std::string(checkpoint.data));
              return digest();
            },
            .step = [this](const Record& record) -> Result<std::string> {
              ++repeated;
              return step(record.k);
            },
            .digest = [this] { return digest(); }};
  }
};

/// Runs to this step, from what the journal holds, and gives the last digest. A checkpoint stands behind every tenth.
std::string run(const std::string& path, uint64_t steps) {
  Counter counter;
  uint64_t k = 0;
  Result<FileBytes> file = FileBytes::map(path);
  std::optional<JournalWriter> writer;
  if (file) {
    Result<std::optional<Journal>> journal = read_journal(*file);
    REQUIRE(journal.has_value());
    if (journal->has_value()) {
      Result<Replayed> replayed = replay(**journal, counter.replayer());
      REQUIRE(replayed.has_value());
      k = replayed->k;
      writer.emplace(std::move(*JournalWriter::resume(path, **journal)));
    }
  }
  if (!writer) writer.emplace(std::move(*JournalWriter::create(path, start())));
  while (k < steps) {
    ++k;
    std::string digest = counter.step(k);
    REQUIRE(writer->append(step(k, digest)).has_value());
    if (k % 10 == 0) REQUIRE(writer->append(checkpoint(k, digest, digest)).has_value());
  }
  return counter.digest();
}

}  // namespace

TEST_CASE("replay begins at the last checkpoint, goes to any step, and finds what differs") {
  TemporaryFolder folder;
  std::string path = folder / "run.journal", last = run(path, 25);
  Result<std::optional<Journal>> journal = read_journal(*FileBytes::map(path));
  Counter counter;
  Result<Replayed> whole = replay(**journal, counter.replayer());
  REQUIRE(whole.has_value());
  CHECK(whole->k == 25);
  CHECK(whole->steps == 5);
  CHECK(counter.restored == 1);
  CHECK(counter.digest() == last);
  for (uint64_t to : {1U, 9U, 10U, 11U, 25U}) {
    Counter again, plain;
    Result<Replayed> part = replay(**journal, again.replayer(), to);
    REQUIRE(part.has_value());
    CHECK(part->k == to);
    for (uint64_t k = 1; k <= to; ++k) plain.step(k);
    CHECK(again.digest() == plain.digest());
  }
  Counter first;
  Result<Replayed> all = replay(**journal, first.replayer(), {}, ReplayFrom::kStart);
  REQUIRE(all.has_value());
  CHECK(all->steps == 25);
  CHECK(first.restored == 0);
  CHECK(first.digest() == last);
  Counter other;
  CHECK(replay(**journal, other.replayer(), 26).error().code == Code::NoSuchStep);
  other.state = 2;
  CHECK(replay(**journal, other.replayer(), 9).error().code == Code::ReplayDiffers);
}

TEST_CASE("a journal that was saved begins with its checkpoint, and holds nothing before") {
  std::string begin = journal_head() + encode(start()) + encode(checkpoint(8, "saved", "state"));
  std::string bytes = begin + encode(step(9, "nine"));
  Result<std::optional<Journal>> journal = read(bytes);
  REQUIRE(journal.has_value());
  CHECK((*journal)->records.size() == 2);
  CHECK(first_step(**journal) == 8);
  CHECK(last_step(**journal) == 9);
  for (uint64_t k : {8U, 10U}) CHECK(code_of(begin + encode(step(k, "d"))) == Code::DamagedJournal);
  CHECK(code_of(journal_head() + encode(start()) + encode(step(1, "one")) + encode(checkpoint(8, "saved", "state")) +
                encode(step(2, "two"))) == Code::DamagedJournal);
  std::vector<std::string> done;
  Replayer replayer{.restore = [&](const Record& record) -> Result<std::string> {
                      done.push_back("restore " + std::string(record.data));
                      return std::string(record.digest);
                    },
                    .step = [&](const Record& record) -> Result<std::string> {
                      done.push_back("step " + std::to_string(record.k));
                      return std::string(record.digest);
                    },
                    .digest = [] { return std::string("saved"); }};
  for (ReplayFrom from : {ReplayFrom::kCheckpoint, ReplayFrom::kStart}) {
    done.clear();
    Result<Replayed> replayed = replay(**journal, replayer, {}, from);
    REQUIRE(replayed.has_value());
    CHECK(replayed->k == 9);
    CHECK(done == std::vector<std::string>{"restore state", "step 9"});
  }
  for (uint64_t to : {uint64_t{7}, uint64_t{10}}) {
    Result<Replayed> beyond = replay(**journal, replayer, to);
    REQUIRE_FALSE(beyond.has_value());
    CHECK(beyond.error().code == Code::NoSuchStep);
  }
}

TEST_CASE("a run cut anywhere in its last record ends as one that was not") {
  TemporaryFolder folder;
  std::string whole_path = folder / "whole.journal", last = run(whole_path, 12);
  std::string bytes = std::string(FileBytes::map(whole_path)->text());
  size_t record = encode(step(12, last)).size();
  for (size_t cut = 0; cut <= record; ++cut) {
    CAPTURE(cut);
    std::string path = folder / "cut.journal";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes.substr(0, bytes.size() - cut);
    CHECK(run(path, 12) == last);
    CHECK(FileBytes::map(path)->text() == bytes);
  }
}

TEST_CASE("a run that is killed at any time ends as one that was not") {
  TemporaryFolder folder;
  std::string last = run(folder / "whole.journal", 400), path = folder / "killed.journal";
  for (int kill_after = 0; kill_after < 12; ++kill_after) {
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      run(path, 400);
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(300 * kill_after));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
  }
  CHECK(run(path, 400) == last);
  // A run that ended between a step and its checkpoint goes on without that checkpoint.
  auto digests = [](const std::string& journal) {
    std::vector<std::string> out;
    Result<std::optional<Journal>> whole = read_journal(*FileBytes::map(journal));
    for (const Record& each : (*whole)->records)
      if (each.type == RecordType::kStep) out.emplace_back(each.digest);
    return out;
  };
  CHECK(digests(path) == digests(folder / "whole.journal"));
}
