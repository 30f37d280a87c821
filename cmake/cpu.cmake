# The cpu runtime: its driver, the compiler of its kernels, the only module that is linked with clang and LLVM, and the
# library that computes products. Without LLVM 19 none is built, and programs run on another runtime.

if(NOT CATEN_CPU)
  return()
endif()
# Debian's package is looked for under its own prefix, so that another LLVM on the system is not taken for it.
find_path(CATEN_LLVM_INCLUDE clang/CodeGen/CodeGenAction.h HINTS /usr/lib/llvm-19/include NO_DEFAULT_PATH)
find_library(CATEN_LLVM_LIBRARY LLVM-19 HINTS /usr/lib/llvm-19/lib NO_DEFAULT_PATH)
find_library(CATEN_CLANG_LIBRARY clang-cpp HINTS /usr/lib/llvm-19/lib NO_DEFAULT_PATH)
if(NOT CATEN_LLVM_INCLUDE OR NOT CATEN_LLVM_LIBRARY OR NOT CATEN_CLANG_LIBRARY)
  message(WARNING "LLVM 19 is not here: the cpu runtime is not built. scripts/setup installs it "
                  "(llvm-19-dev libclang-19-dev libclang-cpp19-dev).")
  return()
endif()

# Kernels share their range among the threads of GCC's OpenMP, the one that oneDNN uses. Other compilers would bring a
# second pool of threads; with them, and under sanitizers, which cannot see into it, kernels run on one thread.
set(openmp "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CATEN_SANITIZE)
  set(openmp -fopenmp)
endif()
caten_driver(cpu SOURCES cpu.cpp cpu/object.cpp cpu/stream.cpp cpu/target.cpp LIBRARIES ${CMAKE_DL_LIBS} ${openmp})
target_compile_options(driver_cpu PRIVATE ${openmp})

caten_driver(cpu-compiler SOURCES cpu/compiler.cpp LIBRARIES ${CATEN_CLANG_LIBRARY} ${CATEN_LLVM_LIBRARY})
target_include_directories(driver_cpu-compiler SYSTEM PRIVATE ${CATEN_LLVM_INCLUDE})
add_dependencies(driver_cpu driver_cpu-compiler)

# oneDNN computes products and convolutions. Without it, or without GCC's OpenMP, kernels do.
find_path(CATEN_DNNL_INCLUDE oneapi/dnnl/dnnl.h)
find_library(CATEN_DNNL_LIBRARY dnnl)
if(CATEN_DNNL_INCLUDE AND CATEN_DNNL_LIBRARY AND openmp)
  caten_driver(cpu-library SOURCES cpu/library.cpp cpu/contraction.cpp cpu/convolution.cpp LIBRARIES ${CATEN_DNNL_LIBRARY} ${openmp})
  target_compile_options(driver_cpu-library PRIVATE ${openmp} -O3)
  target_include_directories(driver_cpu-library SYSTEM PRIVATE ${CATEN_DNNL_INCLUDE})
  add_dependencies(driver_cpu driver_cpu-library)
elseif(openmp)
  message(WARNING "oneDNN is not here: products of matrices are computed by generated kernels. scripts/setup installs it "
                  "(libdnnl-dev).")
endif()

# LLVM is not built with sanitizers; containers that cross its border would look broken to them.
if(CATEN_SANITIZE)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/runtimes/cpu/compiler.cpp PROPERTIES COMPILE_OPTIONS -fno-sanitize=all)
endif()
