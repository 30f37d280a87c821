// A CUDA driver and an NVRTC for tests, in one library: the very text that NVRTC compiles becomes host code, and runs
// on the processor when a stream is waited for, as late as CUDA may run it. No user can choose it.
//
//   $FAKE_CUDA_ORDER=backward      blocks, and threads in them, run from the last to the first
//   $FAKE_CUDA_FAIL=name:n=code    the n-th call of a function (from 1) fails with this code, and does nothing
//   $FAKE_CUDA_DRIVER=11040        the version that the driver says it has (13000)
//
// Memory of the device lies between pages that nobody may touch, is full of 0xA5 when it is new, and cannot be touched
// by the host: only while a stream works. Threads run one after the other, each until it ends or comes to a barrier; a
// block some of whose threads end while others wait is an error (719).
#include <dlfcn.h>
#include <elf.h>
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "cuda/api.hpp"

using namespace caten::cuda;

namespace caten::cuda {

struct StreamHandle {
  std::vector<std::function<void()>> work{};
};
struct EventHandle {
  double milliseconds = 0;
};
struct ModuleHandle {
  void* library = nullptr;
};
/// What kernels call, and what calls their threads.
struct Scheduler {
  void (*barrier)();
  /// A block: `run` for the threads that `enter` names, one at a time. False: its barriers were not for all.
  bool (*block)(void (*enter)(unsigned), void (*run)(void*), void* kernel, unsigned threads, int backward, int waits);
};
struct FunctionHandle {
  bool (*call)(void** arguments, unsigned blocks, unsigned threads, int backward, Scheduler) = nullptr;
  int parameters = 0;
};
struct ProgramHandle {
  std::string source{}, log{}, binary{};
};

}  // namespace caten::cuda

namespace {

constexpr Result kInvalidHandle = 400, kNotFound = 500, kIllegalAddress = 700, kLaunchFailed = 719;

std::recursive_mutex the_mutex;
struct Block {
  std::byte* mapping;
  size_t mapped;
};
std::map<DevicePointer, Block> blocks;
std::map<std::string, int> calls;
double now = 0;
int context_depth = 0;

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

/// The code that $FAKE_CUDA_FAIL asks for at this call, or 0.
Result asked_to_fail(const char* function) {
  std::lock_guard lock(the_mutex);
  int call = ++calls[function];
  std::string wanted = variable("FAKE_CUDA_FAIL", "");
  size_t colon = wanted.find(':'), equals = wanted.find('=');
  if (colon == std::string::npos || equals == std::string::npos || wanted.substr(0, colon) != function) return 0;
  return std::stoi(wanted.substr(colon + 1)) == call ? std::stoi(wanted.substr(equals + 1)) : 0;
}

void protect_all(int protection) {
  for (const auto& [begin, block] : blocks) {
    size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    mprotect(block.mapping + page, block.mapped - 2 * page, protection);
  }
}

// A kernel that touches what is not its own ends here, as a device ends it: the context is of no use any more.
sigjmp_buf before_work;
volatile sig_atomic_t working = 0;
Result lost = 0;

void on_fault(int signal) {
  if (working) siglongjmp(before_work, 1);
  const char text[] = "fake CUDA: the host touched memory of the device\n";
  [[maybe_unused]] ssize_t written = write(2, text, sizeof text - 1);
  void* frames[32];
  backtrace_symbols_fd(frames, backtrace(frames, 32), 2);
  ::signal(signal, SIG_DFL);
}

/// Does what waits in a stream; 700 if a kernel touched what it must not.
Result run(Stream stream) {
  std::lock_guard lock(the_mutex);
  std::vector<std::function<void()>> work = std::move(stream->work);
  stream->work.clear();
  if (lost != 0 || work.empty()) return lost;
  struct sigaction ours = {}, before = {};
  ours.sa_handler = on_fault;
  ours.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &ours, &before);
  protect_all(PROT_READ | PROT_WRITE);
  if (sigsetjmp(before_work, 1) == 0) {
    working = 1;
    for (const auto& step : work)
      if (lost == 0) step();
  } else {
    lost = kIllegalAddress;
  }
  working = 0;
  protect_all(PROT_NONE);
  if (before.sa_handler != SIG_DFL) sigaction(SIGSEGV, &before, nullptr);
  return lost;
}

