# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: the disk of the stock machine that tests/vm boots: Debian
# 13 as debootstrap leaves it, with Debian's kernel, ssh, and AppArmor as an
# installation has it. Two things are the test's: a shell on a virtio port,
# where it types, and the packages that ours depend on, lying in apt's cache.
#
#   build/vm/root         the file system as a folder
#   build/vm/disk.img     the same as ext4, never written to (QEMU's snapshot mode)
#   build/vm/kernel, initrd

MACHINE_PACKAGES=systemd,systemd-sysv,udev,dbus,iproute2,kmod,procps,apparmor,iputils-ping,openssh-server,openssh-client,linux-image-cloud-amd64

# The shell in which tests/vm/machine.py types; bash reads from the port itself.
write_typing_service() {
  cat >"$1/etc/systemd/system/typing.service" <<'UNIT'
[Unit]
Description=The shell that the test types into
After=multi-user.target
[Service]
ExecStart=/bin/sh -c 'exec /bin/bash --norc --noprofile -s <>/dev/virtio-ports/typing >&0 2>&1'
WorkingDirectory=/root
Environment=HOME=/root
Restart=always
RestartSec=1
[Install]
WantedBy=graphical.target
UNIT
  ln -sfn /etc/systemd/system/typing.service "$1/etc/systemd/system/multi-user.target.wants/typing.service"
}

# Machines trust each other's root, as the document expects: one key for all, made here and worth nothing elsewhere.
write_ssh() {
  in_trixie "$1" sh -ec '
    mkdir -p -m 0700 ~/.ssh
    cd ~/.ssh
    rm -f id_ed25519*
    ssh-keygen -q -t ed25519 -N "" -f id_ed25519
    cp id_ed25519.pub authorized_keys
    printf "Host *\n  StrictHostKeyChecking accept-new\n" >config'
}

# What our packages depend on comes from Debian's mirror now: the machine has no way to it.
fetch_dependencies() {
  local root=$1
  mkdir -p "$root/ours"
  cp "$PACKAGES_DIR"/*.deb "$root/ours/"
  in_trixie "$root" apt-get clean
  in_trixie "$root" apt-get -qq update
  in_trixie "$root" sh -c 'apt-get -y -qq --no-install-recommends --download-only install /ours/*.deb' >>"$root.log" 2>&1 ||
    die "the packages' dependencies cannot be installed; apt's words are in $root.log"
  rm -rf "$root/ours"
}

make_disk() {
  local root=$VM_DIR/root depends
  depends=$(for deb in "$PACKAGES_DIR"/*.deb; do dpkg-deb -f "$deb" Depends; done; say "$MACHINE_PACKAGES")
  [ "$depends" != "$(cat "$VM_DIR/disk.for" 2>/dev/null)" ] || return 0
  make_trixie "$root" "$MACHINE_PACKAGES"
  rm -f "$root/usr/sbin/policy-rc.d" "$VM_DIR/disk.for"
  write_typing_service "$root"
  write_ssh "$root"
  fetch_dependencies "$root"
  step "making build/vm/disk.img"
  rm -f "$VM_DIR/disk.img"
  mke2fs -q -t ext4 -L root -d "$root" "$VM_DIR/disk.img" 3G
  cp "$root"/boot/vmlinuz-* "$VM_DIR/kernel"
  cp "$root"/boot/initrd.img-* "$VM_DIR/initrd"
  say "$depends" >"$VM_DIR/disk.for"
}

dev_machine() {
  usage "usage: ./dev machine
Builds the packages (./dev packages) and the disk, kernel and initrd of a stock Debian 13 machine
in build/vm, for tests/vm, which boots two of them.
  example: sudo ./dev machine" "$@"
  dev_packages
  make_disk
}
