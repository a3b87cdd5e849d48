// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/edge/closed_links.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <cerrno>
#include <memory>
#include <net/if.h>

#include "ebpf/loader/libbpf_words.h"
#include "ebpf/loader/links.h"
#include "ebpf/loader/pins.h"
#include "edge_closed_bpf.skel.h"

namespace fairlead::ebpf {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> pins_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> pins;
  if (!fs::exists(folder, error)) return pins;
  for (const auto& entry : fs::directory_iterator(folder, error)) pins.push_back(entry.path());
  if (error) return fail(Code::io, folder.string(), error.message());
  return pins;
}

Result<> close_link(int program, const std::string& link, const fs::path& pin) {
  const unsigned ifindex = ::if_nametoindex(link.c_str());
  if (ifindex == 0) return std::unexpected(os_error(errno, "link " + link, "check its name: ip link"));
  FL_TRY_OK(attach_tcx_ingress(program, ifindex, pin));
  return {};
}

}  // namespace

Result<> close_links(const fs::path& folder, const std::vector<std::string>& links) {
  FL_TRY(const std::vector<fs::path> before, pins_in(folder));
  for (const fs::path& pin : before)
    if (std::ranges::find(links, pin.filename().string()) == links.end()) FL_TRY_OK(detach_pin(pin));
  if (links.empty()) return remove_pins(folder);
  const std::unique_ptr<edge_closed_bpf, void (*)(edge_closed_bpf*)> bpf(edge_closed_bpf__open(),
                                                                         edge_closed_bpf__destroy);
  if (!bpf || edge_closed_bpf__load(bpf.get()) != 0) return load_error("the program that closes links");
  FL_TRY_OK(make_pin_folder(folder));
  for (const std::string& link : links)
    FL_TRY_OK(close_link(bpf_program__fd(bpf->progs.closed), link, folder / link));
  return {};
}

Result<> open_closed_links(const fs::path& folder) { return close_links(folder, {}); }

}  // namespace fairlead::ebpf
