// The driver of a fuzz target where libFuzzer is not: `replay_NAME FOLDER COUNT` runs every file of the folder, then
// COUNT random mutations of them with the seed in CATEN_SEED (0 without it). The input being run lies in
// replay_NAME.input and is removed at the end: after a crash it is the reproducer (`replay_NAME FILE`).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

uint64_t next_random(uint64_t& state) {  // splitmix64
  uint64_t z = (state += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

void run(const std::string& input) {
  // A copy of exactly this size, so that the address sanitizer sees a read past its end.
  std::vector<uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

/// A few edits: bytes changed, inserted, removed; pieces copied within the input or from another.
std::string mutate(std::string input, const std::vector<std::string>& corpus, uint64_t& state) {
  auto below = [&state](size_t bound) { return bound == 0 ? 0 : static_cast<size_t>(next_random(state) % bound); };
  static constexpr char kBytes[] = "()\"|\\;:#.+-019eEpx \n\x00\x7f\x80\xc3\xff";
  for (size_t edits = 1 + below(6); edits > 0; --edits) {
    size_t at = below(input.size() + 1);
    switch (below(6)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(next_random(state));
        break;
      case 1: input.insert(at, 1, kBytes[below(sizeof kBytes - 1)]); break;
      case 2: input.erase(at, 1 + below(8)); break;
      case 3: input.insert(at, input.substr(below(input.size() + 1), below(64))); break;
      case 4: {
        const std::string& other = corpus[below(corpus.size())];
        input.insert(at, other.substr(below(other.size() + 1), below(64)));
        break;
      }
      default: input.resize(at); break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s FILE… | FOLDER… COUNT\n", argv[0]), 2;
  if (!std::filesystem::is_directory(argv[1])) {
    for (int i = 1; i < argc; ++i) run(read_file(argv[i]));
    return 0;
  }
  std::vector<std::filesystem::path> files;
  int folders = 1;
  for (; folders < argc && std::filesystem::is_directory(argv[folders]); ++folders)
    for (const auto& entry : std::filesystem::directory_iterator(argv[folders])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) corpus.push_back(read_file(file));
  if (corpus.empty()) return std::fprintf(stderr, "%s is empty\n", argv[1]), 2;
  for (const std::string& input : corpus) run(input);

  const char* seed_text = std::getenv("CATEN_SEED");
  uint64_t seed = seed_text ? std::strtoull(seed_text, nullptr, 10) : 0;
  uint64_t count = folders < argc ? std::strtoull(argv[folders], nullptr, 10) : 0;
  std::string current = std::filesystem::path(argv[0]).filename().string() + ".input";
  int fd = ::open(current.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return std::perror(current.c_str()), 2;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t state = seed ^ (i * 0xD1342543DE82EF95);
    std::string input = mutate(corpus[next_random(state) % corpus.size()], corpus, state);
    // Rewritten in place: closing a file just truncated waits for the disk.
    if (::pwrite(fd, input.data(), input.size(), 0) < 0 || ::ftruncate(fd, static_cast<off_t>(input.size())) != 0)
      return std::perror(current.c_str()), 2;
    run(input);
  }
  ::close(fd);
  std::filesystem::remove(current);
  std::printf("%zu inputs, %llu mutations with seed %llu\n", corpus.size(), static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(seed));
  return 0;
}
