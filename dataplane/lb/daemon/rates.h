// SPDX-License-Identifier: Apache-2.0
// Rates: new flows a second to each server, over the last seconds.
#pragma once

#include <deque>
#include <map>

#include "base/time.h"
#include "dataplane/model/edge/edge_engine.h"

namespace fairlead::lb {

class Rates {
 public:
  struct Sample {
    MonoTime at;
    std::map<std::uint32_t, fwd_edge_served> served;
  };
  void add(Sample sample) {
    samples_.push_back(std::move(sample));
    if (samples_.size() > kSamples) samples_.pop_front();
  }

  double new_flows(std::uint32_t server) const {
    if (samples_.size() < 2) return 0;
    const Sample& from = samples_.front();
    const Sample& to = samples_.back();
    const double seconds = std::chrono::duration<double>(to.at - from.at).count();
    const auto flows = in(to, server).flows - in(from, server).flows;
    return seconds > 0 ? static_cast<double>(flows) / seconds : 0;
  }

 private:
  static constexpr std::size_t kSamples = 6;
  static fwd_edge_served in(const Sample& sample, std::uint32_t server) {
    const auto found = sample.served.find(server);
    return found == sample.served.end() ? fwd_edge_served{} : found->second;
  }
  std::deque<Sample> samples_;
};

}  // namespace fairlead::lb
