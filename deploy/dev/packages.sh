# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: reads deploy/packages.txt, finds what this machine lacks,
# and installs it with apt-get, saying so first. deploy/long-packages.txt is a
# second such list, which only ./dev packages and the long suite's vm need.

# Lines of a list (packages.txt unless told) without comments.
package_lines() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$ROOT/deploy/${1:-packages.txt}"; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Of `a | b`, one that is installed; else nothing.
installed_of() {
  local name
  for name in ${1//|/ }; do
    if is_installed "$name"; then
      say "$name"
      return
    fi
  done
}

# Of `a | b`, the first that apt knows; else the first.
obtainable_of() {
  local name names=${1//|/ }
  for name in $names; do
    if [ -n "$(apt-cache madison "$name" 2>/dev/null)" ]; then
      say "$name"
      return
    fi
  done
  say "${names%% *}"
}

missing_lines() {
  local line
  while read -r line; do
    [ -n "$(installed_of "$line")" ] || say "$line"
  done < <(package_lines "$@")
}

# Installs what is missing of a list; quick when nothing is.
ensure_packages() {
  command -v dpkg-query >/dev/null ||
    die "this is not Debian: install what deploy/packages.txt names (Debian's names) and build with cmake --preset dev"
  local lines line names=()
  lines=$(missing_lines "$@")
  [ -n "$lines" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    die "missing packages: $(say $lines | tr '\n' ' ')
  install them as root:  sudo ./dev doctor --install"
  fi
  step "reading Debian's package lists (apt-get update)"
  apt-get -qq update || say "apt-get update failed; trying with the lists at hand"
  while read -r line; do names+=("$(obtainable_of "$line")"); done <<<"$lines"
  step "installing ${#names[@]} Debian packages: ${names[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o Dpkg::Use-Pty=0 install --no-install-recommends "${names[@]}" ||
    die "apt-get could not install them; fix that and run ./dev again"
}
