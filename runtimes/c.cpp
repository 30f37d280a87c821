// The driver of the `c` runtime: kernels are C, compiled by the system's C compiler as a subprocess into a shared
// object, which is loaded with dlopen. Buffers are host memory; a stream runs what it is given at once, in order.
//
// The compiler is $CATEN_CC, $CC, cc, gcc or clang, the first that exists. Its temporary files live in a private folder
// that is removed before `compile` and `load` return.
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/memory.hpp"
#include "runtime/driver_abi.h"

extern char** environ;

struct caten_device {
  std::vector<std::string> compiler;  // the command, split at spaces, its program as an absolute path
  std::string identity;
};
struct caten_stream {
  caten_device* device;
};
struct caten_event {
  std::chrono::steady_clock::time_point time;
};
using Function = void (*)(void* const*, const int64_t*);
struct caten_program {
  void* library;
  std::mutex mutex;
  std::vector<Function> functions;
};

namespace {

thread_local std::string error_text;

caten_status fail(caten_status status, std::string text) {
  error_text = std::move(text);
  return status;
}

std::string system_error(const std::string& what) { return what + ": " + std::strerror(errno); }

// IEEE semantics, integers that wrap, and buffers that may be read as several types.
const char* const kFlags[] = {"-std=c11",
                              "-O2",
                              "-fPIC",
                              "-shared",
                              "-w",
                              "-fwrapv",
                              "-fno-math-errno",
                              "-fno-trapping-math",
                              "-ffp-contract=off",
                              "-fno-strict-aliasing",
                              "-fno-fast-math",
                              "-fexcess-precision=standard",
                              "-fvisibility=hidden"};

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

bool write_file(const std::string& path, const void* data, size_t bytes) {
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

bool read_file(const std::string& path, std::vector<char>& out) {
  FILE* file = std::fopen(path.c_str(), "rbe");
  if (!file) return false;
  char block[65536];
  size_t n;
  while ((n = std::fread(block, 1, sizeof block, file)) > 0) out.insert(out.end(), block, block + n);
  bool good = !std::ferror(file);
  std::fclose(file);
  return good;
}

std::vector<std::string> split(const std::string& text, char separator) {
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

std::string find_program(const std::string& name) {
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
int run(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t
      attributes;  // a process group of its own: Ctrl-C at a terminal stops caten's work, not the compiler
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

/// Tells compilers and flags apart: the program's path, size and time of change, and a hash of the whole command.
std::string identity_of(const std::vector<std::string>& command) {
  uint64_t hash = 14695981039346656037u;
  auto mix = [&](const std::string& word) {
    for (char c : word + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  };
  for (const std::string& word : command) mix(word);
  for (const char* flag : kFlags) mix(flag);
  struct stat status = {};
  stat(command[0].c_str(), &status);
  char text[96];
  std::snprintf(text, sizeof text, "%lld bytes of %lld.%09ld, command %016llx", static_cast<long long>(status.st_size),
                static_cast<long long>(status.st_mtim.tv_sec), static_cast<long>(status.st_mtim.tv_nsec),
                static_cast<unsigned long long>(hash));
  return text;
}

caten_status open_device(const char* options, caten_device** device) {
  if (options && *options) return fail(CATEN_UNSUPPORTED, std::string(options) + ", but the driver c has no options");
  std::string searched;
  const char* const names[] = {std::getenv("CATEN_CC"), std::getenv("CC"), "cc", "gcc", "clang"};
  for (const char* name : names) {
    if (!name) continue;
    std::vector<std::string> command = split(name, ' ');
    if (command.empty()) continue;
    searched += (searched.empty() ? "" : ", ") + command[0];
    std::string program = find_program(command[0]);
    if (program.empty()) continue;
    command[0] = program;
    *device = new caten_device{command, identity_of(command)};
    return CATEN_OK;
  }
  return fail(CATEN_UNAVAILABLE, "no C compiler; searched for " + searched + " in $PATH");
}

void close_device(caten_device* device) { delete device; }

caten_status properties(caten_device* device, caten_properties* out) {
  out->struct_bytes = sizeof *out;
  std::snprintf(out->name, sizeof out->name, "%s", device->compiler[0].c_str());
  std::snprintf(out->identity, sizeof out->identity, "%s", device->identity.c_str());
  out->host_memory = 1;
  out->alignment = 64;
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  out->memory_bytes = pages > 0 && page > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) : 0;
  out->compute_units = 1;
  out->unit_kernels = 0;  // starting a compiler costs more than a few kernels
  return CATEN_OK;
}

caten_status allocate(caten_device*, size_t bytes, void** memory) {
  *memory = caten::allocate_aligned(bytes);
  return *memory ? CATEN_OK : fail(CATEN_OUT_OF_MEMORY, "the system has no memory left");
}

void release(caten_device*, void* memory) { std::free(memory); }

caten_status copy(caten_stream*, void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memmove(to, from, bytes);
  return CATEN_OK;
}

caten_status zero(caten_stream*, void* memory, size_t bytes) {
  if (bytes > 0) std::memset(memory, 0, bytes);
  return CATEN_OK;
}

caten_status compile(caten_device* device, const char* source, size_t bytes, caten_artifact* artifact) {
  TemporaryFolder folder;
  if (!folder.make()) return fail(CATEN_FAILED, system_error("cannot make a temporary folder"));
  std::string text = folder.file("kernels.c"), library = folder.file("kernels.so"), log = folder.file("log");
  if (!write_file(text, source, bytes)) return fail(CATEN_FAILED, system_error("cannot write " + text));
  std::vector<std::string> command = device->compiler;
  for (const char* flag : kFlags) command.emplace_back(flag);
  command.insert(command.end(), {"-o", library, text, "-lm"});
  int status = run(command, log);
  std::vector<char> said;
  if (status > 0) read_file(log, said);
  if (std::string_view(said.data(), said.size()).find("internal compiler error") != std::string_view::npos) {
    // A compiler that broke down in an optimisation mostly manages with less of it.
    command.insert(command.end(), {"-O1", "-fno-ivopts"});
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
  artifact->data = std::malloc(built.empty() ? 1 : built.size());
  if (!artifact->data) return fail(CATEN_OUT_OF_MEMORY, "the system has no memory left");
  std::memcpy(artifact->data, built.data(), built.size());
  artifact->bytes = built.size();
  return CATEN_OK;
}

void free_artifact(caten_artifact* artifact) {
  std::free(artifact->data);
  *artifact = {};
}

caten_status load(caten_device*, const void* artifact, size_t bytes, caten_program** program) {
  TemporaryFolder folder;
  if (!folder.make()) return fail(CATEN_FAILED, system_error("cannot make a temporary folder"));
  std::string path = folder.file("kernels.so");
  if (!write_file(path, artifact, bytes)) return fail(CATEN_FAILED, system_error("cannot write " + path));
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return fail(CATEN_FAILED, std::string("cannot load the compiled kernels: ") + dlerror());
  *program = new caten_program{library, {}, {}};
  return CATEN_OK;
}

void unload(caten_program* program) {
  dlclose(program->library);
  delete program;
}

caten_status find_function(caten_program* program, const char* name, uint32_t* function) {
  void* symbol = dlsym(program->library, name);
  if (!symbol) return fail(CATEN_FAILED, std::string("the compiled kernels have no function ") + name);
  std::lock_guard lock(program->mutex);
  *function = static_cast<uint32_t>(program->functions.size());
  program->functions.push_back(reinterpret_cast<Function>(symbol));
  return CATEN_OK;
}

caten_status open_stream(caten_device* device, caten_stream** stream) {
  *stream = new caten_stream{device};
  return CATEN_OK;
}

void close_stream(caten_stream* stream) { delete stream; }

caten_status launch(caten_stream*, caten_program* program, const caten_launch* what) {
  Function function = nullptr;
  {
    std::lock_guard lock(program->mutex);
    function = program->functions[what->function];
  }
  function(what->buffers, what->sizes);
  return CATEN_OK;
}

caten_status synchronize(caten_stream*) { return CATEN_OK; }

caten_status record_event(caten_stream*, caten_event** event) {
  *event = new caten_event{std::chrono::steady_clock::now()};
  return CATEN_OK;
}

caten_status wait_event(caten_stream*, caten_event*) { return CATEN_OK; }

caten_status elapsed(caten_event* begin, caten_event* end, double* seconds) {
  *seconds = std::chrono::duration<double>(end->time - begin->time).count();
  return CATEN_OK;
}

void free_event(caten_event* event) { delete event; }

const char* last_error() { return error_text.c_str(); }

const caten_driver kDriver = {
    .abi = CATEN_DRIVER_ABI,
    .struct_bytes = sizeof(caten_driver),
    .name = "c",
    .last_error = last_error,
    .open = open_device,
    .close = close_device,
    .properties = properties,
    .alloc = allocate,
    .free = release,
    .copy_in = copy,
    .copy_out = copy,
    .copy = copy,
    .zero = zero,
    .compile = compile,
    .free_artifact = free_artifact,
    .load = load,
    .unload = unload,
    .find_function = find_function,
    .open_stream = open_stream,
    .close_stream = close_stream,
    .launch = launch,
    .synchronize = synchronize,
    .record_event = record_event,
    .wait_event = wait_event,
    .elapsed = elapsed,
    .free_event = free_event,
    .begin_recording = nullptr,
    .end_recording = nullptr,
    .replay = nullptr,
    .free_recording = nullptr,
    .open_library = nullptr,
    .call_library = nullptr,
    .free_kept = nullptr,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const caten_driver* caten_driver_table(void) { return &kDriver; }
