# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: what this machine lacks for Fairlead, and how to get it.

DOCTOR_MISSING=0

# report NAME OK DETAIL REMEDY
report() {
  if [ "$2" = yes ]; then
    printf '  ok       %-18s %s\n' "$1" "$3"
  else
    DOCTOR_MISSING=$((DOCTOR_MISSING + 1))
    printf '  MISSING  %-18s %s\n           %-18s fix: %s\n' "$1" "$3" '' "$4"
  fi
}

holds() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

has_filesystem() { grep -qw "$1" /proc/filesystems; }

kernel_at_least() { [ "$(printf '%s\n%s\n' "$1" "$(uname -r)" | sort -V | head -n1)" = "$1" ]; }

has_controller() {
  grep -qE "^$1[[:space:]].*[[:space:]]1\$" /proc/cgroups && return 0
  grep -qw "$1" /sys/fs/cgroup/cgroup.controllers 2>/dev/null
}

doctor_kernel() {
  report kernel "$(holds kernel_at_least 6.6)" "$(uname -r), 6.6 or newer is needed" \
    "Debian 13 has 6.12; on Debian 12 install linux-image-amd64 from bookworm-backports, then reboot"
  report 'kernel types' "$(holds test -r /sys/kernel/btf/vmlinux)" "/sys/kernel/btf/vmlinux (BTF)" \
    "a kernel with CONFIG_DEBUG_INFO_BTF=y; Debian's kernels have it"
  report bpffs "$(holds has_filesystem bpf)" "the BPF file system (./dev up mounts it where absent)" \
    "a kernel with CONFIG_BPF_SYSCALL=y"
  report overlayfs "$(holds eval 'has_filesystem overlay || modprobe overlay')" "the root file systems of pods" \
    "a kernel with CONFIG_OVERLAY_FS; as root: modprobe overlay"
  local controller
  for controller in cpu memory pids; do
    report "cgroup $controller" "$(holds has_controller "$controller")" "limits of pods" \
      "mount cgroups (systemd does), and boot with cgroup_enable=$controller when it is disabled"
  done
}

doctor_root() {
  report root "$(holds test "$(id -u)" = 0)" "namespaces, BPF programs and containers need it" "sudo ./dev doctor"
  [ "$(id -u)" = 0 ] || return 0
  report namespaces "$(holds unshare --net --mount true)" "network and mount namespaces" \
    "a machine or container that may call unshare(2): CAP_SYS_ADMIN"
  report veth "$(holds unshare --net ip link add fl0 type veth peer name fl1)" "virtual links" "modprobe veth"
  report bridge "$(holds unshare --net ip link add fl0 type bridge)" "the local cluster's underlay" "modprobe bridge"
  report nftables "$(holds unshare --net nft add table inet fairlead)" "masquerade" \
    "apt-get install nftables; modprobe nf_tables"
  report nat "$(holds unshare --net nft 'add table inet f; add chain inet f c { type nat hook postrouting priority 100; }; add rule inet f c masquerade')" \
    "masquerade of pods" "modprobe nft_masq nft_chain_nat"
}

# doctor_packages LIST HOW: the packages of a list in deploy, and the command that installs them.
doctor_packages() {
  local list=$1 how=$2 lines
  if ! command -v dpkg-query >/dev/null; then
    report packages no "this is not Debian" "install what deploy/$list names"
    return
  fi
  lines=$(missing_lines "$list")
  if [ -z "$lines" ]; then
    report packages yes "all $(package_lines "$list" | wc -l) of deploy/$list"
  else
    local line
    while read -r line; do
      report "$line" no "a Debian package" "./dev doctor $how, or apt-get install $(obtainable_of "$line")"
    done <<<"$lines"
  fi
}

dev_doctor() {
  usage "usage: ./dev doctor [--install] [--long]
Says what this machine lacks for building and running Fairlead, and how to get it.
--install installs the missing Debian packages. --long looks at those, too, that only
./dev packages and ./dev test --long vm need. Exit code 1 when something is missing.
  example: sudo ./dev doctor --install" "$@"
  local install='' long='' arg
  for arg in "$@"; do
    case $arg in
      --install) install=yes ;;
      --long) long=yes ;;
      *) die "doctor: unknown option '$arg' (see ./dev doctor --help)" ;;
    esac
  done
  [ -z "$install" ] || ensure_packages
  [ "$install$long" != yesyes ] || ensure_packages long-packages.txt
  doctor_kernel
  doctor_root
  doctor_packages packages.txt --install
  [ -z "$long" ] || doctor_packages long-packages.txt '--install --long'
  if [ "$DOCTOR_MISSING" = 0 ]; then
    say "this machine has all that Fairlead needs"
  else
    say "$DOCTOR_MISSING missing"
    return 1
  fi
}
