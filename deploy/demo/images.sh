# SPDX-License-Identifier: Apache-2.0
# Sourced by demo.sh: nginx and redis as images, made on the spot of Debian's own
# packages as this machine's apt knows them. A package is unpacked, not
# installed: of what it depends on only the libraries are taken, because nothing
# of the others (init scripts, adduser) runs in a container. Kept in build/demo, and
# made anew when apt knows newer ones.

DEMO_DIR=$ROOT/build/demo

# What apt knows to be needed of these packages: themselves, their libraries, and theirs. One question to
# apt, because each takes it a second.
with_libraries() {
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances "$@" | awk -v first="$*" '
      /^[^ ]/ {package = $1}
      /^ +(Pre)?Depends: (lib|zlib)[^ ]*$/ {needs[package] = needs[package] " " $2}
      END {
        count = split(first, queue)
        for (i = 1; i <= count; i++) {
          if (seen[queue[i]]++) continue
          print queue[i]
          more = split(needs[queue[i]], libraries)
          for (j = 1; j <= more; j++) queue[++count] = libraries[j]
        }
      }'
}

# fetch_packages NAME PACKAGE...: build/demo/NAME/debs, in the versions that apt knows, which `complete`
# lists; what is there stays when newer ones cannot be had. Apt is asked again when its lists are newer
# than `asked`. 1: there are none.
fetch_packages() {
  local folder=$DEMO_DIR/$1/debs packages wanted
  shift
  [ ! -e "$folder/asked" ] || [ /var/lib/apt/lists -nt "$folder/asked" ] || return 0
  mapfile -t packages < <(with_libraries "$@")
  wanted=$(apt-get -qq download --print-uris "${packages[@]}") || wanted=
  if [ -z "$wanted" ] || [ "$wanted" != "$(cat "$folder/complete" 2>/dev/null)" ]; then
    step "fetching ${#packages[@]} Debian packages: ${packages[*]}"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    # apt-get's sandbox user may not write below this folder.
    (cd "$folder.new" && apt-get -o APT::Sandbox::User=root -qq download "${packages[@]}") || {
      [ -e "$folder/complete" ]
      return
    }
    rm -rf "$folder"
    mv "$folder.new" "$folder"
    say "$wanted" >"$folder/complete"
  fi
  touch "$folder/asked"
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

# demo_image NAME PROGRAM: the layout build/PRESET/images/NAME, unless nothing that it is made of is newer.
demo_image() {
  local name=$1 program=$2 source made=$BUILD/images/$1/index.json fresh=yes
  for source in "$DEMO_DIR/$name/debs/complete" "$ROOT"/deploy/demo/{images.sh,nginx.conf} "$ROOT/deploy/images/layout.py"; do
    [ "$made" -nt "$source" ] || fresh=
  done
  [ -z "$fresh" ] || return 0
  unpack_packages "$name"
  [ "$name" != nginx ] || cp "$ROOT/deploy/demo/nginx.conf" "$DEMO_DIR/$name/tree/etc/nginx/demo.conf"
  step "writing the image of $name"
  python3 -B "$ROOT/deploy/images/layout.py" "$BUILD/images/$name" --busybox /bin/busybox \
    --tree "$DEMO_DIR/$name/tree" --command "$program" || die "demo: the image of $name cannot be written"
}

demo_packages() { fetch_packages nginx nginx nginx-common && fetch_packages redis redis-server redis-tools; }

demo_images() {
  demo_packages ||
    die "demo: apt-get could not fetch Debian's packages; is there a way to the package mirror? (apt-get update)"
  demo_image nginx /usr/sbin/nginx
  demo_image redis /usr/bin/redis-server
}
