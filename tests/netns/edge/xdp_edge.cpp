// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge/xdp_edge.h"

#include <stdexcept>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "tests/netns/edge/request.h"
#include "tests/support/must.h"

namespace fairlead::test {
namespace {

constexpr std::uint32_t kBuckets = 8192;

}  // namespace

XdpEdge::XdpEdge(const std::string& tag, EdgeNetOptions options, ebpf::XdpMode mode,
                 std::filesystem::path pins)
    : net_(tag, options), mode_(mode), pins_(std::move(pins)) {}

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

void XdpEdge::stop() { engine_.reset(); }

void XdpEdge::publish() {
  const model::TableImage now = engine_->memory().tables.image();
  must(engine_->apply(model::diff(now, must(model::lower(net_.state(), now)))));
}

std::string XdpEdge::reached(int number, Family family) {
  std::string answer;
  eventually([&] {
    answer = request(lab(), "client", family, EdgeNet::vip(number, family));
    return answer == std::to_string(number);
  });
  return answer;
}

std::string XdpEdge::counts() {
  std::string text;
  const auto counters = must(engine_->counters());
#define COUNT(name, meaning) \
  if (counters[FWD_##name].packets > 0) text += " " #name "=" + std::to_string(counters[FWD_##name].packets);
  FWD_ACTIONS(COUNT)
  FWD_DROPS(COUNT)
#undef COUNT
  return text;
}

}  // namespace fairlead::test
