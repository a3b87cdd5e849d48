// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge/xdp_edge.h"

#include "tests/support/must.h"

namespace fairlead::test {
namespace {

constexpr std::uint32_t kBuckets = 8192;

}  // namespace

XdpEdge::XdpEdge(const std::string& tag, EdgeNetOptions options, ebpf::XdpMode mode,
                 std::filesystem::path pins)
    : LiveEdge(tag, options), mode_(mode), pins_(std::move(pins)) {}

std::unique_ptr<ebpf::XdpEngine> XdpEdge::open() {
  return must(ebpf::XdpEngine::open({.pins = pins_, .buckets = kBuckets}));
}

void XdpEdge::attach(ebpf::XdpEngine& engine) {
  lab().inside("edge", [&] {
    for (const char* link : {"eth0", "eth1"}) must(engine.attach(link, mode_));
  });
}

void XdpEdge::start() {
  engine_ = open();
  attach(*engine_);
}

void XdpEdge::take_over(const std::filesystem::path& pins) {
  pins_ = pins;
  engine_ = open();
  publish();
  attach(*engine_);
}

void XdpEdge::stop() { engine_.reset(); }

}  // namespace fairlead::test
