# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: libFuzzer's search over one of the targets of tests/fuzz.
# The corpus that the tests replay is the seed; what the search learns stays
# below build/fuzz, so that the next one goes on from there.

fuzz_targets() { (cd "$ROOT/tests/fuzz" && printf '%s\n' *_fuzz.cpp | sed 's/_fuzz\.cpp$//'); }

dev_fuzz() {
  usage "usage: ./dev fuzz NAME [SECONDS]
Builds target NAME of tests/fuzz with addresses and undefined behaviour checked, and searches
for an input that breaks it, 60 seconds unless told, beginning with tests/fuzz/corpus/NAME.
targets: $(fuzz_targets | tr '\n' ' ')
  example: ./dev fuzz dns 300" "$@"
  local name=${1:-} seconds=${2:-60}
  [ -n "$name" ] || die "fuzz: which target? there are: $(fuzz_targets | tr '\n' ' ')"
  fuzz_targets | grep -qxF -- "$name" || die "fuzz: no target '$name'; there are: $(fuzz_targets | tr '\n' ' ')"
  case $seconds in '' | *[!0-9]*) die "fuzz: '$seconds' is no number of seconds" ;; esac
  configure_and_build fuzz --target "search_$name"
  fuzz_search "$name" "$seconds"
}

# Corpus files that end in .hex are text (tests/fuzz/replay.cpp); libFuzzer wants octets.
write_seeds() {
  python3 - "$1" "$2" <<'PYTHON'
import pathlib, re, sys
source, seeds = map(pathlib.Path, sys.argv[1:])
for path in source.iterdir():
    octets = path.read_bytes()
    if path.suffix == ".hex":
        text = re.sub(r"#.*", "", octets.decode())
        octets = bytes.fromhex("".join(re.findall(r"[0-9A-Fa-f]", text)))
    (seeds / path.name).write_bytes(octets)
PYTHON
}

fuzz_search() {
  local name=$1 seconds=$2 place=$ROOT/build/fuzz/search/$1
  mkdir -p "$place/seeds" "$place/learnt" "$place/found"
  write_seeds "$ROOT/tests/fuzz/corpus/$name" "$place/seeds"
  step "searching $name for $seconds seconds"
  if FL_SOURCE_DIR=$ROOT "$ROOT/build/fuzz/bin/search_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$place/found/" "$place/learnt" "$place/seeds" 2>"$place/log"; then
    say "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$place/log") inputs, nothing broke"
  else
    tail -n 40 "$place/log" >&2
    die "fuzz: $name broke; the input is below $place/found
  keep it as a test:  xxd -p FILE > tests/fuzz/corpus/$name/WHAT-IT-BREAKS.hex"
  fi
}
