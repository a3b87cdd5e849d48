# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: what can be said about the code without running it.

# Our C and C++ files, or those of them that are given.
source_files() {
  git ls-files --cached --others --exclude-standard -- "$@" | grep -E '\.(h|c|cpp)$' || true
}

# Changed against the upstream branch, in the index, in the tree, and new.
changed_files() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD)
  { git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } | sort -u
}

check_format() {
  local files
  mapfile -t files < <(source_files "$@")
  [ ${#files[@]} -gt 0 ] || return 0
  step "clang-format on ${#files[@]} files"
  clang-format-19 --dry-run -Werror "${files[@]}" ||
    { say "format: run  clang-format-19 -i  on the files named above"; return 1; }
}

# clang-tidy knows how to compile a .cpp from build/dev/compile_commands.json.
check_clang_tidy() {
  local files known=()
  mapfile -t files < <(source_files "$@" | grep -E '\.cpp$')
  for file in "${files[@]}"; do
    grep -qF "\"$ROOT/$file\"" "$BUILD/compile_commands.json" && known+=("$file")
  done
  [ ${#known[@]} -gt 0 ] || return 0
  step "clang-tidy on ${#known[@]} files"
  # Its findings are on stdout; on stderr it counts what it does not show, and says why it could not run.
  local log=$BUILD/clang-tidy.log
  printf '%s\n' "${known[@]}" |
    xargs -P "$JOBS" -n 1 clang-tidy-19 -p "$BUILD" --quiet --warnings-as-errors='*' 2>"$log" || {
    cat "$log" >&2
    return 1
  }
}

dev_check() {
  usage "usage: ./dev check [--all] [FILE...]
clang-format on everything, clang-tidy on the named files (or those that differ from
origin/main, or --all), then the tests labelled tidy. Changes nothing.
  example: ./dev check base/ip.cpp" "$@"
  local all='' files=() failed=0
  while [ $# -gt 0 ]; do
    case $1 in
      --all) all=yes ;;
      -*) die "check: unknown option '$1' (see ./dev check --help)" ;;
      *) files+=("$1") ;;
    esac
    shift
  done
  configure_and_build "$PRESET"
  check_format || failed=1
  if [ -n "$all" ]; then
    files=(.)
  elif [ ${#files[@]} -eq 0 ]; then
    mapfile -t files < <(changed_files)
  fi
  if [ ${#files[@]} -gt 0 ]; then check_clang_tidy "${files[@]}" || failed=1; fi
  run_tests '' tidy || failed=1
  [ "$failed" = 0 ] || die "check: something above is not right"
}
