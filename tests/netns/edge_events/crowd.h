// SPDX-License-Identifier: Apache-2.0
// Crowd: TCP connections and UDP flows from the client of an EdgePair to its service, and the servers that
// say who they are: one thread with every socket. In each round every flow asks once; a flow that is answered
// by another server than before is misdelivered, one that ends or gets no answer in ten seconds is broken,
// unless its server is known to have gone. Datagrams may be lost, and are sent again.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/io/fd.h"
#include "tests/netns/edge_events/edge_pair.h"

namespace fairlead::test {

struct Tally {
  long answers = 0, repeated = 0;  // datagrams sent again
  long broken = 0, misdelivered = 0;
  long ended = 0;     // with a server that was removed
  long left = 0;      // datagrams that left a drained server
  std::string first;  // what was wrong first
};

class Crowd {
 public:
  // The servers are there at once, for edges that ask them; people come with renew().
  Crowd(EdgePair& pair, int connections, int datagram_flows);
  ~Crowd();

  void round();  // waits until each flow was answered that began to ask after this call
  void gone(const Members& before, const Members& now);  // about to happen: who leaves, who is drained
  // Connections and flows that began, or went to another server, behind a change are known to one edge alone:
  // they end. How many?
  int retire();
  bool renew();                    // who ended with a server begins anew; is there any?
  void forget_server(int number);  // its ends of connections that are over
  Tally tally();
  long flows_of(int server);

 private:
  using Clock = std::chrono::steady_clock;
  struct Flow {
    bool tcp = true;
    Fd fd;
    int server = 0;
    bool over = false;
    bool behind = false;                    // a change
    std::uint32_t asked = 0, answered = 0;  // rounds
    Clock::time_point since, sent;
  };
  struct End {  // of a server: a listener, a socket of datagrams, or a connection
    int server = 0;
    enum class Kind { listener, datagrams, connection } kind = Kind::listener;
    Fd fd;
  };

  void open_servers();
  void open(Flow& flow);
  void run();
  void ask();
  void ask(std::size_t number);
  void send(const Flow& flow, std::size_t number);
  void hear(std::size_t number);
  void heard(Flow& flow, const std::uint32_t* words);
  void ends(Flow& flow, const std::string& why);
  void wrong(const Flow& flow, const std::string& what);
  void serve(std::size_t number);
  void watch(int fd, std::uint64_t what);

  EdgePair& pair_;
  Fd poll_;
  std::mutex mutex_;  // of all below
  std::vector<Flow> flows_;
  std::vector<End> ends_;
  std::uint32_t round_ = 0;
  std::size_t next_ = 0;  // of this round
  bool changed_ = false;
  bool present_[EdgePair::kServers + 1] = {};
  bool drained_[EdgePair::kServers + 1] = {};
  Tally tally_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace fairlead::test
