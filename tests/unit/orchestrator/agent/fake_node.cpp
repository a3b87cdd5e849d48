// SPDX-License-Identifier: Apache-2.0
#include "fake_node.h"

#include <algorithm>

namespace fairlead::agent {
namespace {

bool is_probe(Verb verb) { return verb == Verb::probe_ready || verb == Verb::probe_live; }

bool is_network(Verb verb) {
  return verb == Verb::make_netns || verb == Verb::make_network || verb == Verb::remove_network;
}

std::string line_of(const Work& work) {
  std::string line = std::string(to_string(work.verb)) + " " + work.pod->meta.uid;
  if (!is_network(work.verb)) line += "/" + std::to_string(work.container);
  return line;
}

}  // namespace

std::shared_ptr<const Pod> make_pod(const std::string& uid, std::size_t containers, bool probe) {
  Pod pod;
  pod.meta.name = "pod-" + uid;
  pod.meta.ns = "default";
  pod.meta.uid = uid;
  for (std::size_t i = 0; i < containers; ++i) {
    Container container;
    container.name = "c" + std::to_string(i);
    container.ports.push_back({"http", 8080, Protocol::tcp});
    if (probe) container.ready.emplace().port = "http";
    pod.pod.containers.push_back(container);
  }
  return std::make_shared<const Pod>(std::move(pod));
}

std::shared_ptr<const Pod> with_live(const std::shared_ptr<const Pod>& pod, Millis after) {
  Pod copy = *pod;
  for (Container& container : copy.pod.containers) {
    Probe& live = container.live.emplace();
    live.type = Probe::Type::exec;
    live.exec = {"/bin/check"};
    live.after = after;
  }
  return std::make_shared<const Pod>(std::move(copy));
}

std::shared_ptr<const Pod> stopped(const std::shared_ptr<const Pod>& pod, Millis drain) {
  Pod copy = *pod;
  copy.stop = true;
  copy.drain = drain;
  return std::make_shared<const Pod>(std::move(copy));
}

std::shared_ptr<const Pod> lost(const std::shared_ptr<const Pod>& pod) {
  Pod copy = *pod;
  copy.stop = true;
  copy.lost = true;
  return std::make_shared<const Pod>(std::move(copy));
}

void FakeNode::require(bool kept, const std::string& what) {
  if (!kept) violations.push_back(what);
}

void FakeNode::send(const Event& event) {
  const Step step_taken = step(state, event, now);
  wake = step_taken.wake;
  for (const Action& action : step_taken.actions) take(action);
}

void FakeNode::want(std::vector<std::shared_ptr<const Pod>> pods) {
  ++revision_;
  for (auto& pod : pods) {
    if (!pod->stop) continue;
    Pod copy = *pod;
    copy.meta.revision = stopped_at_.try_emplace(pod->meta.uid, Revision(revision_)).first->second;
    pod = std::make_shared<const Pod>(std::move(copy));
  }
  send(Wanted{Revision{revision_}, std::move(pods)});
}

void FakeNode::acknowledge() {
  acknowledged_ = revision_;
  send(Acknowledged{Revision(revision_), 3});
}

void FakeNode::take(const Action& action) {
  if (const auto* report = std::get_if<Report>(&action)) {
    reports[report->pod->meta.uid].push_back(report->status);
    auto& lines = story[report->pod->meta.uid];
    lines.insert(lines.end(), report->story.begin(), report->story.end());
    return;
  }
  if (const auto* save = std::get_if<Save>(&action)) {
    saved = save->pods;
    return;
  }
  if (const auto* work = std::get_if<Work>(&action)) {
    for (const Action& other : pending) {
      const auto* before = std::get_if<Work>(&other);
      if (!before || before->pod->meta.uid != work->pod->meta.uid) continue;
      if (is_network(before->verb) != is_network(work->verb)) continue;
      if (!is_network(work->verb) && before->container != work->container) continue;
      if (before->verb != work->verb && (is_probe(before->verb) || is_probe(work->verb))) continue;
      require(false, "two at once: " + line_of(*before) + ", " + line_of(*work));
    }
    // When it is begun: what its live probe has condemned may be asked to end before it shall be removed.
    require(work->verb != Verb::term || acknowledged_ >= stopped_at_[work->pod->meta.uid].value,
            "TERM before every node acknowledged: " + work->pod->meta.uid);
    journal.push_back(line_of(*work));
  } else {
    for (const Action& other : pending)
      require(!std::holds_alternative<Publish>(other), "two publications at once");
    std::string line = "publish";
    for (const auto& uid : std::get<Publish>(action).links) line += " " + uid;
    publishing_ = revision_;
    journal.push_back(line);
  }
  pending.push_back(action);
}

void FakeNode::perform_container(const Work& work) {
  if (is_probe(work.verb)) return;
  const PodUid& uid = work.pod->meta.uid;
  FakeContainer& container = containers[{uid, work.container}];
  switch (work.verb) {
    case Verb::prepare:
      require(!container.exists, "prepared over a container: " + line_of(work));
      container.prepared = true;
      container.incarnation = work.incarnation;
      return;
    case Verb::create:
      require(!container.exists, "created twice: " + line_of(work));
      require(container.prepared && namespaces.contains(uid),
              "created without namespace or bundle: " + line_of(work));
      container.exists = true;
      return;
    case Verb::start:
      require(container.exists && !container.runs, "started what is not created: " + line_of(work));
      // What was being started when it was cut off starts without a network, and is killed.
      require(tables.contains(uid) || !state.pods.contains(uid) || state.pods.at(uid).cut,
              "started before its tables: " + line_of(work));
      container.runs = true;
      return;
    case Verb::term:
      if (!container.deaf && container.runs) exit(uid, work.container, 143);
      return;
    case Verb::kill:
      if (container.runs) exit(uid, work.container, 137);
      return;
    case Verb::remove_container:
      containers.erase({uid, work.container});
      return;
    default:
      return;
  }
}

void FakeNode::perform(const Work& work) {
  const PodUid& uid = work.pod->meta.uid;
  if (work.verb == Verb::make_netns) {
    require(namespaces.insert(uid).second, "namespace made twice: " + uid);
  } else if (work.verb == Verb::make_network) {
    require(namespaces.contains(uid), "link made without a namespace: " + uid);
    const auto known = state.pods.find(uid);
    const bool repaired = known != state.pods.end() && known->second.network == NetworkStage::unsure;
    require(repaired || !networks.contains(uid), "network made twice: " + uid);
    networks.insert(uid);
  } else if (work.verb == Verb::remove_network) {
    for (const auto& [key, container] : containers)
      require(key.first != uid || !container.exists, "network removed under a container: " + uid);
    networks.erase(uid);
    namespaces.erase(uid);
  } else {
    perform_container(work);
  }
}

void FakeNode::answer(std::size_t index, bool succeed) {
  const Action action = pending[index];
  pending.erase(pending.begin() + static_cast<std::ptrdiff_t>(index));
  const Error error{Code::io, "fake", "it was told to fail", "tell it otherwise"};
  if (const auto* work = std::get_if<Work>(&action)) {
    // A failure may have done nothing, or all but the answer.
    if (succeed) perform(*work);
    send(succeed ? Event{Done{work->id}} : Event{Failed{work->id, error}});
  } else {
    const auto& publish = std::get<Publish>(action);
    if (succeed) tables = publish.links;
    if (succeed && control_acknowledges) {
      acknowledged_ = publishing_;
      exits.emplace_back(Acknowledged{Revision(publishing_), 1});
    }
    send(succeed ? Event{Done{publish.id}} : Event{Failed{publish.id, error}});
  }
}

void FakeNode::exit(const PodUid& pod, std::size_t container, int code) {
  FakeContainer& fake = containers[{pod, container}];
  fake.runs = false;
  exits.emplace_back(Exited{pod, container, fake.incarnation, code, ""});
}

void FakeNode::run_until_idle(Millis at_most) {
  const MonoTime end = now.mono + at_most;
  for (;;) {
    if (!exits.empty()) {
      const Event event = exits.front();
      exits.pop_front();
      send(event);
    } else if (!pending.empty()) {
      answer(0, true);
    } else if (wake && *wake <= end) {
      const Millis passed = std::max(Millis{0}, std::chrono::duration_cast<Millis>(*wake - now.mono));
      now.mono += passed;
      now.wall += passed;
      send(Tick{});
    } else {
      now.wall += std::chrono::duration_cast<Millis>(end - now.mono);
      now.mono = end;
      return;
    }
  }
}

std::size_t FakeNode::count(const std::string& line) const {
  return static_cast<std::size_t>(std::ranges::count(journal, line));
}

std::vector<std::string> FakeNode::told(const PodUid& pod) const {
  std::vector<std::string> words;
  if (const auto found = story.find(pod); found != story.end())
    for (const StoryLine& line : found->second) words.push_back(line.what);
  return words;
}

std::size_t FakeNode::position(const std::string& line) const {
  return static_cast<std::size_t>(std::ranges::find(journal, line) - journal.begin());
}

std::vector<AdoptedPod> FakeNode::nameless(const std::set<PodUid>& told) const {
  std::map<PodUid, Pod> others;
  for (const PodUid& uid : networks) others[uid];
  for (const auto& [key, container] : containers) {
    auto& of_pod = others[key.first].pod.containers;
    of_pod.resize(std::max(of_pod.size(), key.second + 1));
  }
  std::vector<Pod> pods;
  for (auto& [uid, pod] : others) {
    if (told.contains(uid)) continue;
    pod.meta.uid = pod.meta.name = uid;
    pods.push_back(pod);
  }
  std::vector<AdoptedPod> found = living(pods);
  for (AdoptedPod& pod : found) pod.network = AdoptedNetwork::broken;
  return found;
}

std::vector<AdoptedPod> FakeNode::living(const std::vector<Pod>& told) const {
  std::vector<AdoptedPod> found;
  for (const Pod& pod : told) {
    const auto network = networks.contains(pod.meta.uid) ? AdoptedNetwork::whole : AdoptedNetwork::broken;
    AdoptedPod one{std::make_shared<const Pod>(pod), network, {}};
    for (std::size_t i = 0; i < pod.pod.containers.size(); ++i) {
      const auto at = containers.find({pod.meta.uid, i});
      AdoptedContainer container;
      if (at != containers.end())
        container.stage = at->second.runs     ? Stage::running
                          : at->second.exists ? Stage::ended
                                              : Stage::prepared;
      one.containers.push_back(container);
    }
    const bool any =
        namespaces.contains(pod.meta.uid) ||
        std::ranges::any_of(one.containers, [](const auto& c) { return c.stage != Stage::absent; });
    if (any) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace fairlead::agent
