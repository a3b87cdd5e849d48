# SPDX-License-Identifier: Apache-2.0
# Compiler flags live in one interface target that every target of ours links.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
# The build type Dev adds no flags: not optimised, no debug information, quick to build on two cores.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(fl_flags INTERFACE)
target_include_directories(fl_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(fl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang) # GCC 12 does not know a linker by its version
  target_link_options(fl_flags INTERFACE -fuse-ld=lld-19)
endif()

# Presets asan, tsan and fuzz: a list for -fsanitize=. A report ends the program, so that no test passes over one.
set(FL_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize= takes them")
option(FL_FUZZ_SEARCH "build each fuzz target as libFuzzer's search (tests/fuzz)" OFF)
if(FL_SANITIZE)
  set(sanitize -fsanitize=${FL_SANITIZE} -fno-sanitize-recover=all)
  if(FL_FUZZ_SEARCH)
    list(APPEND sanitize -fsanitize=fuzzer-no-link)
  endif()
  target_compile_options(fl_flags INTERFACE ${sanitize} -O1 -gline-tables-only -fno-omit-frame-pointer)
  target_link_options(fl_flags INTERFACE ${sanitize})
endif()
