// SPDX-License-Identifier: Apache-2.0
// What the agent knows about the pods of its node, as a value. Only step()
// changes it. A pod has one network (namespace, link, addresses) and one small
// machine per container:
//
//   absent -> prepared -> created -> running -> ended -> (removed) absent
//                            |  ^
//        tables acknowledged ¬  '- nothing runs before this
//
// A failure at any arrow leads to `ended`: whatever may exist is removed, then
// tried again after a backoff. `busy` names the one piece of work under way, so
// nothing is ever done twice at once. The state says what exists or may exist;
// what is wanted comes from the newest snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/revision.h"
#include "base/strong.h"
#include "base/time.h"
#include "control/catalog/objects.h"

namespace fairlead::agent {

using WorkId = Strong<struct WorkIdTag, std::uint64_t>;  // 0 is none
using PodUid = std::string;                              // Pod.meta.uid

struct Now {
  MonoTime mono;
  WallTime wall;
};

enum class Verb : std::uint8_t {
  make_netns,    // network namespace and the pod's files: what a container is created in
  make_network,  // link, addresses, programs on the link, beside the containers' creation
  remove_network,
  prepare,  // image unpacked, root file system mounted, bundle written; needs no namespace
  create,   // runc create under conmon; nothing runs yet
  start,    // runc start
  probe_ready,
  probe_live,
  term,
  kill,
  remove_container,  // runc delete --force, conmon, mounts, bundle
};

enum class Stage : std::uint8_t { absent, prepared, created, running, ended };

struct ProbeState {
  bool well = false;           // as last asked: ready, or known to live
  std::uint32_t failures = 0;  // in a row
  WorkId busy;
  bool stale = false;  // the one under way asked an earlier incarnation
  MonoTime next{};
  Millis interval{0};  // grows to Probe.every until the first success
};

struct ContainerState {
  Stage stage = Stage::absent;
  WorkId busy;
  Verb doing{};
  std::uint32_t incarnation = 0;  // rises with every prepare; tells a late exit from the present one
  std::uint32_t failures = 0;     // in a row, to start and after it; sets the backoff
  std::uint32_t restarts = 0;     // of what had run: a try that never ran is none
  bool ran = false;               // since it was last counted
  std::uint32_t remove_failures = 0;
  MonoTime not_before{};  // of the next try
  WallTime next_try{};    // the same, for people
  MonoTime started{};
  bool proven = false;                 // without a probe: it has run long enough to be called ready
  std::string exit_text;               // valid with `exited`
  bool exited = false;                 // the exit arrived while `busy`
  std::optional<MonoTime> kill_at;     // TERM was sent; then KILL
  std::optional<MonoTime> give_up_at;  // KILL was sent
  ProbeState ready;
  ProbeState live;
  std::string dead_text;  // not empty: its live probe failed for good, it is being stopped
};

// One line of a pod's story, for `fairlead events`.
struct StoryLine {
  WallTime time{};
  bool warning = false;
  std::string what;  // one word
  std::string cause;
  bool operator==(const StoryLine&) const = default;
};
inline constexpr std::size_t kMaxStory = 32;   // lines not yet told; then the oldest goes
inline constexpr std::size_t kMaxCause = 512;  // bytes of one

enum class NetworkStage : std::uint8_t {
  absent,
  netns,
  present,
  unsure,  // a living pod's: it goes on, but could not be set right. Tried again, then dirty
  dirty
};

struct PodState {
  std::shared_ptr<const Pod> pod;  // as first seen: a pod's template and addresses are for life
  bool remove = false;             // wanted gone
  bool cut = false;                // and not ours any more: off the network at once, then killed
  bool forget = false;             // control no longer has it: when gone, drop the entry too
  bool gone = false;
  NetworkStage network = NetworkStage::absent;
  WorkId busy;  // network work
  Verb doing{};
  std::uint32_t network_failures = 0;
  MonoTime network_not_before{};  // of the next try to make it
  std::uint32_t repair_failures = 0;
  std::uint32_t network_remove_failures = 0;
  MonoTime network_remove_not_before{};
  bool linked = false;        // its link belongs in the tables
  std::uint64_t tables = 0;   // the generation of tables this pod waits for
  MonoTime patience_until{};  // a removal does not wait longer for tables that cannot be published
  Revision withdrawn;         // the snapshot in which it was no backend any more
  Millis drain{0};
  MonoTime asked_to_go{};
  bool told_withdrawn = false;
  std::optional<MonoTime> term_at;  // every node has acknowledged `withdrawn`, and drain is over then
  std::vector<ContainerState> containers;
  std::string why;                        // first cause since it was last ready
  std::uint32_t restarts_before = 0;      // of the agent's earlier lives
  std::optional<std::int32_t> exit_code;  // of the last end of a container
  PodStatus reported;
  bool report_due = true;
  std::vector<StoryLine> story;  // not yet told, oldest first
  MonoTime tell_at{};            // not later, when there is a story
};

// Tables are published whole, one publication at a time. A generation rises
// with every change of the snapshot or of the set of links.
struct TablesState {
  std::uint64_t wanted = 0;
  std::uint64_t applied = 0;
  std::uint64_t publishing = 0;  // the generation under way
  WorkId busy;
  std::uint32_t failures = 0;
  MonoTime not_before{};
  std::string why;
};

struct Limits {
  std::uint32_t parallel = 8;  // pieces of heavy work at once
  Millis backoff_first{1000};
  Millis backoff_last{60'000};
  std::uint32_t repairs =
      5;  // tries to set a living pod's network right; its containers do not outlive the last
  Millis repair_first{200};  // pause after the first, then doubling
  Millis steady{60'000};     // running so long forgets earlier failures
  Millis proof{500};         // what has no probe is ready when it has run so long; doubles with failures
  Millis proof_last{10'000};
  std::uint32_t crash_loop = 3;  // failures in a row that are called so
  Millis tell{300};              // a story waits so long for a change of status to go with
  Millis after_kill{10'000};     // then removal by force, whether or not the exit was seen
  Millis tables_patience{10'000};
  Millis probe_first{2};        // a server is seldom there at once and soon after
  Millis probe_first_exec{50};  // each try is a process
};

struct NodeState {
  Limits limits;
  bool synced = false;  // a whole snapshot has arrived; before it nothing is made or removed
  bool connected = false;
  Revision revision;
  Revision acknowledged;  // tables of every node that control hears
  std::uint32_t acknowledged_by = 0;
  std::uint64_t crashes = 0;  // of all containers since the agent's start
  std::map<PodUid, PodState> pods;
  TablesState tables;
  std::uint64_t last_work = 0;
  std::uint32_t heavy = 0;  // pieces of heavy work under way
};

}  // namespace fairlead::agent
