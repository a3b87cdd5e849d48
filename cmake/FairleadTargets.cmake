# SPDX-License-Identifier: Apache-2.0
# One function per kind of target. Each records its dependencies and sources,
# and tests/tidy compares the record with the allow-list of layers.

set_property(GLOBAL PROPERTY FL_LAYERS "")
set_property(GLOBAL PROPERTY FL_SOURCES "")
set_property(GLOBAL PROPERTY FL_PURE "")

function(_fl_record name)
  list(JOIN ARGN " " deps)
  set_property(GLOBAL APPEND PROPERTY FL_LAYERS "${name}: ${deps}")
endfunction()

# Which folder declares a target, and its sources relative to that folder.
function(_fl_record_sources name)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  list(JOIN ARGN " " sources)
  set_property(GLOBAL APPEND PROPERTY FL_SOURCES "${name}: ${folder} ${sources}")
endfunction()

# fl_room(NAME [PURE] SOURCES ... HEADERS ... DEPS <rooms> LIBS <outside libraries>)
# A static library; header-only when it has no sources. A header belongs to the
# target of its .cpp or folder; HEADERS claims one that would go elsewhere. PURE rooms hold
# decisions: no clock, socket, file or randomness (tests/tidy checks symbols).
function(fl_room name)
  cmake_parse_arguments(R "PURE" "" "SOURCES;HEADERS;DEPS;LIBS" ${ARGN})
  if(R_SOURCES)
    add_library(${name} STATIC ${R_SOURCES})
    target_link_libraries(${name} PUBLIC fl_flags ${R_DEPS} ${R_LIBS})
    if(R_PURE)
      set_property(GLOBAL APPEND PROPERTY FL_PURE "$<TARGET_FILE:${name}>")
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE fl_flags ${R_DEPS} ${R_LIBS})
  endif()
  _fl_record(${name} ${R_DEPS})
  _fl_record_sources(${name} ${R_SOURCES} ${R_HEADERS})
endfunction()

# fl_program(NAME SOURCES ... DEPS <rooms> LIBS <outside libraries>): an executable in build/*/bin.
function(fl_program name)
  _fl_arguments(${ARGN})
  add_executable(${name} ${R_SOURCES})
  target_link_libraries(${name} PRIVATE fl_flags ${R_DEPS} ${R_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  _fl_record(${name} ${R_DEPS})
  _fl_record_sources(${name} ${R_SOURCES})
endfunction()

# fl_test(NAME LABEL unit|packet|fuzz|netns|... SOURCES ... DEPS ... LIBS ... [ENV ...] [TIMEOUT s] [SERIAL] [LONG])
# One GoogleTest binary, one ctest entry; the cases are counted by ./dev test.
# LONG: the long suite runs it once more as NAME_long, with full counts (tests/support/counts.h).
function(fl_test name)
  _fl_arguments(${ARGN})
  add_executable(${name} ${R_SOURCES})
  target_link_libraries(${name} PRIVATE fl_flags ${R_DEPS} ${R_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  _fl_run(${name} ${ARGN} COMMAND ${name} --gtest_brief=1)
endfunction()

# fl_script_test(NAME SCRIPT LABEL netns|... [ARGS ...] [ENV ...] [TIMEOUT s] [SERIAL] [LONG])
# A script (*_test.sh, or Python), which gets the folders of source and build, then ARGS; 77 is a skip. LONG as above.
# A shell script that takes too long is told so (TERM) in time to clean up; ctest, at TIMEOUT, only kills.
function(fl_script_test name script)
  _fl_arguments(${ARGN})
  set(interpreter timeout --kill-after 30 IN_TIME bash)
  if(script MATCHES "\\.py$")
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    set(interpreter ${Python3_EXECUTABLE} -B)
  endif()
  _fl_run(${name} ${ARGN}
    COMMAND ${interpreter} ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${R_ARGS})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

macro(_fl_arguments)
  cmake_parse_arguments(R "SERIAL;LONG" "TIMEOUT" "LABEL;SOURCES;DEPS;LIBS;ARGS;ENV;COMMAND" ${ARGN})
endmacro()

# IN_TIME, where the command has it: 10 % before the timeout, at least 40 s.
function(_fl_in_time out seconds)
  math(EXPR early "${seconds} / 10")
  if(early LESS 40)
    set(early 40)
  endif()
  math(EXPR seconds "${seconds} - ${early}")
  list(TRANSFORM ARGN REPLACE "^IN_TIME$" "${seconds}")
  set(${out} ${ARGN} PARENT_SCOPE)
endfunction()

function(_fl_run name)
  _fl_arguments(${ARGN})
  if(NOT R_TIMEOUT)
    set(R_TIMEOUT 120)
  endif()
  if(FL_SANITIZE)
    math(EXPR R_TIMEOUT "${R_TIMEOUT} * 10")
  endif()
  set(env "FL_SOURCE_DIR=${CMAKE_SOURCE_DIR};FL_BUILD_DIR=${CMAKE_BINARY_DIR};${R_ENV}")
  # What a test leaves in its TMPDIR, ./dev test reports. What debootstrap starts in a chroot needs one that is there.
  if(NOT R_LABEL MATCHES "vm")
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tmp/${name})
    list(APPEND env TMPDIR=${CMAKE_BINARY_DIR}/tmp/${name})
  endif()
  set(results xml:${CMAKE_BINARY_DIR}/test-results)
  _fl_in_time(command ${R_TIMEOUT} ${R_COMMAND})
  add_test(NAME ${name} COMMAND ${command})
  set_tests_properties(${name} PROPERTIES LABELS "${R_LABEL}" TIMEOUT ${R_TIMEOUT} RUN_SERIAL "${R_SERIAL}"
    ENVIRONMENT "GTEST_OUTPUT=${results}/${name}.xml;${env}")
  if(R_LONG)
    _fl_in_time(command 7200 ${R_COMMAND})
    add_test(NAME ${name}_long COMMAND ${command})
    set_tests_properties(${name}_long PROPERTIES LABELS "${R_LABEL};long" TIMEOUT 7200 RUN_SERIAL ON
      ENVIRONMENT "GTEST_OUTPUT=${results}/${name}_long.xml;${env};FL_LONG=1")
  endif()
endfunction()

# Written once, at the end: the layers as declared and the pure archives.
function(fl_write_layers)
  get_property(layers GLOBAL PROPERTY FL_LAYERS)
  get_property(sources GLOBAL PROPERTY FL_SOURCES)
  get_property(pure GLOBAL PROPERTY FL_PURE)
  list(JOIN layers "\n" layers)
  list(JOIN sources "\n" sources)
  list(JOIN pure "\n" pure)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/layers.txt CONTENT "${layers}\n")
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/sources.txt CONTENT "${sources}\n")
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/pure.txt CONTENT "${pure}\n")
endfunction()
