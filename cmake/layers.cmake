# The folders of cxx/ are layers: one library target each, with dependencies that point one way only.
# `caten_layer(name DEPENDS a b …)` is the only place where a layer's dependencies stand; scripts/check-layers reads it.

find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

add_library(caten_options INTERFACE)
target_compile_options(caten_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror=return-type
  # Values must be the same whatever the optimisation level: no fused multiply-add behind our back.
  -ffp-contract=off)
target_include_directories(caten_options INTERFACE ${CMAKE_SOURCE_DIR}/cxx)
target_link_libraries(caten_options INTERFACE fmt::fmt)
if(CATEN_SANITIZE)
  target_compile_options(caten_options INTERFACE -fsanitize=${CATEN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(caten_options INTERFACE -fsanitize=${CATEN_SANITIZE})
endif()

function(caten_layer name)
  cmake_parse_arguments(LAYER "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  add_library(caten_${name} STATIC ${sources})
  target_link_libraries(caten_${name} PUBLIC caten_options)
  foreach(dependency ${LAYER_DEPENDS})
    target_link_libraries(caten_${name} PUBLIC caten_${dependency})
  endforeach()
  target_link_libraries(caten_${name} PRIVATE ${LAYER_LIBRARIES})
endfunction()
