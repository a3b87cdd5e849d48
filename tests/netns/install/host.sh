# SPDX-License-Identifier: Apache-2.0
# Becomes a host: bash runs it as the first process of new network, mount, pid
# and hostname namespaces, and then reads the operator's commands.
#
#   $1 name   $2 an empty folder to mount on   $3 folder of stand-ins   $4 folder to begin in
#   $5 the cgroup folder's name
#
# What the document writes to lies in memory: /etc and /usr/local as overlays,
# /run, /var/log and /var/lib fresh. The bpf file system is the host's own, once
# the document has mounted it. Each cgroup hierarchy shows only this host's part.
set -eu
hostname "$1"
# Pods and namespaces of a local cluster, if one runs, are not held here.
awk '/ - (nsfs|overlay) / && $5 != "/" {print $5}' /proc/self/mountinfo | sort -r | while read -r point; do
  umount -l "$(printf %b "$point")" 2>/dev/null || true
done
mount -t tmpfs tmpfs "$2"
for dir in etc usr/local; do
  mkdir -p "$2/$dir" "$2/scratch/$dir"
  mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$2/$dir,workdir=$2/scratch/$dir" "/$dir"
done
mkdir -p "$2/lib/dpkg"
mount --rbind /var/lib/dpkg "$2/lib/dpkg"
mount --rbind "$2/lib" /var/lib
mount -t tmpfs tmpfs /var/log
mount -t tmpfs tmpfs /run
while mountpoint -q /sys/fs/bpf; do umount /sys/fs/bpf; done
for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ ! -d "$tree/$5/$1" ] || mount --bind "$tree/$5/$1" "$tree"
done
ip link set lo up
export PATH="$3:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/var/lib
unset FAIRLEAD_SOCKET FAIRLEAD_SERVER FAIRLEAD_TOKEN_FILE FAIRLEAD_NAMESPACE
cd "$4"
exec bash --norc --noprofile -s
