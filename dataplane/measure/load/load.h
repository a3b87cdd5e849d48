// SPDX-License-Identifier: Apache-2.0
// drive(): bounded load from one place to one address, for a time, and what came of it.
//
//   tcp-rr       requests on connections that stay, one at a time on each
//   tcp-crr      a connection, a request, its answer and the server's close, again and again
//   tcp-bulk     octets one way, counted by the server at its end
//   udp-rr       datagrams and their answers, one at a time on each flow
//   tcp-connect  connections alone, for servers that are not our responder
//
// rate 0 is a closed loop: each flow asks again when it has its answer; that finds throughput. With a rate it
// is an open loop: request i is due at start + i / rate whether or not earlier ones are answered, and its
// latency counts from when it was due, so that a stall is seen by all who would have met it (no coordinated
// omission). What is never answered is in the latencies with the time that it was waited for.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "dataplane/measure/histogram.h"

namespace fairlead::measure {

enum class Workload : std::uint8_t { tcp_rr, tcp_crr, tcp_bulk, udp_rr, tcp_connect };
inline constexpr std::array<std::string_view, 5> kWorkloads{"tcp-rr", "tcp-crr", "tcp-bulk", "udp-rr",
                                                            "tcp-connect"};
inline std::string_view to_string(Workload workload) {
  return kWorkloads.at(static_cast<std::size_t>(workload));
}

inline constexpr unsigned kMostFlows = 20000;
inline constexpr unsigned kMostStreams = 16;  // of tcp-bulk
inline constexpr unsigned kMostWorkers = 32;

// Threads begin in that network namespace and on these CPUs; -1 and empty: as the caller.
struct Place {
  int netns = -1;
  std::vector<int> cpus;
};
Result<> enter(const Place& place, unsigned thread);

struct LoadSpec {
  Workload workload = Workload::tcp_rr;
  IpAddress to;
  std::uint16_t port = 0;
  unsigned flows = 64;
  std::uint32_t bytes = 64;  // of a request and of its answer
  std::uint64_t time_ns = 500'000'000;
  double rate = 0;
  std::uint64_t patience_ns = 1'000'000'000;  // an answer that takes longer is lost
  unsigned workers = 1;
};

enum class Failed : std::uint8_t { refused, reset, timeout, corrupt, moved, unsent, no_port, other };
struct FailedWord {
  std::string_view name, meaning;
};
inline constexpr std::array<FailedWord, 8> kFailed{{
    {"REFUSED", "the connection or datagram was refused"},
    {"RESET", "the connection ended before its answer"},
    {"TIMEOUT", "no answer in time"},
    {"CORRUPT", "the answer is not what was asked"},
    {"MOVED", "a flow's answers came from two servers"},
    {"UNSENT", "due, but every flow was still waiting for an answer"},
    {"NO_PORT", "the client had no free port"},
    {"OTHER", "the client's kernel refused"},
}};

struct Sample {
  std::uint64_t time_ns = 0;   // that it took, measured
  std::uint64_t asked = 0;     // requests begun; tcp-bulk: octets given to the kernel
  std::uint64_t answered = 0;  // in time and right; tcp-bulk: octets that servers confirmed
  std::uint64_t in_time = 0;   // of those: before the time was over; what a rate is made of
  std::uint64_t late = 0;      // answers to what was given up before; of UDP
  std::array<std::uint64_t, kFailed.size()> failed{};
  Histogram latency;                             // ns
  std::map<std::uint16_t, std::uint64_t> flows;  // new ones, by the server that they reached
  std::uint64_t cpu_ns = 0;                      // of all workers
  double busy = 0;                               // CPU by time, of the busiest worker
  double waiting = 0;  // time in which that one would have run but had no CPU, by time

  std::uint64_t failures() const;
  void merge(const Sample& other);
};

// Of the calling thread since it began: CPU, and time in which it could run but another had the CPU.
struct ThreadTime {
  std::uint64_t ran_ns = 0, waited_ns = 0;
};
ThreadTime thread_time();
void account(Sample& sample, const ThreadTime& before, std::uint64_t time_ns);

// Ends by itself: at the time, plus at most the patience. Error unavailable: not one flow could be opened.
Result<Sample> drive(const LoadSpec& spec, const Place& place, std::stop_token stop);

}  // namespace fairlead::measure
