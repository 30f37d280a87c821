// The driver of the `cpu` runtime: kernels are C with vector extensions, compiled in this process for the processor at
// hand (or the one that the option cpu=NAME chooses). Buffers are host memory; a stream runs what it is given at once,
// in order, and shares the range of a kernel among the threads of one OpenMP region.
//
// An artifact is an ELF object that cpu/object loads by itself. The compiler is a module of its own that is loaded when
// something has to be compiled, so that a process that finds its artifacts loads neither clang nor LLVM.
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>
#if defined(_OPENMP)
#include <omp.h>
#endif

#include "cpu/compiler.hpp"
#include "cpu/library.hpp"
#include "cpu/object.hpp"
#include "cpu/target.hpp"
#include "runtime/driver_support.hpp"

struct caten_device {
  const caten::cpu::Target* target;
  std::string compiler;  // the path of the compiler's module
  std::string identity;
};
using Kernel = void (*)(void* const* buffers, const int64_t* sizes, int64_t begin, int64_t end);
struct caten_program {
  std::unique_ptr<caten::cpu::LoadedObject> object;
};

namespace {

using caten::host::fail;

int available_threads() {
#if defined(_OPENMP)
  return std::max(1, omp_get_max_threads());
#else
  return 1;
#endif
}

/// The folder of this module.
std::string own_folder() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &here) == 0 || !here.dli_fname) return ".";
  std::string path = here.dli_fname;
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// The value of `cpu=` among options that commas separate.
caten_status read_options(const std::string& options, std::string& cpu) {
  for (size_t begin = 0; begin < options.size();) {
    size_t end = std::min(options.find(',', begin), options.size());
    std::string option = options.substr(begin, end - begin);
    if (option.rfind("cpu=", 0) != 0)
      return fail(CATEN_UNSUPPORTED, "there is no option `" + option + "`; the cpu driver knows cpu=NAME");
    cpu = option.substr(4);
    begin = end + 1;
  }
  return CATEN_OK;
}

caten_status open_device(const char* options, caten_device** device) {
  std::string cpu = "native", error;
  if (caten_status status = read_options(options ? options : "", cpu); status != CATEN_OK) return status;
  const caten::cpu::Target* target = caten::cpu::find_target(cpu, error);
  if (!target) return fail(CATEN_UNSUPPORTED, error);
  std::string compiler = own_folder() + "/cpu-compiler.so";
  // The module's file stands for the compiler's version and passes.
  struct stat file {};
  if (stat(compiler.c_str(), &file) != 0)
    return fail(CATEN_UNAVAILABLE, "caten was built without LLVM 19: there is no " + compiler);
  char identity[256];
  std::snprintf(identity, sizeof identity, "%s %s, compiler of %lld bytes at %lld.%09ld", target->triple, target->cpu,
                static_cast<long long>(file.st_size), static_cast<long long>(file.st_mtim.tv_sec),
                static_cast<long>(file.st_mtim.tv_nsec));
  *device = new caten_device{target, std::move(compiler), identity};
  return CATEN_OK;
}

void close_device(caten_device* device) { delete device; }

caten_status properties(caten_device* device, caten_properties* out) {
  caten::host::describe(out, device->target->name, device->identity);
  out->compute_units = static_cast<uint32_t>(available_threads());
  out->unit_kernels = 1;
  return CATEN_OK;
}

/// The compiler, loaded at the first use and kept: its libraries do not unload well.
caten_cpu_compile load_compiler(const std::string& path) {
  static std::mutex mutex;
  static caten_cpu_compile known = nullptr;
  std::lock_guard lock(mutex);
  if (known) return known;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    const char* said = dlerror();
    fail(CATEN_UNAVAILABLE, std::string("the compiler of kernels cannot be loaded: ") + (said ? said : path));
    return nullptr;
  }
  known = reinterpret_cast<caten_cpu_compile>(dlsym(library, CATEN_CPU_COMPILE_SYMBOL));
  if (!known) fail(CATEN_UNAVAILABLE, path + " is of another version of caten");
  return known;
}

caten_status compile(caten_device* device, const char* source, size_t bytes, caten_artifact* artifact) {
  caten_cpu_compile compiler = load_compiler(device->compiler);
  if (!compiler) return CATEN_UNAVAILABLE;
  std::string out;
  const caten::cpu::Target& target = *device->target;
  int status =
      compiler(source, bytes, target.triple, target.cpu, target.tune, &out,
               [](void* text, const char* data, size_t size) { static_cast<std::string*>(text)->assign(data, size); });
  if (status != 0) return fail(status == 1 ? CATEN_COMPILE_FAILED : CATEN_FAILED, out);
  return caten::host::give_artifact(out.data(), out.size(), artifact);
}

caten_status load(caten_device* device, const void* artifact, size_t bytes, caten_program** program) {
  const caten::cpu::Target& target = *device->target;
  if (!caten::cpu::runs_here(target))
    return fail(CATEN_UNAVAILABLE, std::string("kernels for ") + target.name + " need " + target.needs);
  std::string error;
  std::unique_ptr<caten::cpu::LoadedObject> object = caten::cpu::LoadedObject::load(artifact, bytes, error);
  if (!object) return fail(CATEN_FAILED, error);
  *program = new caten_program{std::move(object)};
  return CATEN_OK;
}

void unload(caten_program* program) { delete program; }

