# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: build, test and bench.

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

labels() { ctest --test-dir "$BUILD" --print-labels 2>/dev/null | sed -n 's/^  //p' | tr '\n' ' '; }

dev_test() {
  usage "usage: ./dev test [LABEL] [--long] [--no-build]
Builds everything, runs the tests (all, or those with LABEL: unit, packet, property, fuzz,
netns, tidy, ...) and counts the cases. --long adds the tests labelled long.
The last line is 'N passed, N failed, N skipped'. A skip that tests/expected-skips.txt
does not name is a failure, and the exit code is 1 when anything failed.
  example: ./dev test unit" "$@"
  local label='' long='' build=yes arg
  for arg in "$@"; do
    case $arg in
      --long) long=yes ;;
      --no-build) build= ;;
      -*) die "test: unknown option '$arg' (see ./dev test --help)" ;;
      *)
        [ -z "$label" ] || die "test: one label at a time"
        label=$arg
        ;;
    esac
  done
  [ -z "$build" ] || configure_and_build "$PRESET"
  run_tests "$label" "$long"
}

run_tests() {
  local label=$1 long=$2 select=()
  [ -z "$label" ] || select+=(-L "^${label}\$")
  [ -n "$long" ] || [ "$label" = long ] || select+=(-LE '^long$')
  if [ -n "$label" ]; then
    case " $(labels)" in
      *" $label "*) ;;
      *) die "test: no test has the label '$label'; there are: $(labels)" ;;
    esac
  fi
  rm -rf "$BUILD/test-results" "$BUILD/ctest.xml"
  mkdir -p "$BUILD/test-results"
  step "running the tests${label:+ labelled $label}"
  # ctest's own verdict is read from its report, with the cases inside each test.
  ctest --test-dir "$BUILD" -j "$JOBS" "${select[@]}" --no-tests=error \
    --output-junit "$BUILD/ctest.xml" --test-output-size-passed 65536 --test-output-size-failed 1048576 || true
  python3 "$ROOT/deploy/dev/count_tests.py" "$BUILD" "$ROOT/tests/expected-skips.txt"
}

dev_bench() {
  usage "usage: ./dev bench [NAME] [options of the benchmark]
Builds preset release and runs every benchmark (or bench_NAME), each with its baseline
in the same run. --quick takes under a minute each; --json prints one object per line.
  example: ./dev bench lb_xdp --quick" "$@"
  local name=''
  case ${1:-} in '' | -*) ;; *)
    name=$1
    shift
    ;;
  esac
  configure_and_build release
  local program found=
  for program in "$ROOT/build/release/bin/bench_${name:-}"*; do
    [ -x "$program" ] || continue
    [ -z "$name" ] || [ "${program##*/}" = "bench_$name" ] || continue
    found=yes
    step "${program##*/}"
    "$program" "$@"
  done
  [ -n "$found" ] || die "bench: no benchmark${name:+ named $name} is built; programs bench_* stand in build/release/bin"
}
