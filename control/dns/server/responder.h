// SPDX-License-Identifier: Apache-2.0
// Responder: what a server's ways in (udp.h, tcp.h) have in common: the newest
// zone, answers, and what is counted of them. Answers on one thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <span>

#include "control/dns/answer.h"
#include "control/dns/server/server.h"

namespace fairlead::dns {

using CounterLine = std::uint64_t Counters::*;
inline constexpr std::array<CounterLine, 15> kCounterLines{
    &Counters::queries,          &Counters::noerror,         &Counters::nxdomain, &Counters::refused,
    &Counters::notimp,           &Counters::badvers,         &Counters::formerr,  &Counters::dropped_short,
    &Counters::dropped_response, &Counters::dropped_unready, &Counters::unsent,   &Counters::receive_errors,
    &Counters::tcp_connections,  &Counters::tcp_refused,     &Counters::tcp_idle};

class Responder {
 public:
  void publish(std::shared_ptr<const Zone> zone);
  std::shared_ptr<const Zone> newest() const;

  // Over the query's own octets: how many are to be sent, or 0.
  std::size_t answer(std::span<std::uint8_t> room, std::size_t length, const Zone* zone, Transport by);

  void add(CounterLine line, std::uint64_t count = 1);
  Counters counters() const;

 private:
  // For as long as a pointer is copied. std::atomic<std::shared_ptr> of libstdc++ 12 locks as well, and
  // gives up its lock without an order in load(): a race, where the processor is not an x86.
  mutable std::mutex mutex_;
  std::shared_ptr<const Zone> zone_;
  std::array<std::atomic<std::uint64_t>, kCounterLines.size()> lines_{};
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace fairlead::dns
