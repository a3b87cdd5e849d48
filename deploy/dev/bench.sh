# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: builds the benchmarks for release, runs them, writes docs/benchmarks.md.

dev_bench() {
  usage "usage: ./dev bench [NAME] [--quick] [--json | --write] [-- OPTIONS of bench_NAME]
Builds the benchmarks (not the tests) with preset release and runs them all, or bench_NAME.
Each has its baseline in the same run. --quick takes under a minute each; --json prints one
object per line; --write puts what was measured into docs/benchmarks.md, with the machine.
  example: ./dev bench pod_path --quick
  example: ./dev bench lb_xdp -- --help" "$@"
  local name='' write='' arg options=()
  while [ $# -gt 0 ]; do
    arg=$1
    shift
    case $arg in
      --)
        [ -n "$name" ] || die "bench: options behind -- are one benchmark's: name it"
        [ -z "$write" ] || die "bench: docs/benchmarks.md is written of a benchmark as it is: no options of its own"
        options+=("$@")
        break
        ;;
      --write) write=yes ;;
      --quick | --json) options+=("$arg") ;;
      -*) die "bench: unknown option '$arg' (see ./dev bench --help)" ;;
      *)
        [ -z "$name" ] || die "bench: one benchmark at a time"
        name=$arg
        ;;
    esac
  done
  [ -z "$name" ] || [ -f "$ROOT/bench/$name/CMakeLists.txt" ] || die "bench: no benchmark '$name'; there are: $(benchmarks)"
  local preset=${FAIRLEAD_PRESET:-release}
  configure_and_build "$preset" --target "${name:+run_}${name:-bench}" >&2
  export FL_SOURCE_DIR=$ROOT FL_BUILD_DIR=$ROOT/build/$preset
  run_benchmarks "${name:-$(benchmarks)}" "$write" "${options[@]}"
}

benchmarks() {
  local folder
  for folder in "$ROOT"/bench/*/CMakeLists.txt; do
    [ ! -f "$folder" ] || basename "$(dirname "$folder")"
  done | tr '\n' ' '
}

run_benchmarks() {
  local names=$1 write=$2 name failed=0 lines
  shift 2
  for name in $names; do
    step "bench_$name" >&2
    if [ -n "$write" ]; then
      lines=$("$FL_BUILD_DIR/bin/bench_$name" --json "$@") || { failed=1; continue; }
      say "$lines"
      say "$lines" | python3 "$ROOT/tests/tidy/benchmarks.py" "$ROOT"
    else
      "$FL_BUILD_DIR/bin/bench_$name" "$@" || failed=1
    fi
  done
  return "$failed"
}
