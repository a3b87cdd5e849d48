// SPDX-License-Identifier: Apache-2.0
#include "control/dns/server/responder.h"

#include <algorithm>

namespace fairlead::dns {
namespace {

CounterLine line_of(const Written& written) {
  if (written.outcome == Outcome::ignored) return &Counters::dropped_response;
  if (written.outcome == Outcome::unready) return &Counters::dropped_unready;
  if (written.length == 0) return &Counters::dropped_short;
  switch (written.rcode) {
    case Rcode::noerror:
      return &Counters::noerror;
    case Rcode::nxdomain:
      return &Counters::nxdomain;
    case Rcode::notimp:
      return &Counters::notimp;
    case Rcode::badvers:
      return &Counters::badvers;
    case Rcode::formerr:
      return &Counters::formerr;
    default:
      return &Counters::refused;
  }
}

}  // namespace

// The old zone, if this was its last holder, ends outside the lock.
void Responder::publish(std::shared_ptr<const Zone> zone) {
  const std::lock_guard lock(mutex_);
  zone_.swap(zone);
}

std::shared_ptr<const Zone> Responder::newest() const {
  const std::lock_guard lock(mutex_);
  return zone_;
}

std::size_t Responder::answer(std::span<std::uint8_t> room, std::size_t length, const Zone* zone,
                              Transport by) {
  const Written written = write_answer(room, length, zone, by, random_());
  add(&Counters::queries);
  add(line_of(written));
  return written.length;
}

// One thread writes, others read.
void Responder::add(CounterLine line, std::uint64_t count) {
  const auto i = static_cast<std::size_t>(std::ranges::find(kCounterLines, line) - kCounterLines.begin());
  lines_[i].store(lines_[i].load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}

Counters Responder::counters() const {
  Counters snapshot;
  for (std::size_t i = 0; i < kCounterLines.size(); ++i)
    snapshot.*kCounterLines[i] = lines_[i].load(std::memory_order_relaxed);
  return snapshot;
}

Counters& Counters::operator+=(const Counters& other) {
  for (const CounterLine line : kCounterLines) this->*line += other.*line;
  return *this;
}

}  // namespace fairlead::dns
