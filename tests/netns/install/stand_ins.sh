# SPDX-License-Identifier: Apache-2.0
# What three simulated hosts on one built machine cannot do for real. Called by
# the name of the stand-in; every other command of the document is the real one.
#
#   apt-get  changes nothing; fails when a package that should be installed is not on this machine,
#            so a wrong name in the document is found
#   scp      there is no sshd: puts the files into the outbox, from where install_test.py lays
#            them into the other host before its next command; a folder must be there already
#   dev      `build` is taken as done; everything else is the real ./dev
set -eu
die() {
  echo "$1" >&2
  exit 1
}
case ${0##*/} in
  apt-get)
    for word in "$@"; do
      case $word in -* | update | install) ;; *)
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$word" 2>/dev/null)" = installed ] ||
          die "apt-get: $word is not installed on this machine; is that its name?" ;;
      esac
    done
    ;;
  scp)
    for to in "$@"; do :; done
    case $to in root@192.0.2.*:/*/) ;; *) die "scp: $to is not root@ADDRESS:/FOLDER/" ;; esac
    host=${to%%:*}
    box=$OUTBOX/${host#root@}${to#*:}
    mkdir -p "$box"
    echo "${to#*:}" >>"$OUTBOX/${host#root@}.folders"
    for from in "$@"; do
      case $from in "$to" | -*) ;; *) cp -a "$from" "$box" ;; esac
    done
    ;;
  dev)
    case ${1:-} in
      build) [ -x "${0%/*}/build/dev/bin/fairlead-agent" ] || die "dev: nothing is built" ;;
      *) exec "$FAIRLEAD_SOURCE/dev" "$@" ;;
    esac
    ;;
  *) die "$0: stands in for nothing" ;;
esac
