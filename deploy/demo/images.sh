# SPDX-License-Identifier: Apache-2.0
# Sourced by demo.sh: nginx and redis as images, made on the spot of Debian's own
# packages as this machine's apt knows them. A package is unpacked, not
# installed: of what it depends on only the libraries are taken, because nothing
# of the others (init scripts, adduser) runs in a container. Kept in build/demo.

DEMO_DIR=$ROOT/build/demo

# The libraries that a package depends on, with theirs; itself first.
with_libraries() {
  local -A seen=()
  local queue=("$@") package next
  while [ ${#queue[@]} -gt 0 ]; do
    package=${queue[0]}
    queue=("${queue[@]:1}")
    [ -z "${seen[$package]:-}" ] || continue
    seen[$package]=yes
    say "$package"
    mapfile -t next < <(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks \
      --no-replaces --no-enhances "$package" | sed -nE 's/^ +(Pre)?Depends: ((lib|zlib)[^ ]*)$/\2/p')
    queue+=("${next[@]}")
  done
}

# fetch NAME PACKAGE...: build/demo/NAME/*.deb, once.
fetch_packages() {
  local folder=$DEMO_DIR/$1/debs packages
  shift
  [ ! -e "$folder/complete" ] || return 0
  mapfile -t packages < <(with_libraries "$@")
  step "fetching ${#packages[@]} Debian packages: ${packages[*]}"
  rm -rf "$folder"
  mkdir -p "$folder"
  # apt-get's sandbox user may not write below this folder.
  (cd "$folder" && apt-get -o APT::Sandbox::User=root -qq download "${packages[@]}") ||
    die "demo: apt-get could not fetch them; is there a way to the package mirror? (apt-get update)"
  touch "$folder/complete"
}

# unpack NAME: the packages' files as one tree, without what nobody reads in a container.
unpack_packages() {
  local tree=$DEMO_DIR/$1/tree deb
  rm -rf "$tree"
  mkdir -p "$tree"
  for deb in "$DEMO_DIR/$1"/debs/*.deb; do dpkg-deb -x "$deb" "$tree"; done
  rm -rf "$tree"/usr/share/{doc,man,locale,lintian,bash-completion} "$tree"/{etc/init.d,lib/systemd,usr/lib/systemd}
  mkdir -p "$tree/var/lib/nginx" "$tree/var/log/nginx"
}

# demo_image NAME PROGRAM PACKAGE...: the layout build/PRESET/images/NAME.
demo_image() {
  local name=$1 program=$2
  shift 2
  [ ! -e "$BUILD/images/$name/index.json" ] || return 0
  fetch_packages "$name" "$@"
  unpack_packages "$name"
  [ "$name" != nginx ] || cp "$ROOT/deploy/demo/nginx.conf" "$DEMO_DIR/$name/tree/etc/nginx/demo.conf"
  step "writing the image of $name"
  python3 -B "$ROOT/deploy/images/layout.py" "$BUILD/images/$name" --busybox /bin/busybox \
    --tree "$DEMO_DIR/$name/tree" --command "$program" || die "demo: the image of $name cannot be written"
}

demo_images() {
  demo_image nginx /usr/sbin/nginx nginx nginx-common
  demo_image redis /usr/bin/redis-server redis-server redis-tools
}
