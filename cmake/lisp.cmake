# `caten_lisp_library(name INIT function FILES a.lisp … USES x.lisp …)` compiles Lisp files with ECL, one command each, into a
# static library whose `function` registers them. Each file may use macros of USES and, unless INDEPENDENT, of the files before it.

find_program(ECL_PROGRAM ecl REQUIRED)

function(caten_lisp_library name)
  cmake_parse_arguments(LISP "INDEPENDENT" "INIT" "FILES;USES" ${ARGN})
  set(script ${CMAKE_SOURCE_DIR}/cmake/compile-lisp.lisp)
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${name})
  file(MAKE_DIRECTORY ${directory})
  set(before ${LISP_USES})
  set(objects "")
  foreach(source ${LISP_FILES})
    get_filename_component(stem ${source} NAME_WE)
    set(object ${directory}/${stem}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${ECL_PROGRAM} --norc --shell ${script} -- ${object} ${source} ${CMAKE_SOURCE_DIR}/ ${before}
      DEPENDS ${script} ${source} ${before}
      COMMENT "Compiling Lisp ${stem}" VERBATIM)
    list(APPEND objects ${object})
    if(NOT LISP_INDEPENDENT)
      list(APPEND before ${source})
    endif()
  endforeach()
  string(REPLACE ";" "\" \"" quoted "${objects}")
  set(archive ${directory}/lib${name}.a)
  file(GENERATE OUTPUT ${directory}/link.lisp CONTENT
    "(setf *load-verbose* nil)\n(require 'cmp)\n(set (read-from-string \"c::*cc-flags*\") (concatenate 'string (symbol-value (read-from-string \"c::*cc-flags*\")) \" -g0\"))\n(funcall (read-from-string \"c:build-static-library\") \"${directory}/${name}\" :lisp-files (list \"${quoted}\") :init-name \"${LISP_INIT}\")\n(ext:quit 0)\n")
  add_custom_command(OUTPUT ${archive}
    COMMAND ${ECL_PROGRAM} --norc --shell ${directory}/link.lisp
    DEPENDS ${objects} ${directory}/link.lisp
    COMMENT "Linking Lisp ${name}" VERBATIM)
  add_custom_target(${name}_build DEPENDS ${archive})
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${archive})
  add_dependencies(${name} ${name}_build)
endfunction()
