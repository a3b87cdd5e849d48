// SPDX-License-Identifier: Apache-2.0
// A node in memory: keeps what really exists (networks, containers, tables),
// takes the agent's actions, and says in words when one breaks a promise. Time
// moves only when a test moves it.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "orchestrator/agent/step.h"

namespace fairlead::agent {

std::shared_ptr<const Pod> make_pod(const std::string& uid, std::size_t containers = 1, bool probe = true);
std::shared_ptr<const Pod> with_live(const std::shared_ptr<const Pod>& pod, Millis after = Millis{0});
std::shared_ptr<const Pod> stopped(const std::shared_ptr<const Pod>& pod, Millis drain = Millis{0});
std::shared_ptr<const Pod> lost(const std::shared_ptr<const Pod>& pod);

struct FakeContainer {
  bool prepared = false, exists = false, runs = false, deaf = false;  // deaf: TERM does not end it
  std::uint32_t incarnation = 0;
};

class FakeNode {
 public:
  NodeState state;
  Now now{MonoTime{Millis{1'000'000}}, WallTime{Millis{5'000'000}}};
  std::set<PodUid> namespaces, networks, tables;
  std::map<std::pair<PodUid, std::size_t>, FakeContainer> containers;
  std::map<PodUid, std::vector<PodStatus>> reports;
  std::map<PodUid, std::vector<StoryLine>> story;
  std::vector<std::string> journal;     // "create a/0", "publish a b", ...
  std::vector<std::string> violations;  // promises broken
  std::vector<Pod> saved;
  std::deque<Action> pending;        // Work and Publish not yet answered
  std::deque<Event> exits;           // exits seen, not yet delivered
  bool control_acknowledges = true;  // says at once that every node has what this one has
  std::optional<MonoTime> wake;

  void send(const Event& event);
  void want(std::vector<std::shared_ptr<const Pod>> pods);
  void answer(std::size_t index, bool succeed);  // one pending action
  void acknowledge();                            // everything so far, by every node
  void exit(const PodUid& pod, std::size_t container, int code);
  void run_until_idle(Millis at_most = Millis{120'000});  // everything succeeds; timers fire
  PodStatus status(const PodUid& pod) const { return reports.at(pod).back(); }
  std::size_t count(const std::string& line) const;
  std::size_t position(const std::string& line) const;                 // of its first occurrence
  std::vector<std::string> told(const PodUid& pod) const;              // the first words of its story
  std::vector<AdoptedPod> living() const { return living(saved); }     // what a new agent would find
  std::vector<AdoptedPod> living(const std::vector<Pod>& told) const;  // of these pods
  std::vector<AdoptedPod> nameless(
      const std::set<PodUid>& told) const;  // of all others, that nobody has told of

 private:
  std::uint64_t revision_ = 0, publishing_ = 0, acknowledged_ = 0;
  std::map<PodUid, Revision> stopped_at_;
  std::set<PodUid> term_blind_;
  void take(const Action& action);
  void perform(const Work& work);
  void perform_container(const Work& work);
  void require(bool kept, const std::string& what);
};

}  // namespace fairlead::agent
