// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/engine/engine.h"

#include <algorithm>

#include "dataplane/dpdk/memory/kept_memory.h"
#include "dataplane/fwd/edge/rows.h"
#include "dataplane/lb/net/taps.h"
#include "ebpf/loader/edge/closed_links.h"
#include "ebpf/loader/edge/xdp_engine.h"
#include "ebpf/loader/node_dataplane.h"

namespace fairlead::lb {
namespace {

// Its tables first: while a process has them, all is as it is.
Result<> remove_dpdk(const std::string& name) {
  FL_TRY_OK(dpdk::remove_kept_memory(kept_file(name)));
  FL_TRY_OK(ebpf::open_closed_links(closed_pin_folder(name)));
  return remove_taps(name);
}

class OnXdp final : public Engine {
 public:
  OnXdp(std::string name, std::unique_ptr<ebpf::XdpEngine> engine)
      : name_(std::move(name)), engine_(std::move(engine)), on_(engine_.get()) {}

  std::unique_ptr<model::EdgeEngine> take() override { return std::move(engine_); }
  Result<> attach(const Config& config) override {
    if (config.engine != EngineType::xdp) return needs_restart("engine");
    Result<> all;  // or the first that fails: it is no reason to leave out the others
    for (const std::string& link : config.interfaces) {
      const Result<> one = on_->attach(link, static_cast<ebpf::XdpMode>(config.mode));
      if (all) all = one;
    }
    FL_TRY_OK(all);
    FL_TRY_OK(on_->detach_others(config.interfaces));
    return remove_dpdk(name_);
  }
  bool outlives_process() const override { return true; }
  std::vector<std::string> lost(const Config& config) const override {
    std::vector<std::string> lost;
    const auto ports = on_->ports();
    for (const std::string& link : config.interfaces)
      if (ports && std::ranges::find(*ports, link, &model::EdgePort::name) == ports->end())
        lost.push_back(link);
    return lost;
  }
  std::vector<PortLink> links(const Config& config) const override {
    std::vector<PortLink> links;
    for (const std::string& link : config.interfaces) links.push_back({link, 0});
    return links;
  }

 private:
  std::string name_;
  std::unique_ptr<ebpf::XdpEngine> engine_;
  ebpf::XdpEngine* on_;  // lives as long as the edge's tables, which have it
};
static_assert(static_cast<int>(Mode::native) == static_cast<int>(ebpf::XdpMode::native) &&
              static_cast<int>(Mode::generic) == static_cast<int>(ebpf::XdpMode::generic));

}  // namespace

std::unexpected<Error> needs_restart(const std::string& what) {
  return fail(Code::conflict, what, "is not what this process began with",
              "put it back, or restart fairlead-lb");
}

Result<> remove_xdp(const std::string& name) {
  std::error_code error;
  const auto folder = ebpf::edge_pin_folder(name).parent_path();
  return std::filesystem::exists(folder, error) ? ebpf::remove_pins(folder) : Result<>();
}

std::filesystem::path closed_pin_folder(const std::string& name) {
  return ebpf::edge_pin_folder(name).parent_path().parent_path() / "closed";
}

std::filesystem::path kept_file(const std::string& name) { return "/dev/shm/fairlead-" + name + "-edge"; }

Result<std::unique_ptr<Engine>> open_engine(const std::string& name, const Config& config) {
  if (config.engine == EngineType::dpdk) return open_dpdk(name, config);
  ebpf::XdpOptions options;
  options.pins = ebpf::edge_pin_folder(name);
  options.buckets = config.flows / FWD_BUCKET_FLOWS;
  FL_TRY(std::unique_ptr<ebpf::XdpEngine> engine, ebpf::XdpEngine::open(options));
  return std::make_unique<OnXdp>(name, std::move(engine));
}

Result<> remove_engine(const std::string& name) {
  FL_TRY_OK(remove_xdp(name));
  return remove_dpdk(name);
}

}  // namespace fairlead::lb
