// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/net/taps.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/io/fd.h"
#include "base/net/netlink.h"

namespace fairlead::lb {
namespace {

std::string note_of(const std::string& edge) { return "fairlead-lb " + edge; }

std::unexpected<Error> refused(const std::string& tap, int error) {
  return fail(
      Code::unavailable, "tap " + tap, std::string("cannot be made: ") + std::strerror(error),
      "it needs CAP_NET_ADMIN and /dev/net/tun; or make it: ip tuntap add " + tap + " mode tap multi_queue");
}

// With the flags by which its driver opens it: the kernel gives a queue of it to nobody who names others.
Result<> make_tap(Netlink& netlink, const std::string& tap, const std::string& note, bool several) {
  const Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (several ? IFF_MULTI_QUEUE : 0));
  tap.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (!fd || ::ioctl(fd.get(), TUNSETIFF, &request) != 0) return refused(tap, errno);
  FL_TRY_OK(netlink.set_alias(tap, note));
  if (::ioctl(fd.get(), TUNSETPERSIST, 1) != 0) return refused(tap, errno);
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  request.ifr_flags = IFF_UP;
  if (!any || ::ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) return refused(tap, errno);
  return {};
}

}  // namespace

Result<> make_taps(const std::string& edge, const std::vector<std::string>& taps, bool several) {
  FL_TRY(Netlink netlink, Netlink::open());
  for (const std::string& tap : taps) {
    FL_TRY(const auto there, netlink.find_link(tap));
    if (!there) FL_TRY_OK(make_tap(netlink, tap, note_of(edge), several));
  }
  return {};
}

Result<> remove_taps(const std::string& edge) {
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY(const std::vector<LinkInfo> links, netlink.links());
  for (const LinkInfo& link : links)
    if (link.kind == "tun" && link.alias == note_of(edge)) FL_TRY_OK(netlink.delete_link(link.name));
  return {};
}

}  // namespace fairlead::lb
