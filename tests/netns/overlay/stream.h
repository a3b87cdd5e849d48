// SPDX-License-Identifier: Apache-2.0
// Bytes from one space of a NetLab to another, and what the wire between saw of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "tests/support/netlab.h"

namespace fairlead::test {

std::string random_bytes(std::size_t count);  // the same for the same count

// By one TCP connection to `address`, port 9000; returns what arrived.
std::string carry(const NetLab& lab, const std::string& from, const std::string& to, Family family,
                  const std::string& address, const std::string& bytes);

// By one UDP call that the kernel cuts into datagrams of `size` bytes (UDP_SEGMENT), port 9001;
// returns the datagrams in order.
std::vector<std::string> carry_batch(const NetLab& lab, const std::string& from, const std::string& to,
                                     Family family, const std::string& address, const std::string& bytes,
                                     int size);

// One UDP question by a connected socket: the answer, or why there is none ("Connection refused").
std::string ask(const NetLab& lab, const std::string& from, Family family, const std::string& address,
                std::uint16_t port, const std::string& question);

std::uint64_t frames_sent(const NetLab& lab, const std::string& space, const std::string& link);

// A TCP SYN+ACK, without a sum, that answers nothing. From the calling thread's network namespace.
void send_stray_answer(Family family, const std::string& address);

inline constexpr int kSilenceMs = 500;  // what must not be answered is waited for so long

// Pings all these addresses at once: true when none answers. `more`: arguments for each ping.
bool silent(const NetLab& lab, const std::string& from, const std::vector<std::string>& to,
            const Argv& more = {});

}  // namespace fairlead::test