/// Threads that wait for each other: each has a stack of its own, and runs until it ends or comes to a barrier.
struct Fibers {
  static constexpr size_t kStack = size_t{128} << 10;
  struct Fiber {
    ucontext_t context{};
    std::unique_ptr<std::byte[]> stack{};
    bool ended = false;
  };
  std::vector<Fiber> all{};
  ucontext_t scheduler{};
  Fiber* running = nullptr;
  void (*run)(void*) = nullptr;
  void* kernel = nullptr;

  void begin(unsigned threads) {
    while (all.size() < threads) all.emplace_back().stack = std::make_unique<std::byte[]>(kStack);
    for (unsigned t = 0; t < threads; ++t) {
      Fiber& fiber = all[t];
      fiber.ended = false;
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = kStack;
      fiber.context.uc_link = &scheduler;
      makecontext(
          &fiber.context, [] { enter(); }, 0);
    }
  }
  static void enter();
  void resume(unsigned thread) {
    running = &all[thread];
    swapcontext(&scheduler, &running->context);
  }
};
Fibers fibers;

void Fibers::enter() {
  fibers.run(fibers.kernel);
  fibers.running->ended = true;
}

void barrier() { swapcontext(&fibers.running->context, &fibers.scheduler); }

bool run_block(void (*enter)(unsigned), void (*run)(void*), void* kernel, unsigned threads, int backward, int waits) {
  auto number = [&](unsigned t) { return backward ? threads - 1 - t : t; };
  if (!waits) {
    for (unsigned t = 0; t < threads; ++t) {
      enter(number(t));
      run(kernel);
    }
    return true;
  }
  fibers.run = run;
  fibers.kernel = kernel;
  fibers.begin(threads);
  for (unsigned left = threads; left > 0;) {
    for (unsigned t = 0; t < threads; ++t) {
      enter(number(t));
      fibers.resume(number(t));
    }
    for (unsigned t = 0; t < threads; ++t) left -= fibers.all[t].ended ? 1 : 0;
    if (left != 0 && left != threads) return false;
  }
  return true;
}

std::byte* host(DevicePointer address) { return reinterpret_cast<std::byte*>(address); }

/// What CUDA C++ has and C++ does not. Kernels declare the fixed-width integers themselves.
const char* const kBefore = R"(#include <utility>
#define __global__
#define __device__
#define __shared__ static
struct fake_scheduler {
  void (*barrier)();
  bool (*block)(void (*enter)(unsigned), void (*run)(void *), void *kernel, unsigned threads, int backward, int waits);
};
static fake_scheduler fake_now;
#define __syncthreads() fake_now.barrier()
static inline float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
struct fake_dim { unsigned x, y, z; };
static fake_dim threadIdx, blockIdx, blockDim, gridDim;
#define exp2f __builtin_exp2f
#define exp2 __builtin_exp2
#define log2f __builtin_log2f
#define log2 __builtin_log2
#define sinf __builtin_sinf
#define sin __builtin_sin
#define sqrtf __builtin_sqrtf
#define sqrt __builtin_sqrt
#define fmodf __builtin_fmodf
#define fmod __builtin_fmod
#define ilogb __builtin_ilogb
#define scalbn __builtin_scalbn
)";
const char* const kBehind = R"(
template <class... P, unsigned long... I>
static void fake_apply(void (*kernel)(P...), void **arguments, std::integer_sequence<unsigned long, I...>) {
  kernel(*static_cast<std::remove_const_t<P> *>(arguments[I])...);
}
template <class... P>
static int fake_count(void (*)(P...)) {
  static_assert(((sizeof(P) == 8) && ...), "arguments of kernels have 8 bytes here");
  return sizeof...(P);
}
template <class... P>
struct fake_call {
  void (*kernel)(P...);
  void **arguments;
  static void run(void *call) {
    auto *self = static_cast<fake_call *>(call);
    fake_apply(self->kernel, self->arguments, std::make_integer_sequence<unsigned long, sizeof...(P)>());
  }
};
template <class... P>
static bool fake_launch(void (*kernel)(P...), void **arguments, unsigned blocks, unsigned threads, int backward,
                        fake_scheduler scheduler, int waits) {
  gridDim = {blocks, 1, 1};
  blockDim = {threads, 1, 1};
  fake_now = scheduler;
  fake_call<P...> call{kernel, arguments};
  auto enter = [](unsigned thread) { threadIdx = {thread, 0, 0}; };
  for (unsigned b = 0; b < blocks; ++b) {
    blockIdx = {backward ? blocks - 1 - b : b, 0, 0};
    if (!scheduler.block(enter, call.run, &call, threads, backward, waits)) return false;
  }
  return true;
}
)";

