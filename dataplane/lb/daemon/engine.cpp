// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/daemon/engine.h"

#include "dataplane/fwd/edge/rows.h"
#include "ebpf/loader/edge/xdp_engine.h"
#include "ebpf/loader/node_dataplane.h"

namespace fairlead::lb {
namespace {

class OnXdp final : public Engine {
 public:
  explicit OnXdp(std::unique_ptr<ebpf::XdpEngine> engine) : engine_(std::move(engine)), on_(engine_.get()) {}

  std::unique_ptr<model::EdgeEngine> take() override { return std::move(engine_); }
  Result<> attach(const Config& config) override {
    for (const std::string& link : config.interfaces)
      FL_TRY_OK(on_->attach(link, static_cast<ebpf::XdpMode>(config.mode)));
    return on_->detach_others(config.interfaces);
  }

 private:
  std::unique_ptr<ebpf::XdpEngine> engine_;
  ebpf::XdpEngine* on_;  // lives as long as the edge's tables, which have it
};
static_assert(static_cast<int>(Mode::native) == static_cast<int>(ebpf::XdpMode::native) &&
              static_cast<int>(Mode::generic) == static_cast<int>(ebpf::XdpMode::generic));

}  // namespace

Result<std::unique_ptr<Engine>> open_engine(const std::string& name, const Config& config) {
  ebpf::XdpOptions options;
  options.pins = ebpf::edge_pin_folder(name);
  options.buckets = config.flows / FWD_BUCKET_FLOWS;
  FL_TRY(std::unique_ptr<ebpf::XdpEngine> engine, ebpf::XdpEngine::open(options));
  return std::make_unique<OnXdp>(std::move(engine));
}

Result<> remove_engine(const std::string& name) {
  return ebpf::remove_pins(ebpf::edge_pin_folder(name).parent_path());
}

}  // namespace fairlead::lb
