/* The C interface between caten and a driver: the loadable module that compiles and runs kernels on one kind of device.
 *
 * A driver exports one symbol, CATEN_DRIVER_SYMBOL, a function that returns its table of functions. It includes this
 * header and nothing else of caten, never throws and never exits. Each function returns CATEN_OK or the kind of its
 * failure; last_error then gives the text, for the thread that called. Functions may be called from several threads at
 * once, for the same device too. Optional functions may be null.
 *
 * A kernel is a function of the artifact, called with the addresses of its buffers and a list of 64-bit integers (sizes
 * and loop counters). Both arrays belong to the caller and need only live until `launch` returns. Where the runtime
 * file's dialect says how a kernel takes a range, kernels do so: they are called for parts [begin, end) that together
 * make up 0 … range, in any order and at once.
 */
#ifndef CATEN_DRIVER_ABI_H
#define CATEN_DRIVER_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CATEN_DRIVER_ABI 5
#define CATEN_DRIVER_SYMBOL "caten_driver_table"

typedef enum caten_status {
  CATEN_OK = 0,
  CATEN_FAILED = 1,         /* anything else */
  CATEN_COMPILE_FAILED = 2, /* the compiler rejects the source; the text is what it said */
  CATEN_UNAVAILABLE = 3,    /* no device, library or compiler; the text says what was searched */
  CATEN_OUT_OF_MEMORY = 4,
  CATEN_UNSUPPORTED = 5 /* a library call or option that the driver does not have */
} caten_status;

typedef struct caten_device caten_device;
typedef struct caten_stream caten_stream;
typedef struct caten_event caten_event;
typedef struct caten_program caten_program;
typedef struct caten_recording caten_recording;

typedef struct caten_properties {
  uint32_t struct_bytes;
  char name[128];
  /* Names compiler, its version and flags, and the device's instruction set: part of the key of cached artifacts. */
  char identity[256];
  uint32_t host_memory;  /* buffers are host memory, and host memory may be a buffer */
  uint32_t alignment;    /* of what alloc returns, in bytes */
  uint64_t memory_bytes; /* 0: unknown */
  uint32_t compute_units;
  uint32_t unit_kernels; /* how many kernels a source text should have; 0: all of a program */
} caten_properties;

/* Bytes that the driver made; the caller gives them back with free_artifact. */
typedef struct caten_artifact {
  void* data;
  size_t bytes;
} caten_artifact;

typedef struct caten_launch {
  uint32_t struct_bytes;
  uint32_t function; /* as find_function gave it */
  void* const* buffers;
  uint32_t buffer_count;
  uint32_t size_count;
  const int64_t* sizes;
  /* Threads per block: more than 1 where so many run each part of the range together, in one block (the dialect's
   * :team); else the driver chooses. Blocks are the driver's choice. */
  uint32_t blocks[3];
  uint32_t threads[3];
  uint32_t shared_bytes;
  /* How many parts the kernel's work can be divided into, 1 if it cannot be, and about how many scalar operations each
   * part takes. Drivers whose kernels take no range ignore both. */
  int64_t range;
  int64_t range_work;
} caten_launch;

