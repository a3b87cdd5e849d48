// SPDX-License-Identifier: Apache-2.0
#include "bench/lb_dpdk/generator.h"

#include <array>
#include <cstring>
#include <optional>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdexcept>

#include "base/check.h"
#include "bench/edge/service.h"
#include "dataplane/dpdk/eal/eal.h"
#include "dataplane/dpdk/ports/port.h"

namespace fairlead::bench {
namespace {

constexpr std::uint32_t kAddressAt = 26, kPortAt = 34;
constexpr std::uint32_t kPortBits = 14;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(format(result.error()));
  return std::move(*result);
}

// TCP over IPv4 to the service, an ACK.
std::array<std::uint8_t, kFrameBytes> headers() {
  std::array<std::uint8_t, kFrameBytes> frame{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3, 8, 0, 0x45};
  frame[17] = kFrameBytes - 14;
  frame[22] = 64;
  frame[23] = 6;
  const IpAddress to = service_address(Family::v4);
  std::copy(to.bytes.begin() + 12, to.bytes.end(), frame.begin() + 30);
  frame[37] = kServicePort;
  frame[46] = 0x50;
  frame[47] = 16;
  return frame;
}

}  // namespace

struct Generator::State {
  std::array<std::uint8_t, kFrameBytes> frame = headers();
  std::uint32_t flows = 1, flow = 0;
  std::uint64_t left = 0;
  std::atomic<bool> over = true;
  rte_mempool* buffers = nullptr;
  std::optional<dpdk::Port> port;
};

namespace {

std::uint16_t fill(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t count, std::uint16_t,
                   void* user) {
  auto& state = *static_cast<Generator::State*>(user);
  for (std::uint16_t i = 0; i < count; ++i) {
    rte_mbuf* const packet = packets[i];
    packet->data_len = kFrameBytes;
    packet->pkt_len = kFrameBytes;
    auto* const at = rte_pktmbuf_mtod(packet, std::uint8_t*);
    std::memcpy(at, state.frame.data(), kFrameBytes);
    const std::uint32_t flow = state.flow;
    state.flow = flow + 1 >= state.flows ? 0 : flow + 1;
    const std::uint32_t address = __builtin_bswap32(0x0a000000U + (flow >> kPortBits));
    const std::uint16_t port = __builtin_bswap16(static_cast<std::uint16_t>(1024U + (flow & 0x3fffU)));
    std::memcpy(at + kAddressAt, &address, sizeof address);
    std::memcpy(at + kPortAt, &port, sizeof port);
  }
  state.left = state.left > count ? state.left - count : 0;
  if (state.left == 0) state.over.store(true, std::memory_order_relaxed);
  return count;
}

}  // namespace

Generator::Generator() : state_(std::make_unique<State>()) {
  if (const Result<> begun = dpdk::start_eal({.hugepages = false, .megabytes = 256}); !begun)
    throw std::runtime_error(format(begun.error()));
  state_->buffers = rte_pktmbuf_pool_create("bench", 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (state_->buffers == nullptr) throw std::runtime_error("DPDK: no memory for packets");
  state_->port.emplace(must(dpdk::Port::open("net_null0", 1, state_->buffers)));
  if (rte_eth_add_rx_callback(state_->port->id(), 0, fill, state_.get()) == nullptr)
    throw std::runtime_error("net_null0: takes no callback");
}

Generator::~Generator() {
  state_->port.reset();
  rte_mempool_free(state_->buffers);
}

std::uint16_t Generator::port() const { return state_->port->id(); }
const std::atomic<bool>& Generator::over() const { return state_->over; }

void Generator::begin(std::uint32_t flows, std::uint64_t packets) {
  state_->flows = flows;
  state_->left = packets;
  state_->over.store(false, std::memory_order_relaxed);
}

}  // namespace fairlead::bench
