// SPDX-License-Identifier: Apache-2.0
// Bulk: one thread's share of the streams of tcp-bulk. Each sends until the time is over, ends its direction,
// and waits for the server's word of how many octets came; only what is confirmed counts.
#pragma once

#include <vector>

#include "base/io/fd.h"
#include "dataplane/measure/load/load.h"

namespace fairlead::measure {

class Bulk {
 public:
  Bulk(const LoadSpec& spec, unsigned index) : spec_(spec), index_(index) {}

  Result<unsigned> open();
  void run(std::uint64_t start_ns, const std::stop_token& stop);
  Sample take() { return std::move(sample_); }

 private:
  struct Stream {
    Fd fd;
    std::uint64_t sent = 0;  // without the header
    bool waiting = false;    // for the server's word
  };
  void send(Stream& stream);
  void end(Stream& stream);
  void hear(Stream& stream);
  void fail(Stream& stream, Failed why);

  LoadSpec spec_;
  unsigned index_;
  Fd epoll_;
  std::vector<Stream> streams_;
  unsigned open_ = 0;
  Sample sample_;
};

}  // namespace fairlead::measure
