// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/tcx.h"

#include <bpf/bpf.h>
#include <cerrno>

namespace fairlead::ebpf {
namespace {

constexpr int kTcxIngress = 46;  // BPF_TCX_INGRESS

bool replace_program(const std::filesystem::path& pin, int program, Fd& link) {
  link = Fd(bpf_obj_get(pin.c_str()));
  if (!link) return false;
  if (bpf_link_update(link.get(), program, nullptr) == 0 || errno == EEXIST) return true;
  ::unlink(pin.c_str());  // its interface is gone
  return false;
}

}  // namespace

Result<Fd> attach_tcx_ingress(int program, std::uint32_t ifindex, const std::filesystem::path& pin) {
  Fd link;
  if (!pin.empty() && replace_program(pin, program, link)) return link;
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