typedef struct caten_driver {
  uint32_t abi; /* CATEN_DRIVER_ABI */
  uint32_t struct_bytes;
  const char* name;

  const char* (*last_error)(void);

  /* `options`: name=value, separated by commas; CATEN_UNSUPPORTED if one of them is unknown. */
  caten_status (*open)(const char* options, caten_device** device);
  void (*close)(caten_device* device);
  caten_status (*properties)(caten_device* device, caten_properties* properties);

  caten_status (*alloc)(caten_device* device, size_t bytes, void** memory);
  void (*free)(caten_device* device, void* memory);
  /* Copies between host and device or within the device, in the order of the stream. */
  caten_status (*copy_in)(caten_stream* stream, void* to, const void* from_host, size_t bytes);
  caten_status (*copy_out)(caten_stream* stream, void* to_host, const void* from, size_t bytes);
  caten_status (*copy)(caten_stream* stream, void* to, const void* from, size_t bytes);
  caten_status (*zero)(caten_stream* stream, void* memory, size_t bytes);

  /* Source to artifact: no state but the device's compiler, so that artifacts can be kept. */
  caten_status (*compile)(caten_device* device, const char* source, size_t bytes, caten_artifact* artifact);
  void (*free_artifact)(caten_artifact* artifact);
  caten_status (*load)(caten_device* device, const void* artifact, size_t bytes, caten_program** program);
  void (*unload)(caten_program* program);
  caten_status (*find_function)(caten_program* program, const char* name, uint32_t* function);

  caten_status (*open_stream)(caten_device* device, caten_stream** stream);
  void (*close_stream)(caten_stream* stream);
  caten_status (*launch)(caten_stream* stream, caten_program* program, const caten_launch* launch);
  caten_status (*synchronize)(caten_stream* stream);

  caten_status (*record_event)(caten_stream* stream, caten_event** event);
  caten_status (*wait_event)(caten_stream* stream, caten_event* event);
  caten_status (*elapsed)(caten_event* begin, caten_event* end, double* seconds);
  void (*free_event)(caten_event* event);

  /* Optional: a list of launches kept by the device and replayed as one. */
  caten_status (*begin_recording)(caten_stream* stream);
  caten_status (*end_recording)(caten_stream* stream, caten_recording** recording);
  caten_status (*replay)(caten_stream* stream, caten_recording* recording);
  void (*free_recording)(caten_recording* recording);

  /* Optional: the name and version of the library whose routines call_library has, which is loaded now;
   * CATEN_UNAVAILABLE if there is none, or if it cannot be used for this device. */
  caten_status (*open_library)(caten_device* device, const char** name);

  /* Optional: a routine of the library by name, in the order of the stream. Without buffers it is only prepared: what a
   * call of these sizes would make at its first time is made.
   *
   * `kept`: null, or for each buffer null, or a place where the driver may leave what it made of that buffer's elements
   * alone, such as packed weights: null at first, handed in again at later calls of the same routine, attributes and
   * sizes while the elements do not change, possibly by several threads at once when it is no longer null, and given
   * back with free_kept.
   *
   * `contraction`, attributes: the dtype of A and B; C's is the same, or f32 for bf16; buffers: C, A, B; sizes: m n k,
   * za zb, then for each of A, B and C the first element and the steps along its rows and columns, then for each batch
   * axis its extent and the steps of A, B and C. C[m n] = sum over k of A[m k] B[k n] at each place of the batch axes;
   * 0 where k is 0. Steps are counted in elements; C's along columns is 1, A's and B's are 1 along rows or columns. Of
   * za further k, A's elements are all 0 and not to be read; B's are, since 0 times what is no finite number is NaN.
   * zb: the same of B. One of them is 0.
   *
   * `convolution`, attributes: a dtype; buffers: Y, X, W, in row-major order; sizes: the first element of X, W and Y,
   * the numbers of images n, groups g, channels c and filters f of a group, whether the channels of X, and of Y, lie
   * behind the other axes (0 or 1), the kind, then for each of one to three axes the size of an image, the size of the
   * window, stride, dilation, zeros before an image, and how many places there are. Where X outside of its images is 0,
   * kind 0: Y[n gf place] = sum over channels and window of X[n gc place*stride + window*dilation - before] W[gf c
   * window] kind 1: the same with W[gc f last - window]; strides are 1 kind 2: W[gf c window] = sum over images and
   * places of X[n gc place*stride + window*dilation - before] Y[n gf place]; buffers are W, X, Y, and the first
   * elements those of X, Y and W. */
  caten_status (*call_library)(caten_stream* stream, const char* name, const char* attributes, void* const* buffers,
                               uint32_t buffer_count, const int64_t* sizes, uint32_t size_count, void** const* kept);
  void (*free_kept)(void* kept);
} caten_driver;

typedef const caten_driver* (*caten_driver_entry)(void);

#ifdef __cplusplus
}
#endif

#endif
