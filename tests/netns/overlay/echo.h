// SPDX-License-Identifier: Apache-2.0
// Datagrams of any size, there and back: an echo in one space, questions from another, with and
// without leave to cut them on the way.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "base/io/fd.h"
#include "base/ip.h"
#include "tests/support/netlab.h"

namespace fairlead::test {

inline constexpr std::uint16_t kEchoPort = 7007;

// Answers every datagram with itself, in both families, as long as it lives.
class Echo {
 public:
  Echo(const NetLab& lab, const std::string& space);
  ~Echo();
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

 private:
  Fd socket_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

enum class Cut : std::uint8_t {
  never,  // IPv4 DF, IPv6 no fragment header: too large for the way is EMSGSIZE here
  may,    // the usual: cut where it is sent, to what the way takes
  always  // IPv4 without DF, whatever was learned
};

struct Exchange {
  bool whole = false;     // the same bytes came back
  std::size_t bytes = 0;  // how many they were
  int tries = 0;          // datagrams sent
  std::string why;        // not whole: the last error
};

// Asks until the same bytes come back, at most `tries` times. A refusal for size (EMSGSIZE) is
// obeyed where nothing may be cut: the next question is as large as the kernel says the way is.
Exchange exchange(const NetLab& lab, const std::string& from, Family family, const std::string& address,
                  std::uint16_t port, std::size_t bytes, Cut cut, int tries = 14);

struct Datagrams {
  std::size_t bytes = 8;
  std::string from = {};  // an address of the sender's; none: as its kernel chooses
  bool whole = false;     // never cut, whatever was learned of the way (IP_PMTUDISC_PROBE)
};

// `count` datagrams from one socket of the calling thread's network namespace; answers are not read.
void send_datagrams(const std::string& address, std::uint16_t port, std::uint64_t count,
                    const Datagrams& what = {});

}  // namespace fairlead::test
