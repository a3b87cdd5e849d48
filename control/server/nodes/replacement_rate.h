// SPDX-License-Identifier: Apache-2.0
// ReplacementRate: how many pods of silent nodes may be replaced now. A second's
// worth at once, then so many per second: the death of a large node is spread
// over the scheduler, the store, the images and the other nodes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace fairlead::server {

class ReplacementRate {
 public:
  ReplacementRate(std::uint32_t per_second, MonoTime now)
      : per_second_(per_second), thousandths_(whole()), at_(now) {}

  std::size_t allowed(MonoTime now) const { return static_cast<std::size_t>(at(now) / 1000); }
  void took(std::size_t pods, MonoTime now) {
    thousandths_ = std::max<std::int64_t>(0, at(now) - static_cast<std::int64_t>(pods) * 1000);
    at_ = now;
  }

 private:
  std::int64_t whole() const { return std::int64_t{per_second_} * 1000; }
  std::int64_t at(MonoTime now) const {
    const auto passed = std::min<std::int64_t>(1000, std::chrono::duration_cast<Millis>(now - at_).count());
    return std::min(whole(), thousandths_ + passed * per_second_);
  }

  std::uint32_t per_second_;
  std::int64_t thousandths_;  // of a pod
  MonoTime at_;
};

}  // namespace fairlead::server
