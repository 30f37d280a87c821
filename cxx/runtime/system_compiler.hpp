// The system's compiler as a driver uses it: found among names, run as a subprocess on a text, and what it made loaded
// as a shared object. Header only, for drivers. Temporary files live in a private folder that is gone when a function
// returns.
#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <system_error>
#include <vector>

#include "runtime/driver_support.hpp"

extern char** environ;

namespace caten::host {

static inline std::string system_error(const std::string& what) { return what + ": " + std::strerror(errno); }

/// A folder that only this user can enter, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  bool make() {
    const char* base = std::getenv("TMPDIR");
    std::string pattern = std::string(base && *base ? base : "/tmp") + "/caten-XXXXXX";
    if (!mkdtemp(pattern.data())) return false;
    path_ = pattern;
    return true;
  }
  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

static inline bool write_file(const std::string& path, const void* data, size_t bytes) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    ssize_t written = write(fd, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      close(fd);
      return false;
    }
    at += written;
    bytes -= static_cast<size_t>(written);
  }
  return close(fd) == 0;
}

static inline bool read_file(const std::string& path, std::vector<char>& out) {
  FILE* file = std::fopen(path.c_str(), "rbe");
  if (!file) return false;
  char block[65536];
  size_t n;
  while ((n = std::fread(block, 1, sizeof block, file)) > 0) out.insert(out.end(), block, block + n);
  bool good = !std::ferror(file);
  std::fclose(file);
  return good;
}

static inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::string word;
  for (char c : text + separator) {
    if (c != separator) {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

static inline std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    std::string candidate = folder + "/" + name;
    struct stat status;
    if (stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return "";
}

/// Runs a command without a shell; its output goes to `log`. The exit status, or -1 if it could not run.
static inline int run(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;  // a group of its own: Ctrl-C at a terminal stops caten's work, not the compiler
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child;
  int failed = posix_spawn(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed) {
    errno = failed;
    return -1;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// A compiler's command, and what tells it apart from others.
struct Compiler {
  std::vector<std::string> command{};  ///< split at spaces, its program as an absolute path
  std::vector<std::string> flags{};
  std::string identity{};  ///< the program's size and time of change, and a hash of the command with its flags
};

/// The first of the names (null: none) that is a program. CATEN_UNAVAILABLE with all that were searched.
static inline caten_status find_compiler(const std::vector<const char*>& names, std::vector<std::string> flags,
                                         Compiler& out) {
  std::string searched;
  for (const char* name : names) {
    std::vector<std::string> command = split(name ? name : "", ' ');
    if (command.empty()) continue;
    searched += (searched.empty() ? "" : ", ") + command[0];
    std::string program = find_program(command[0]);
    if (program.empty()) continue;
    command[0] = program;
    uint64_t hash = 14695981039346656037u;
    for (const std::vector<std::string>* words : {&command, &flags})
      for (const std::string& word : *words)
        for (char c : word + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    struct stat status = {};
    stat(program.c_str(), &status);
    char text[96];
    std::snprintf(text, sizeof text, "%lld bytes of %lld.%09ld, command %016llx",
                  static_cast<long long>(status.st_size), static_cast<long long>(status.st_mtim.tv_sec),
                  static_cast<long>(status.st_mtim.tv_nsec), static_cast<unsigned long long>(hash));
    out = {std::move(command), std::move(flags), text};
    return CATEN_OK;
  }
  return fail(CATEN_UNAVAILABLE, "no C compiler; searched for " + searched + " in $PATH");
}

/// Makes a shared object of a C text. A compiler that breaks down is run again with the flags `milder` behind the
/// others.
static inline caten_status compile_text(const Compiler& compiler, const char* source, size_t bytes,
                                        const std::vector<std::string>& milder, caten_artifact* artifact) {
  TemporaryFolder folder;
  if (!folder.make()) return fail(CATEN_FAILED, system_error("cannot make a temporary folder"));
  std::string text = folder.file("kernels.c"), library = folder.file("kernels.so"), log = folder.file("log");
  if (!write_file(text, source, bytes)) return fail(CATEN_FAILED, system_error("cannot write " + text));
  std::vector<std::string> command = compiler.command;
  command.insert(command.end(), compiler.flags.begin(), compiler.flags.end());
  command.insert(command.end(), {"-o", library, text, "-lm"});
  int status = run(command, log);
  std::vector<char> said;
  if (status > 0) read_file(log, said);
  if (std::string_view(said.data(), said.size()).find("internal compiler error") != std::string_view::npos) {
    command.insert(command.end(), milder.begin(), milder.end());
    status = run(command, log);
    said.clear();
    if (status > 0) read_file(log, said);
  }
  if (status == -1) return fail(CATEN_UNAVAILABLE, system_error("cannot run " + command[0]));
  if (status != 0) {
    std::string message(said.begin(), said.end()), prefix = folder.file("");
    for (size_t at = 0; (at = message.find(prefix, at)) != std::string::npos;) message.erase(at, prefix.size());
    return fail(CATEN_COMPILE_FAILED, message);
  }
  std::vector<char> built;
  if (!read_file(library, built)) return fail(CATEN_FAILED, system_error("cannot read " + library));
  return give_artifact(built.data(), built.size(), artifact);
}

/// The shared object of an artifact; dlclose gives it back.
static inline caten_status load_library(const void* artifact, size_t bytes, void** library) {
  TemporaryFolder folder;
  if (!folder.make()) return fail(CATEN_FAILED, system_error("cannot make a temporary folder"));
  std::string path = folder.file("kernels.so");
  if (!write_file(path, artifact, bytes)) return fail(CATEN_FAILED, system_error("cannot write " + path));
  *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  return *library ? CATEN_OK : fail(CATEN_FAILED, std::string("cannot load the compiled kernels: ") + dlerror());
}

}  // namespace caten::host
