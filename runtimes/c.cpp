// The driver of the `c` runtime: kernels are C, compiled by the system's C compiler as a subprocess into a shared
// object, which is loaded with dlopen. Buffers are host memory; a stream runs what it is given at once, in order.
//
// The compiler is $CATEN_CC, $CC, cc, gcc or clang, the first that exists. What every driver of the host's memory does
// is in runtime/driver_support.hpp, what one does that runs a compiler in runtime/system_compiler.hpp.
#include "runtime/system_compiler.hpp"

using caten::host::fail;

/// An open device: here a compiler is all that there is to it.
struct caten_device {
  caten::host::Compiler compiler;
};

/// How the kernels are called that the runtime file's (:kernel …) begins.
using Kernel = void (*)(void* const* buffers, const int64_t* sizes);

/// The kernels of a program, loaded. Functions are asked for by name once and launched by number.
struct caten_program {
  void* library;
  std::mutex mutex;
  std::vector<Kernel> kernels;
};

namespace {

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

/// Finds the compiler. `options` are what a user of the device may choose; there is nothing to choose here.
caten_status open_device(const char* options, caten_device** device) {
  if (options && *options) return fail(CATEN_UNSUPPORTED, std::string(options) + ", but the driver c has no options");
  caten::host::Compiler compiler;
  caten_status status = caten::host::find_compiler({std::getenv("CATEN_CC"), std::getenv("CC"), "cc", "gcc", "clang"},
                                                   {std::begin(kFlags), std::end(kFlags)}, compiler);
  if (status == CATEN_OK) *device = new caten_device{std::move(compiler)};
  return status;
}

void close_device(caten_device* device) { delete device; }

/// The identity is part of the key of kept kernels: whatever makes other machine code must change it.
caten_status properties(caten_device* device, caten_properties* out) {
  caten::host::describe(out, device->compiler.command[0], device->compiler.identity);
  return CATEN_OK;
}

/// A text of kernels to bytes that can be kept. A compiler that broke down in an optimisation mostly manages with less.
caten_status compile(caten_device* device, const char* source, size_t bytes, caten_artifact* artifact) {
  return caten::host::compile_text(device->compiler, source, bytes, {"-O1", "-fno-ivopts"}, artifact);
}

caten_status load(caten_device*, const void* artifact, size_t bytes, caten_program** program) {
  void* library = nullptr;
  if (caten_status status = caten::host::load_library(artifact, bytes, &library); status != CATEN_OK) return status;
  *program = new caten_program{library, {}, {}};
  return CATEN_OK;
}

void unload(caten_program* program) {
  dlclose(program->library);
  delete program;
}

/// May be called from several threads at once, as all functions may.
caten_status find_function(caten_program* program, const char* name, uint32_t* function) {
  void* symbol = dlsym(program->library, name);
  if (!symbol) return fail(CATEN_FAILED, std::string("the compiled kernels have no function ") + name);
  std::lock_guard lock(program->mutex);
  *function = static_cast<uint32_t>(program->kernels.size());
  program->kernels.push_back(reinterpret_cast<Kernel>(symbol));
  return CATEN_OK;
}

/// A device that works beside the host puts the call into its queue here, and waits for it in `synchronize`.
caten_status launch(caten_stream*, caten_program* program, const caten_launch* what) {
  Kernel kernel = nullptr;
  {
    std::lock_guard lock(program->mutex);
    kernel = program->kernels[what->function];
  }
  kernel(what->buffers, what->sizes);
  return CATEN_OK;
}

const caten_driver kDriver = [] {
  caten_driver driver = caten::host::host_driver("c");
  driver.open = open_device;
  driver.close = close_device;
  driver.properties = properties;
  driver.compile = compile;
  driver.load = load;
  driver.unload = unload;
  driver.find_function = find_function;
  driver.launch = launch;
  return driver;
}();

}  // namespace

extern "C" __attribute__((visibility("default"))) const caten_driver* caten_driver_table(void) { return &kDriver; }
