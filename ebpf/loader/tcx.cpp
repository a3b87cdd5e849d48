// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/tcx.h"

#include <bpf/bpf.h>
#include <cerrno>

namespace fairlead::ebpf {
namespace {

constexpr int kTcxIngress = 46;  // BPF_TCX_INGRESS

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

}  // namespace

Result<Fd> attach_tcx_ingress(int program, std::uint32_t ifindex, const std::filesystem::path& pin) {
  Fd link;
  if (!pin.empty()) {
    FL_TRY(link, replace_program(pin, program));
    if (link) return link;
  }
  const std::string name = "tcx ingress of interface " + std::to_string(ifindex);
  link = Fd(bpf_link_create(program, static_cast<int>(ifindex), static_cast<bpf_attach_type>(kTcxIngress),
                            nullptr));
  if (!link)
    return std::unexpected(
        os_error(errno, name, "check that the interface exists and the kernel is 6.6 or newer"));
  if (!pin.empty() && bpf_obj_pin(link.get(), pin.c_str()) != 0)
    return std::unexpected(os_error(errno, pin.string(), "check the bpf file system"));
  return link;
}

}  // namespace fairlead::ebpf
