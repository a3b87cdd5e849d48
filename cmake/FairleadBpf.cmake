# SPDX-License-Identifier: Apache-2.0
# fl_bpf_object(NAME SOURCE file.bpf.c): clang to an object, bpftool to a
# skeleton; link NAME to include "NAME.skel.h".
find_program(BPFTOOL bpftool PATHS /usr/sbin REQUIRED)
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-multiarch OUTPUT_VARIABLE FL_MULTIARCH
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT FL_MULTIARCH)
  set(FL_MULTIARCH ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)
endif()

function(fl_bpf_object name source)
  set(dir ${CMAKE_BINARY_DIR}/bpf)
  set(obj ${dir}/${name}.bpf.o)
  set(skel ${dir}/${name}.skel.h)
  file(MAKE_DIRECTORY ${dir})
  add_custom_command(OUTPUT ${obj}
    COMMAND clang-19 -O2 -g -mcpu=v3 -target bpf -Wall -Wextra -Wconversion -Wshadow -Werror -std=gnu17
      -I${CMAKE_SOURCE_DIR} -isystem /usr/include/${FL_MULTIARCH}
      -MD -MF ${obj}.d -MT ${obj} -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${obj}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source} DEPFILE ${obj}.d VERBATIM)
  add_custom_command(OUTPUT ${skel}
    COMMAND sh -c "${BPFTOOL} gen skeleton ${obj} name ${name} > ${skel}"
    DEPENDS ${obj} VERBATIM)
  add_custom_target(${name}_skel DEPENDS ${skel})
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_skel)
  target_include_directories(${name} SYSTEM INTERFACE ${dir})
  target_link_libraries(${name} INTERFACE PkgConfig::BPF)
endfunction()
