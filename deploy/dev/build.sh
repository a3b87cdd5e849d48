# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: build and test.

JOBS=$(nproc)

configure_and_build() {
  local preset=$1
  shift
  ensure_packages
  step "configuring build/$preset"
  mkdir -p "$ROOT/build/$preset"
  local log=$ROOT/build/$preset/configure.log
  cmake --preset "$preset" >"$log" 2>&1 || {
    cat "$log" >&2
    die "cmake could not configure; the whole output is in $log"
  }
  step "building build/$preset on $JOBS cores"
  NINJA_STATUS='[%f/%t %es] ' cmake --build "$ROOT/build/$preset" -j "$JOBS" "$@" || die "the build failed"
}

dev_build() {
  usage "usage: ./dev build [TARGET...]
Installs missing packages, configures preset $PRESET and builds everything, or the named targets.
  example: ./dev build fairlead-agent" "$@"
  if [ $# -gt 0 ]; then
    configure_and_build "$PRESET" --target "$@"
  else
    configure_and_build "$PRESET"
  fi
}

known_labels() { ctest --test-dir "$BUILD" --print-labels 2>/dev/null | sed -n 's/^  //p' | tr '\n' ' '; }

dev_test() {
  usage "usage: ./dev test [LABEL...] [--long] [--no-build]
Builds everything, runs the tests (all, or those with one of the LABELs: unit, packet, fuzz,
netns, tidy, ...) and counts the cases. --long adds the tests labelled long: the full counts,
unit, packet, fuzz and netns again under preset asan, unit and netns under preset tsan, and a
build by GCC 12.
The last line is 'N passed, N failed, N skipped'. A skip that tests/expected-skips.txt
does not name is a failure, and the exit code is 1 when anything failed.
  example: ./dev test unit" "$@"
  local labels=() long='' build=yes arg
  for arg in "$@"; do
    case $arg in
      --long) long=yes ;;
      --no-build) build= ;;
      -*) die "test: unknown option '$arg' (see ./dev test --help)" ;;
      *) labels+=("$arg") ;;
    esac
  done
  [ -z "$build" ] || configure_and_build "$PRESET"
  run_tests "$long" "${labels[@]}"
}

# run_tests LONG LABEL...: LONG empty leaves the long tests out, unless that label is asked for.
run_tests() {
  local long=$1 label select=()
  shift
  for label in "$@"; do
    case " $(known_labels)" in
      *" $label "*) ;;
      *) die "test: no test has the label '$label'; there are: $(known_labels)" ;;
    esac
    [ "$label" != long ] || long=yes
  done
  [ $# -eq 0 ] || select+=(-L "^($(IFS='|' && say "$*"))\$")
  [ -n "$long" ] || select+=(-LE '^long$')
  rm -rf "$BUILD/test-results" "$BUILD/ctest.xml" "$BUILD"/tmp/*/*
  mkdir -p "$BUILD/test-results"
  step "running the tests${*:+ labelled $*}"
  # ctest's own verdict is read from its report, with the cases inside each test.
  ctest --test-dir "$BUILD" -j "$JOBS" "${select[@]}" --no-tests=error \
    --output-junit "$BUILD/ctest.xml" --test-output-size-passed 65536 --test-output-size-failed 1048576 || true
  python3 "$ROOT/deploy/dev/count_tests.py" "$BUILD" "$ROOT/tests/expected-skips.txt"
}
