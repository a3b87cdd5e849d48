# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: Debian 13 in folders below build/vm, made once by
# debootstrap and used again; and Fairlead's packages, built in one of them.
#
#   build/vm/chroot     Debian 13 with what building needs
#           /ccache     its compiler's cache
#           /build      its CMake folder (preset release)
#   build/packages      fairlead_VERSION_amd64.deb and the daemons' packages

VM_DIR=$ROOT/build/vm
PACKAGES_DIR=$ROOT/build/packages

# The mirror that this machine's apt takes Debian from.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | sed 's|/$||;q'
}

need_long_packages() {
  local line missing=()
  while read -r line; do missing+=("$line"); done < <(missing_lines long-packages.txt)
  [ ${#missing[@]} -eq 0 ] || die "$1 needs ${missing[*]}: sudo ./dev doctor --install --long"
}

# make_trixie FOLDER NAMES: a minimal Debian 13 with more packages (comma between); complete or not there.
make_trixie() {
  local folder=$1 names=$2 mirror
  [ ! -d "$folder" ] || return 0
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "apt knows no Debian mirror: look at /etc/apt/sources.list.d"
  step "debootstrap of Debian 13 to ${folder#"$ROOT"/}"
  mkdir -p "$VM_DIR"
  rm -rf --one-file-system "$folder.new"
  # A mount namespace, so that none of its mounts stays when it is interrupted.
  unshare --mount debootstrap --variant=minbase --include="$names" trixie "$folder.new" "$mirror" >"$folder.log" 2>&1 ||
    die "debootstrap failed; its output is in $folder.log"
  # No service of the folder starts on this machine.
  printf '#!/bin/sh\nexit 101\n' >"$folder.new/usr/sbin/policy-rc.d"
  chmod 0755 "$folder.new/usr/sbin/policy-rc.d"
  mv "$folder.new" "$folder"
}

# in_trixie FOLDER COMMAND...: there as root, with /proc and /dev; FOLDER/src is this tree where it exists.
in_trixie() {
  local folder=$1
  shift
  unshare --mount sh -ec '
    root=$1 source=$2 dir=$3
    shift 3
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    if [ -d "$root/src" ]; then
      mount --bind "$source" "$root/src"
      mount -o remount,bind,ro "$root/src"
      mount --bind "$dir/ccache" "$root/ccache"
      mount --bind "$dir/build" "$root/build"
    fi
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive CCACHE_DIR=/ccache "$@"' sh "$folder" "$ROOT" "$VM_DIR" "$@"
}

trixie_install() {
  local folder=$1
  shift
  in_trixie "$folder" apt-get -qq update
  in_trixie "$folder" apt-get -y -qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io \
    install --no-install-recommends "$@" >>"$folder.log" 2>&1 ||
    die "apt-get in ${folder#"$ROOT"/} failed; its output is in $folder.log"
}

# What a build needs: the lists `building` and `libraries` of deploy/packages.txt, where `a | b` ends with Debian 13's
# name; then what makes packages, and BusyBox, which CMake wants to know.
trixie_build_packages() {
  package_lines | sed 's/.*| *//' | grep -E '^(.*-dev|clang-19|g\+\+|lld-19|llvm-19|cmake|ninja-build|ccache|pkg-config|bpftool|python3|protobuf-compiler|busybox-static)$'
  printf '%s\n' dpkg-dev file
}

make_build_chroot() {
  local chroot=$VM_DIR/chroot names
  make_trixie "$chroot" ca-certificates
  mkdir -p "$chroot"/{src,build,ccache} "$VM_DIR"/{build,ccache}
  names=$(trixie_build_packages | sort)
  [ "$names" != "$(cat "$chroot/installed" 2>/dev/null)" ] || return 0
  step "installing what a build needs into ${chroot#"$ROOT"/}"
  # shellcheck disable=SC2086
  trixie_install "$chroot" $names
  say "$names" >"$chroot/installed"
}

dev_packages() {
  usage "usage: ./dev packages
Builds the Debian packages fairlead, fairlead-control, fairlead-agent and fairlead-lb for Debian 13 in a
chroot that debootstrap makes once (build/vm/chroot), and puts them into build/packages.
Preset release, unless FAIRLEAD_PRESET names another.
  example: sudo ./dev packages" "$@"
  local preset=${FAIRLEAD_PRESET:-release}
  need_root packages
  need_long_packages packages
  make_build_chroot
  step "building the programs for Debian 13 with preset $preset on $JOBS cores"
  in_trixie "$VM_DIR/chroot" sh -ec "
    cmake --preset $preset -S /src -B /build >/build/configure.log 2>&1 || { cat /build/configure.log; exit 1; }
    NINJA_STATUS='[%f/%t %es] ' ninja -C /build -j $JOBS fairlead fairlead-control fairlead-agent fairlead-lb fairlead-lb-dpdk
    cd /build && rm -rf packages && cpack -G DEB -B packages >cpack.log 2>&1 || { cat cpack.log; exit 1; }" ||
    die "the packages could not be built"
  rm -rf "$PACKAGES_DIR"
  mkdir -p "$PACKAGES_DIR"
  cp "$VM_DIR"/build/packages/*.deb "$PACKAGES_DIR/"
  say "$(cd "$PACKAGES_DIR" && printf 'build/packages/%s\n' *.deb)"
}
