// The compiler of the cpu runtime, a module of its own (lib/caten/cpu-compiler.so), for it alone is linked with clang
// and LLVM: what loads kernels that were compiled before loads neither.
//
// In: C with vector extensions, one text without includes. Out: a relocatable ELF object, position independent, whose
// visible functions are the kernels. Thread-safe. Nothing is read from or written to disk.
#pragma once

#include <cstddef>

extern "C" {

/// Called with the object's bytes (status 0) or with what the compiler said (any other).
using caten_cpu_emit = void (*)(void* context, const char* bytes, size_t size);

/// 0: compiled. 1: the source is wrong. 2: the compiler itself failed.
using caten_cpu_compile = int (*)(const char* source, size_t size, const char* triple, const char* cpu,
                                  const char* tune, void* context, caten_cpu_emit emit);
}

#define CATEN_CPU_COMPILE_SYMBOL "caten_cpu_compile_v1"
