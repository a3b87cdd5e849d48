// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/edge/probe_links.h"

#include <bpf/bpf.h>
#include <string>

#include "ebpf/loader/libbpf_words.h"
#include "ebpf/loader/links.h"
#include "ebpf/loader/pins.h"
#include "edge_probe_bpf.skel.h"

namespace fairlead::ebpf {

struct ProbeLinks::State {
  edge_probe_bpf* bpf = nullptr;
  std::filesystem::path attached;
  std::map<std::uint32_t, Fd> unpinned;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { edge_probe_bpf__destroy(bpf); }

  std::filesystem::path pin(std::uint32_t ifindex) const {
    return attached.empty() ? attached : attached / ("probe-" + std::to_string(ifindex));
  }
};

ProbeLinks::ProbeLinks(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProbeLinks::~ProbeLinks() = default;

Result<std::unique_ptr<ProbeLinks>> ProbeLinks::open(const bpf_object* edge, std::filesystem::path attached) {
  auto state = std::make_unique<State>();
  state->attached = std::move(attached);
  state->bpf = edge_probe_bpf__open();
  if (!state->bpf) return load_error("probes' program");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, state->bpf->obj) {
    const int same = bpf_object__find_map_fd_by_name(edge, bpf_map__name(map));
    if (same >= 0 && bpf_map__reuse_fd(map, same) != 0)
      return std::unexpected(os_error(errno, std::string("table ") + bpf_map__name(map), "while sharing it"));
  }
  if (edge_probe_bpf__load(state->bpf) != 0) return load_error("probes' program");
  return std::unique_ptr<ProbeLinks>(new ProbeLinks(std::move(state)));
}

Result<> ProbeLinks::attach(std::uint32_t ifindex) {
  state_->unpinned.erase(ifindex);
  FL_TRY(Fd link,
         attach_tcx_egress(bpf_program__fd(state_->bpf->progs.probe), ifindex, state_->pin(ifindex)));
  if (state_->attached.empty()) state_->unpinned.insert_or_assign(ifindex, std::move(link));
  return {};
}

Result<> ProbeLinks::detach(std::uint32_t ifindex) {
  state_->unpinned.erase(ifindex);
  return state_->attached.empty() ? Result<>() : detach_pin(state_->pin(ifindex));
}

}  // namespace fairlead::ebpf
