// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <linux/if_link.h>
#include <string>

#include "ebpf/loader/pins.h"

namespace fairlead::ebpf {
namespace {

constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);  // BPF_TCX_INGRESS
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

// No descriptor: there is no such link, or it was of an interface that is gone
// (ENOLINK) and its pin is removed. Any other refusal leaves the old program
// running: removing the pin would detach it.
Result<Fd> replace_program(const std::filesystem::path& pin, int program) {
  Fd link(bpf_obj_get(pin.c_str()));
  if (!link || bpf_link_update(link.get(), program, nullptr) == 0 || errno == EEXIST) return link;
  if (errno != ENOLINK) return std::unexpected(os_error(errno, pin.string(), "while replacing its program"));
  ::unlink(pin.c_str());
  return Fd();
}

Result<Fd> pinned(Fd link, const std::filesystem::path& pin) {
  if (!pin.empty() && bpf_obj_pin(link.get(), pin.c_str()) != 0)
    return std::unexpected(os_error(errno, pin.string(), "check the bpf file system"));
  return link;
}

Result<Fd> attach_tcx(int program, std::uint32_t ifindex, bpf_attach_type type, const char* where,
                      const std::filesystem::path& pin) {
  if (!pin.empty()) {
    FL_TRY(Fd link, replace_program(pin, program));
    if (link) return link;
  }
  Fd link(bpf_link_create(program, static_cast<int>(ifindex), type, nullptr));
  if (!link)
    return std::unexpected(os_error(errno, std::string(where) + " of interface " + std::to_string(ifindex),
                                    "check that the interface exists and the kernel is 6.6 or newer"));
  return pinned(std::move(link), pin);
}

Fd create_xdp(int program, std::uint32_t ifindex, std::uint32_t flags) {
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = flags;
  return Fd(bpf_link_create(program, static_cast<int>(ifindex), BPF_XDP, &options));
}

Fd create_xdp_as(int program, std::uint32_t ifindex, XdpMode mode) {
  Fd link;
  if (mode != XdpMode::generic) link = create_xdp(program, ifindex, XDP_FLAGS_DRV_MODE);
  if (!link && mode != XdpMode::native && errno != EBUSY && errno != EEXIST)
    link = create_xdp(program, ifindex, XDP_FLAGS_SKB_MODE);
  return link;
}

}  // namespace

Result<Fd> attach_tcx_ingress(int program, std::uint32_t ifindex, const std::filesystem::path& pin) {
  return attach_tcx(program, ifindex, kTcxIngress, "tcx ingress", pin);
}

Result<Fd> attach_tcx_egress(int program, std::uint32_t ifindex, const std::filesystem::path& pin) {
  return attach_tcx(program, ifindex, kTcxEgress, "tcx egress", pin);
}

// A link has its mode for life, and an interface one mode: for another the link is made anew, and what comes
// in that moment is the stack's. Where the new mode is refused the old one goes on.
Result<Fd> attach_xdp(int program, std::uint32_t ifindex, XdpMode mode, const std::filesystem::path& pin) {
  XdpMode before = XdpMode::any;
  if (!pin.empty()) {
    FL_TRY(Fd link, replace_program(pin, program));
    if (link) {
      FL_TRY(before, xdp_mode_of(ifindex));
      if (mode == XdpMode::any || mode == before) return link;
      FL_TRY_OK(detach_pin(pin));
    }
  }
  Fd link = create_xdp_as(program, ifindex, mode);
  if (link) return pinned(std::move(link), pin);
  const Error refused =
      os_error(errno, "XDP on interface " + std::to_string(ifindex),
               errno == EBUSY || errno == EEXIST
                   ? "another program is there: take it off (ip link set dev ... xdp off)"
                   : "check that the interface exists; `generic` asks nothing of its driver");
  if (before != XdpMode::any) FL_TRY_OK(pinned(create_xdp_as(program, ifindex, before), pin));
  return std::unexpected(refused);
}

Result<XdpMode> xdp_mode_of(std::uint32_t ifindex) {
  bpf_xdp_query_opts query{};
  query.sz = sizeof query;
  if (const int bad = bpf_xdp_query(static_cast<int>(ifindex), 0, &query); bad != 0)
    return std::unexpected(
        os_error(-bad, "interface " + std::to_string(ifindex), "while asking for its XDP program"));
  return query.attach_mode == XDP_ATTACHED_SKB    ? XdpMode::generic
         : query.attach_mode == XDP_ATTACHED_NONE ? XdpMode::any
                                                  : XdpMode::native;
}

}  // namespace fairlead::ebpf
