#include "cli/cache_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "cli/program.hpp"

namespace caten {
namespace {

std::string size_text(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1024;
  const char* unit = "KiB";
  if (size >= 1024) size /= 1024, unit = "MiB";
  if (size >= 1024) size /= 1024, unit = "GiB";
  return fmt::format("{:.1f} {}", size, unit);
}

std::string plural(size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string list(const ArtifactStore& store, bool json) {
  std::vector<ArtifactStore::Entry> entries = store.entries();
  uint64_t total = 0;
  for (const ArtifactStore::Entry& entry : entries) total += entry.bytes;
  if (json) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const ArtifactStore::Entry& entry : entries)
      rows.push_back({{"key", entry.key},
                      {"bytes", entry.bytes},
                      {"used", entry.used},
                      {"description", entry.description},
                      {"whole", entry.whole}});
    return nlohmann::ordered_json{{"folder", store.folder()}, {"bytes", total}, {"artifacts", std::move(rows)}}.dump(
               2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  }
  std::string out;
  for (const ArtifactStore::Entry& entry : entries)
    out +=
        fmt::format("{}  {:>10}  {:%Y-%m-%d %H:%M}  {}\n", entry.key, size_text(entry.bytes),
                    fmt::localtime(static_cast<std::time_t>(entry.used)), entry.whole ? entry.description : "damaged");
  return out + fmt::format("{}, {} in {}\n", plural(entries.size(), "artifact"), size_text(total), store.folder());
}

std::string removal(const ArtifactStore::Removed& removed) {
  return fmt::format("removed {}, {}\n", plural(removed.files, "artifact"), size_text(removed.bytes));
}

}  // namespace

Status check_store(const ArtifactStore& store) {
  if (!store.folder().empty()) return {};
  return fail({.code = Code::BadOptionValue,
               .message = "the cache is switched off",
               .expected = "a folder in CATEN_CACHE, XDG_CACHE_HOME or HOME",
               .found = "CATEN_CACHE=off, or none of them",
               .remedy = "set CATEN_CACHE to a folder"});
}

Result<std::string> cache_command(const ArtifactStore& store, const std::vector<std::string>& words, bool json) {
  const std::vector<std::string> commands{"ls", "gc", "clear", "path", "warm"};
  CATEN_TRY(check_store(store));
  std::string command = words.empty() ? "ls" : words[0];
  if (words.size() <= 1) {
    if (command == "ls") return list(store, json);
    if (command == "path") return store.folder() + "\n";
    if (command == "clear") return removal(store.collect(0));
  }
  if (command == "gc" && words.size() <= 2) {
    if (words.size() == 1) return removal(store.collect());
    Result<size_t> most = parse_bytes(words[1]);
    if (!most) return tl::make_unexpected(most.error());
    return removal(store.collect(*most));
  }
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("`caten cache` does not take `{}`", words.back()),
               .expected = "ls, gc [BYTES], clear, path or warm [NAME…]",
               .found = fmt::format("{}", fmt::join(words, " ")),
               .remedy = did_you_mean(command, commands)});
}

}  // namespace caten
