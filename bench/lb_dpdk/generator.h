// SPDX-License-Identifier: Apache-2.0
// Packets out of nothing: a net_null port whose received packets a callback makes fresh, of flow 0, 1, ...
// and again. What that costs is in every loop alike.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

struct rte_mempool;

namespace fairlead::bench {

inline constexpr std::uint32_t kFrameBytes = 64;

class Generator {
 public:
  Generator();
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  std::uint16_t port() const;
  // From now on packets of so many flows; when `packets` have come, `over` is set and no more come.
  void begin(std::uint32_t flows, std::uint64_t packets);
  const std::atomic<bool>& over() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::bench