caten_status find_function(caten_program* program, const char* name, uint32_t* function) {
  const std::vector<caten::cpu::LoadedObject::Function>& functions = program->object->functions();
  auto found = std::find_if(functions.begin(), functions.end(), [&](const auto& each) { return each.name == name; });
  if (found == functions.end()) return fail(CATEN_FAILED, std::string("the compiled kernels have no function ") + name);
  *function = static_cast<uint32_t>(found - functions.begin());
  return CATEN_OK;
}

/// What a thread is worth: waking it takes about a microsecond, a unit of work well below a nanosecond.
constexpr int64_t kUnitsPerThread = 30000;

int threads_for(int64_t range, int64_t work) {
  double threads =
      static_cast<double>(range) * static_cast<double>(std::max<int64_t>(work, 1)) / double{kUnitsPerThread};
  if (threads < 2) return 1;
  return static_cast<int>(std::min({threads, static_cast<double>(range), static_cast<double>(available_threads())}));
}

/// A thread's part of a range. Whoever has done its own takes from the parts of others: one that another program holds
/// up does not hold up all.
struct alignas(64) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;

  /// A third of what is left, at least `least`; false: nothing is.
  bool take(int64_t least, int64_t& begin, int64_t& count) {
    begin = next.load(std::memory_order_relaxed);
    do {
      if (begin >= end) return false;
      count = std::min(end - begin, std::max(least, (end - begin) / 3));
    } while (!next.compare_exchange_weak(begin, begin + count, std::memory_order_relaxed));
    return true;
  }
};

void run_shared(Kernel kernel, const caten_launch& what, int threads) {
  std::vector<Share> shares(static_cast<size_t>(threads));
  for (int64_t k = 0, begin = 0; k < threads; ++k) {
    shares[static_cast<size_t>(k)].next = begin;
    begin += what.range / threads + (k < what.range % threads ? 1 : 0);
    shares[static_cast<size_t>(k)].end = begin;
  }
  int64_t least = kUnitsPerThread / std::max<int64_t>(what.range_work, 1) + 1;
#if defined(_OPENMP)
#pragma omp parallel num_threads(threads)
#endif
  {
    // The team may be smaller than was asked for: then the others' parts are taken like those of threads that wait.
#if defined(_OPENMP)
    auto member = static_cast<size_t>(omp_get_thread_num());
#else
    size_t member = 0;
#endif
    for (size_t k = 0; k < shares.size(); ++k) {
      Share& share = shares[(member + k) % shares.size()];
      for (int64_t begin = 0, count = 0; share.take(least, begin, count);)
        kernel(what.buffers, what.sizes, begin, begin + count);
    }
  }
}

caten_status launch(caten_stream*, caten_program* program, const caten_launch* what) {
  auto kernel = reinterpret_cast<Kernel>(program->object->functions()[what->function].address);
  if (int threads = threads_for(what->range, what->range_work); threads > 1)
    run_shared(kernel, *what, threads);
  else
    kernel(what->buffers, what->sizes, 0, what->range);
  return CATEN_OK;
}

/// The library's module, loaded at the first use and kept.
struct Library {
  caten_cpu_library_name name = nullptr;
  caten_cpu_library_call call = nullptr;
  caten_cpu_library_free_kept free_kept = nullptr;
  std::string error;
};
const Library& library() {
  static const Library known = [] {
    Library out;
    std::string path = own_folder() + "/cpu-library.so";
    void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!module) {
      const char* said = dlerror();
      out.error = std::string("oneDNN cannot be loaded: ") + (said ? said : path);
      return out;
    }
    out.name = reinterpret_cast<caten_cpu_library_name>(dlsym(module, CATEN_CPU_LIBRARY_NAME));
    out.call = reinterpret_cast<caten_cpu_library_call>(dlsym(module, CATEN_CPU_LIBRARY_CALL));
    out.free_kept = reinterpret_cast<caten_cpu_library_free_kept>(dlsym(module, CATEN_CPU_LIBRARY_FREE_KEPT));
    if (!out.name || !out.call || !out.free_kept) out.error = path + " is of another version of caten";
    return out;
  }();
  return known;
}

caten_status open_library(caten_device* device, const char** name) {
  // It chooses its kernels for the processor at hand.
  std::string error;
  if (device->target != caten::cpu::find_target("native", error))
    return fail(CATEN_UNAVAILABLE,
                std::string("oneDNN computes for the native processor, not for ") + device->target->name);
  if (!library().error.empty()) return fail(CATEN_UNAVAILABLE, library().error);
  *name = library().name();
  return CATEN_OK;
}

caten_status call_library(caten_stream*, const char* name, const char* attributes, void* const* buffers,
                          uint32_t buffer_count, const int64_t* sizes, uint32_t size_count, void** const* kept) {
  if (!library().error.empty() || (buffers && buffer_count != 3))
    return fail(CATEN_UNSUPPORTED, std::string("there is no library routine ") + name);
  const char* error = library().call(name, attributes, buffers, sizes, size_count, kept, available_threads());
  return error ? fail(CATEN_FAILED, error) : CATEN_OK;
}

void free_kept(void* kept) { library().free_kept(kept); }

const caten_driver kDriver = [] {
  caten_driver driver = caten::host::host_driver("cpu");
  driver.open = open_device;
  driver.close = close_device;
  driver.properties = properties;
  driver.compile = compile;
  driver.load = load;
  driver.unload = unload;
  driver.find_function = find_function;
  driver.launch = launch;
  driver.open_library = open_library;
  driver.call_library = call_library;
  driver.free_kept = free_kept;
  return driver;
}();

}  // namespace

extern "C" __attribute__((visibility("default"))) const caten_driver* caten_driver_table(void) { return &kDriver; }
