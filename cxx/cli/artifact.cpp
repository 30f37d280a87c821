#include "cli/artifact.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/console.hpp"

extern char** environ;

namespace caten {
namespace {

enum class Kind : uint8_t { kNone, kSource, kObject, kShared };

Kind kind_of(const std::string& path) {
  if (path.ends_with(".c")) return Kind::kSource;
  if (path.ends_with(".o")) return Kind::kObject;
  return path.ends_with(".so") ? Kind::kShared : Kind::kNone;
}

bool is_elf(const std::string& bytes, uint16_t type) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == type;
}

/// A folder that goes with all that is in it.
struct TemporaryFolder {
  std::string path;
  TemporaryFolder() {
    std::error_code error;
    std::string pattern = std::filesystem::temp_directory_path(error).string() + "/caten-XXXXXX";
    if (mkdtemp(pattern.data())) path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

/// An object made into a shared library by the system's C compiler, with libgomp for kernels that run on all cores.
Result<std::string> linked(const std::string& object) {
  TemporaryFolder folder;
  std::string from = folder.path + "/program.o", to = folder.path + "/program.so";
  if (std::ofstream out(from, std::ios::binary); folder.path.empty() || !(out << object).flush())
    return fail({.code = Code::CannotWrite,
                 .message = "cannot write a temporary file",
                 .found = std::strerror(errno),
                 .remedy = "make room, or choose another folder with TMPDIR"});
  const char* chosen = std::getenv("CATEN_CC");
  std::string compiler = chosen && *chosen ? chosen : "cc";
  std::vector<std::string> words{compiler, "-shared", "-o", to, from, "-Wl,--no-as-needed", "-lgomp", "-lm"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  int error = posix_spawnp(&child, compiler.c_str(), nullptr, nullptr, arguments.data(), environ), status = 0;
  while (error == 0 && waitpid(child, &status, 0) < 0)
    if (errno != EINTR) error = errno;
  std::ifstream in(to, std::ios::binary);
  std::ostringstream bytes;
  if (error == 0 && status == 0 && in && bytes << in.rdbuf()) return std::move(bytes).str();
  return fail({.code = Code::RuntimeCompileFailed,
               .message = "the program cannot be linked into a shared library",
               .expected = fmt::format("`{} -shared` to work", compiler),
               .found = error != 0 ? std::strerror(error) : "it failed",
               .remedy = "install a C compiler, or write FILE.o and link it yourself"});
}

tl::unexpected<Diagnostic> no_such_artifact(Session& session, const std::string& path, const char* remedy) {
  return fail({.code = Code::UnsupportedByRuntime,
               .message = fmt::format("runtime `{}` makes no {}", session.runtime_name(),
                                      kind_of(path) == Kind::kObject ? "objects" : "shared libraries"),
               .expected = "a runtime whose kernels are machine code of this computer",
               .remedy = remedy});
}

}  // namespace

std::string artifact_file(const Settings& settings, const std::string& operand) {
  if (!settings.emit.empty()) return "";
  if (kind_of(settings.output_file) != Kind::kNone) return settings.output_file;
  if (!settings.artifact || !settings.output_file.empty()) return settings.artifact ? settings.output_file + ".o" : "";
  std::error_code error;
  bool file = operand.size() < 4096 && std::filesystem::is_regular_file(operand, error);
  return (file ? std::filesystem::path(operand).stem().string() : "program") + ".o";
}

Status write_artifact(Session& session, const Graph& graph, const std::string& path) {
  Result<StandaloneProgram> program = session.standalone(graph);
  if (!program) return tl::make_unexpected(program.error());
  std::string bytes = program->source;
  if (kind_of(path) != Kind::kSource) {
    Result<std::string> made = session.artifact(program->source);
    if (!made) return tl::make_unexpected(made.error());
    bytes = std::move(*made);
    if (kind_of(path) == Kind::kShared && is_elf(bytes, ET_REL)) {
      Result<std::string> library = linked(bytes);
      if (!library) return tl::make_unexpected(library.error());
      bytes = std::move(*library);
    }
    if (!is_elf(bytes, kind_of(path) == Kind::kShared ? ET_DYN : ET_REL))
      return no_such_artifact(session, path, "choose cpu with --runtime, or write FILE.c and compile it yourself");
  }
  CATEN_TRY(write_file(std::filesystem::path(path).replace_extension(".h").string(), program->header));
  return write_file(path, bytes);
}

}  // namespace caten
