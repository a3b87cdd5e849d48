// SPDX-License-Identifier: Apache-2.0
// A conversation whose every packet has a number: UDP questions at a steady
// pace from one space of a NetLab, by one socket, to somebody who answers each
// with its own mark. What is lost is known by its number, what went to somebody
// else by the mark; what comes late is not lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "base/ip.h"
#include "tests/support/netlab.h"

namespace fairlead::test {

class Numbered {
 public:
  // One question each `every`, until finish().
  Numbered(const NetLab& lab, const std::string& from, Family family, const std::string& address,
           std::uint16_t port, std::chrono::microseconds every);
  ~Numbered();

  std::uint64_t answered() const { return answered_; }
  // Ends; gives the last answers up to two seconds. "1200 asked, 0 lost, 0 moved", with the first few that
  // are lost.
  std::string finish();

 private:
  void converse(Family family, const std::string& address, std::uint16_t port,
                std::chrono::microseconds every);

  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> answered_ = 0;
  std::string result_;
  std::thread thread_;
};

// Answers every datagram on `port` with itself and the mark, both families, as a process of the space.
Argv echo_command(std::uint16_t port, char mark);

}  // namespace fairlead::test
