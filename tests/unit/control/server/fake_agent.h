// SPDX-License-Identifier: Apache-2.0
// FakeAgent: a node as control sees it: the real stream, no containers. It
// joins, makes every pod of its node ready at once, removes those that are to
// stop, acknowledges every revision, and answers exec (echoes stdin, exit code
// 7), logs (two lines) and drops. On a loop and thread of its own.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "control/net/stream_client.h"
#include "control/proto/stream.h"

namespace fairlead::server {

struct AgentHabits {
  bool heartbeats = true;
  bool acknowledges = true;  // heartbeats carry what has been seen
  bool edge = false;         // joins as an edge: no pods are placed there
  bool waits = false;        // removes a pod only when every node has acknowledged
  PodPhase reaches = PodPhase::ready;
  std::string why;  // reported with it
  std::string cluster = "default";
  std::string address{};           // empty: from the last character of its name
  proto::NodeCounters counters{};  // told with every heartbeat
  std::map<std::string, std::uint64_t> drops{};
  std::map<std::string, proto::TableLevel> tables{};
  std::string refusal{};
  std::string disk{};
};

class FakeAgent {
 public:
  FakeAgent(net::ServerAddress control, std::string name, AgentHabits habits = {});
  ~FakeAgent();  // leaves

  void leave();
  void acknowledge(bool from_now_on);
  void set_disk(std::string trouble);
  bool welcomed() const { return welcomed_; }
  bool ended() const { return ended_; }
  std::uint16_t number() const { return number_; }
  std::uint64_t acknowledged() const { return acknowledged_; }  // by all, as control says
  std::size_t pods() const { return pods_; }
  bool saw(Kind kind) const { return saw_[static_cast<std::size_t>(kind)]; }  // an object of it
  std::string end_reason() const { return end_reason_; }                      // after ended()

 private:
  net::Task<> run();
  net::Task<> beat();
  void take(const proto::ControlMessage& message);
  void take_event(const proto::WatchEvent& event);
  void take_pod(const Pod& pod);
  void open(const proto::StreamOpen& open);
  void report(const Pod& pod, PodPhase phase);
  void send(const proto::AgentMessage& message);

  net::ServerAddress control_;
  std::string name_;
  AgentHabits habits_;
  net::asio::io_context loop_{1};
  net::WebSocketPtr stream_;
  std::unique_ptr<net::TaskGroup> tasks_;
  Revision seen_;
  std::map<std::string, Pod> known_;
  std::map<std::string, Pod> stopping_;  // by uid, as they were told to stop
  std::atomic<bool> welcomed_ = false, ended_ = false;
  std::atomic<std::uint16_t> number_ = 0;
  std::atomic<std::uint64_t> acknowledged_ = 0;
  std::atomic<std::size_t> pods_ = 0;
  std::array<std::atomic<bool>, kKinds.size()> saw_{};
  std::string end_reason_;
  std::thread thread_;
};

}  // namespace fairlead::server