std::string with_launchers(const std::string& source) {
  std::string out = kBefore + source + kBehind;
  std::regex head("extern \"C\" __global__ void (\\w+)\\(");
  for (std::sregex_iterator it(source.begin(), source.end(), head), end; it != end;) {
    std::string name = (*it)[1];
    auto begin = static_cast<size_t>(it->position());
    size_t next = ++it == end ? source.size() : static_cast<size_t>(it->position());
    bool waits = source.substr(begin, next - begin).find("__syncthreads") != std::string::npos;
    out += "extern \"C\" bool " + name +
           "__launch(void **a, unsigned b, unsigned t, int w, fake_scheduler s) { return " + "fake_launch(" + name +
           ", a, b, t, w, s, " + (waits ? "1" : "0") + "); }\nextern \"C\" int " + name +
           "__count() { return fake_count(" + name + "); }\n";
  }
  return out;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The bytes of an ELF file in memory: its table of sections stands at its end.
size_t elf_bytes(const void* image) {
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  return header.e_shoff + size_t{header.e_shentsize} * header.e_shnum;
}

}  // namespace

#define FAKE(name) \
  if (Result asked = asked_to_fail(#name)) return asked
#define EXPORT extern "C" __attribute__((visibility("default"))) Result

EXPORT cuInit(unsigned) {
  FAKE(cuInit);
  return 0;
}
EXPORT cuDriverGetVersion(int* version) {
  FAKE(cuDriverGetVersion);
  *version = std::stoi(variable("FAKE_CUDA_DRIVER", "13000"));
  return 0;
}
EXPORT cuGetErrorName(Result error, const char** name) {
  *name = error == kOutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == 700        ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                                : "CUDA_ERROR_FAKE";
  return 0;
}
EXPORT cuGetErrorString(Result error, const char** text) {
  *text = error == kOutOfMemory ? "out of memory" : "as the test asked";
  return 0;
}
EXPORT cuDeviceGetCount(int* count) {
  FAKE(cuDeviceGetCount);
  *count = 1;
  return 0;
}
EXPORT cuDeviceGet(Device* device, int ordinal) {
  FAKE(cuDeviceGet);
  *device = ordinal;
  return ordinal == 0 ? 0 : kInvalidValue;
}
EXPORT cuDeviceGetName(char* name, int bytes, Device) {
  FAKE(cuDeviceGetName);
  std::snprintf(name, static_cast<size_t>(bytes), "a fake device");
  return 0;
}
EXPORT cuDeviceGetAttribute(int* value, int attribute, Device) {
  FAKE(cuDeviceGetAttribute);
  *value = attribute == kMultiprocessors ? 4 : attribute == kMajor ? 9 : 0;
  return 0;
}
EXPORT cuDeviceTotalMem_v2(size_t* bytes, Device) {
  FAKE(cuDeviceTotalMem_v2);
  *bytes = size_t{1} << 32;
  return 0;
}
EXPORT cuDevicePrimaryCtxRetain(Context* context, Device) {
  FAKE(cuDevicePrimaryCtxRetain);
  *context = reinterpret_cast<Context>(&context_depth);
  return 0;
}
EXPORT cuDevicePrimaryCtxRelease_v2(Device) {
  FAKE(cuDevicePrimaryCtxRelease_v2);
  return 0;
}
EXPORT cuCtxPushCurrent_v2(Context context) {
  FAKE(cuCtxPushCurrent_v2);
  return context ? 0 : kInvalidHandle;
}
EXPORT cuCtxPopCurrent_v2(Context*) {
  FAKE(cuCtxPopCurrent_v2);
  return 0;
}

EXPORT cuMemAlloc_v2(DevicePointer* memory, size_t bytes) {
  FAKE(cuMemAlloc_v2);
  std::lock_guard lock(the_mutex);
  auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t inside = (bytes + page - 1) / page * page, mapped = inside + 2 * page;
  void* mapping = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return kOutOfMemory;
  auto* begin = static_cast<std::byte*>(mapping) + page;
  mprotect(begin, inside, PROT_READ | PROT_WRITE);
  std::memset(begin, 0xA5, inside);
  mprotect(begin, inside, PROT_NONE);
  // The end of the block is the end of a page, as far as its alignment (512) lets it.
  *memory = reinterpret_cast<DevicePointer>(begin + (inside - bytes) / 512 * 512);
  blocks[*memory] = {static_cast<std::byte*>(mapping), mapped};
  return 0;
}
EXPORT cuMemFree_v2(DevicePointer memory) {
  FAKE(cuMemFree_v2);
  std::lock_guard lock(the_mutex);
  auto found = blocks.find(memory);
  if (found == blocks.end()) return kInvalidValue;
  munmap(found->second.mapping, found->second.mapped);
  blocks.erase(found);
  return 0;
}

EXPORT cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, size_t bytes, Stream stream) {
  FAKE(cuMemcpyHtoDAsync_v2);
  stream->work.push_back([=] { std::memcpy(host(to), from, bytes); });
  return 0;
}
EXPORT cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, size_t bytes, Stream stream) {
  FAKE(cuMemcpyDtoHAsync_v2);
  stream->work.push_back([=] { std::memcpy(to, host(from), bytes); });
  return 0;
}
EXPORT cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, size_t bytes, Stream stream) {
  FAKE(cuMemcpyDtoDAsync_v2);
  stream->work.push_back([=] { std::memmove(host(to), host(from), bytes); });
  return 0;
}
EXPORT cuMemsetD8Async(DevicePointer memory, unsigned char value, size_t bytes, Stream stream) {
  FAKE(cuMemsetD8Async);
  stream->work.push_back([=] { std::memset(host(memory), value, bytes); });
  return 0;
}

