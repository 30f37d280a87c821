# The folders of cxx/ are layers: one library target each, with dependencies that point one way only.
# `caten_layer(name DEPENDS a b …)` is the only place where a layer's dependencies stand; scripts/check-layers reads it.

find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

add_library(caten_options INTERFACE)
target_compile_options(caten_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror=return-type
  # Values must be the same whatever the optimisation level: no fused multiply-add behind our back.
  -ffp-contract=off
  # Assertions name files of the project, whatever folder it was built in.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_include_directories(caten_options INTERFACE ${CMAKE_SOURCE_DIR}/cxx)
target_link_libraries(caten_options INTERFACE fmt::fmt)
if(CATEN_FUZZERS)
  target_compile_options(caten_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
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
    if(TARGET caten_${dependency})  # the Lisp layer is not in every build; check-layers finds misspelt names
      target_link_libraries(caten_${name} PUBLIC caten_${dependency})
    endif()
  endforeach()
  target_link_libraries(caten_${name} PRIVATE ${LAYER_LIBRARIES})
endfunction()

# What a user runs and loads: `cmake --build … --target programs` builds just this, no tests.
add_custom_target(programs)

# caten_program(name DEPENDS layer …): the program cxx/tools/<name>.cpp, in bin/. It finds caten's files relative to itself,
# in the build tree and after installation alike: ../share/caten and, for loadable drivers, ../lib/caten.
function(caten_program name)
  cmake_parse_arguments(PROGRAM "" "" "DEPENDS;LIBRARIES" ${ARGN})
  add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/tools/${name}.cpp)
  target_link_libraries(${name} PRIVATE caten_options)
  foreach(dependency ${PROGRAM_DEPENDS})
    target_link_libraries(${name} PRIVATE caten_${dependency})
  endforeach()
  target_link_libraries(${name} PRIVATE ${PROGRAM_LIBRARIES})
  set_target_properties(${name} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/../lib/caten")
  add_dependencies(programs ${name})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
  # The manual page and the completion scripts, as the program itself prints them.
  foreach(page man/man1/${name}.1 bash-completion/completions/${name} zsh/site-functions/_${name} fish/vendor_completions.d/${name}.fish)
    string(REGEX MATCH "^[a-z]+" kind ${page})
    set(words "completion ${kind}")
    if(kind STREQUAL man)
      set(words man)
    endif()
    install(CODE "
      set(file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/${page}\")
      get_filename_component(folder \"\${file}\" DIRECTORY)
      file(MAKE_DIRECTORY \"\${folder}\")
      execute_process(COMMAND $<TARGET_FILE:${name}> ${words} OUTPUT_FILE \"\${file}\" COMMAND_ERROR_IS_FATAL ANY)
      message(STATUS \"Installing: \${file}\")")
  endforeach()
endfunction()

# caten_driver(name): the loadable module lib/caten/<name>.so from runtimes/<name>.cpp and SOURCES (in runtimes/). Drivers
# link nothing of caten.
function(caten_driver name)
  cmake_parse_arguments(DRIVER "" "" "SOURCES;LIBRARIES" ${ARGN})
  list(TRANSFORM DRIVER_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/runtimes/)
  if(NOT DRIVER_SOURCES)
    set(DRIVER_SOURCES ${CMAKE_SOURCE_DIR}/runtimes/${name}.cpp)
  endif()
  add_library(driver_${name} MODULE ${DRIVER_SOURCES})
  target_include_directories(driver_${name} PRIVATE ${CMAKE_SOURCE_DIR}/runtimes)
  target_link_libraries(driver_${name} PRIVATE caten_options ${DRIVER_LIBRARIES})
  set_target_properties(driver_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN"
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/caten)
  add_dependencies(programs driver_${name})
  install(TARGETS driver_${name} LIBRARY DESTINATION lib/caten)
endfunction()