EXPORT cuModuleLoadData(Module* module, const void* image) {
  FAKE(cuModuleLoadData);
  // A name of its own: what is loaded already is known by its name.
  std::string path = std::filesystem::temp_directory_path().string() + "/fake-cuda-XXXXXX";
  int file = mkstemp(path.data());
  size_t bytes = elf_bytes(image);
  bool written = file >= 0 && write(file, image, bytes) == static_cast<ssize_t>(bytes);
  close(file);
  void* library = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  unlink(path.c_str());
  if (!library) return kInvalidValue;
  *module = new ModuleHandle{library};
  return 0;
}
EXPORT cuModuleUnload(Module module) {
  FAKE(cuModuleUnload);
  dlclose(module->library);
  delete module;
  return 0;
}
EXPORT cuModuleGetFunction(Function* function, Module module, const char* name) {
  FAKE(cuModuleGetFunction);
  static std::vector<std::unique_ptr<FunctionHandle>> all;
  std::lock_guard lock(the_mutex);
  auto launch = reinterpret_cast<decltype(FunctionHandle::call)>(
      dlsym(module->library, (std::string(name) + "__launch").c_str()));
  auto count = reinterpret_cast<int (*)()>(dlsym(module->library, (std::string(name) + "__count").c_str()));
  if (!launch || !count) return kNotFound;
  all.push_back(std::make_unique<FunctionHandle>(FunctionHandle{launch, count()}));
  *function = all.back().get();
  return 0;
}

EXPORT cuStreamCreate(Stream* stream, unsigned) {
  FAKE(cuStreamCreate);
  *stream = new StreamHandle;
  return 0;
}
EXPORT cuStreamDestroy_v2(Stream stream) {
  FAKE(cuStreamDestroy_v2);
  run(stream);
  delete stream;
  return 0;
}
EXPORT cuStreamSynchronize(Stream stream) {
  FAKE(cuStreamSynchronize);
  return run(stream);
}
EXPORT cuStreamWaitEvent(Stream, Event, unsigned) {
  FAKE(cuStreamWaitEvent);
  return 0;
}
EXPORT cuLaunchKernel(Function function, unsigned blocks_x, unsigned, unsigned, unsigned threads_x, unsigned, unsigned,
                      unsigned, Stream stream, void** arguments, void**) {
  FAKE(cuLaunchKernel);
  if (blocks_x == 0 || threads_x == 0 || threads_x > 1024) return kInvalidValue;
  std::vector<int64_t> values;
  for (int i = 0; i < function->parameters; ++i) values.push_back(*static_cast<int64_t*>(arguments[i]));
  bool backward = variable("FAKE_CUDA_ORDER", "forward") == "backward";
  stream->work.push_back([=]() mutable {
    std::vector<void*> pointers;
    for (int64_t& value : values) pointers.push_back(&value);
    if (!function->call(pointers.data(), blocks_x, threads_x, backward, {barrier, run_block})) lost = kLaunchFailed;
    now += 0.001;
  });
  return 0;
}

EXPORT cuEventCreate(Event* event, unsigned) {
  FAKE(cuEventCreate);
  *event = new EventHandle;
  return 0;
}
EXPORT cuEventRecord(Event event, Stream stream) {
  FAKE(cuEventRecord);
  run(stream);
  event->milliseconds = now;
  return 0;
}
EXPORT cuEventSynchronize(Event) {
  FAKE(cuEventSynchronize);
  return 0;
}
EXPORT cuEventElapsedTime(float* milliseconds, Event begin, Event end) {
  FAKE(cuEventElapsedTime);
  *milliseconds = static_cast<float>(end->milliseconds - begin->milliseconds);
  return 0;
}
EXPORT cuEventDestroy_v2(Event event) {
  FAKE(cuEventDestroy_v2);
  delete event;
  return 0;
}

EXPORT nvrtcVersion(int* major, int* minor) {
  FAKE(nvrtcVersion);
  *major = 13;
  *minor = 0;
  return 0;
}
EXPORT nvrtcCreateProgram(Program* program, const char* source, const char*, int, const char* const*,
                          const char* const*) {
  FAKE(nvrtcCreateProgram);
  *program = new ProgramHandle{source};
  return 0;
}
EXPORT nvrtcDestroyProgram(Program* program) {
  FAKE(nvrtcDestroyProgram);
  delete *program;
  *program = nullptr;
  return 0;
}
EXPORT nvrtcCompileProgram(Program program, int, const char* const*) {
  FAKE(nvrtcCompileProgram);
  std::string folder = std::filesystem::temp_directory_path().string() + "/fake-cuda-XXXXXX";
  if (!mkdtemp(folder.data())) return 1;
  std::ofstream(folder + "/kernels.cpp") << with_launchers(program->source);
  std::string command = "g++ -std=c++17 -O1 -w -fPIC -shared -fwrapv -fno-strict-aliasing -ffp-contract=off -o " +
                        folder + "/kernels.so " + folder + "/kernels.cpp 2> " + folder + "/log";
  int status = std::system(command.c_str());
  program->log = read(folder + "/log");
  program->binary = status == 0 ? read(folder + "/kernels.so") : "";
  std::filesystem::remove_all(folder);
  return status == 0 ? 0 : kCompilationError;
}
EXPORT nvrtcGetProgramLogSize(Program program, size_t* bytes) {
  *bytes = program->log.size() + 1;
  return 0;
}
EXPORT nvrtcGetProgramLog(Program program, char* log) {
  std::memcpy(log, program->log.c_str(), program->log.size() + 1);
  return 0;
}
EXPORT nvrtcGetCUBINSize(Program program, size_t* bytes) {
  FAKE(nvrtcGetCUBINSize);
  *bytes = program->binary.size();
  return 0;
}
EXPORT nvrtcGetCUBIN(Program program, char* cubin) {
  FAKE(nvrtcGetCUBIN);
  std::memcpy(cubin, program->binary.data(), program->binary.size());
  return 0;
}
