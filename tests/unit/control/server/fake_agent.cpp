// SPDX-License-Identifier: Apache-2.0
#include "fake_agent.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace fairlead::server {

FakeAgent::FakeAgent(net::ServerAddress control, std::string name, AgentHabits habits)
    : control_(std::move(control)), name_(std::move(name)), habits_(std::move(habits)) {
  tasks_ = std::make_unique<net::TaskGroup>(loop_.get_executor());
  tasks_->spawn("agent", run());
  thread_ = std::thread([this] { loop_.run(); });
}

FakeAgent::~FakeAgent() {
  leave();
  if (thread_.joinable()) thread_.join();
  stream_.reset();
}

void FakeAgent::leave() {
  net::asio::post(loop_, [this] {
    if (stream_)
      stream_->close("the agent leaves");
    else
      tasks_->cancel();
  });
}

void FakeAgent::acknowledge(bool from_now_on) {
  net::asio::post(loop_, [this, from_now_on] { habits_.acknowledges = from_now_on; });
}

void FakeAgent::set_disk(std::string trouble) {
  net::asio::post(loop_, [this, trouble = std::move(trouble)] { habits_.disk = trouble; });
}

net::Task<> FakeAgent::run() {
  Result<net::WebSocketPtr> stream = co_await net::connect_stream(control_, "/v1/agent", {});
  if (!stream) {
    end_reason_ = format(stream.error());
    ended_ = true;
    co_return;
  }
  stream_ = *stream;
  proto::Join join;
  join.name = name_;
  join.address = IpAddress::parse(habits_.address.empty() ? "192.0.2." + std::to_string(name_.back() % 200)
                                                          : habits_.address)
                     .value();
  join.cpu_milli = 4000;
  join.memory_bytes = 4ULL << 30U;
  join.max_pods = 100;
  join.kernel = "6.18.44";
  join.version = "test";
  join.cluster_id = habits_.cluster;
  join.edge = habits_.edge;
  send(join);
  if (habits_.heartbeats) tasks_->spawn("beat", beat());
  for (;;) {
    Result<net::Message> message = co_await stream_->receive();
    if (!message) {
      end_reason_ = message.error().reason;
      ended_ = true;
      tasks_->cancel();
      co_return;
    }
    take(proto::decode_control_message(message->bytes).value());
  }
}

net::Task<> FakeAgent::beat() {
  for (;;) {
    send(proto::Heartbeat{habits_.acknowledges ? seen_ : Revision{}, habits_.counters, habits_.drops,
                          habits_.tables, habits_.refusal, habits_.disk});
    co_await net::sleep_for(Millis(20));
  }
}

void FakeAgent::take(const proto::ControlMessage& message) {
  if (const auto* welcome = std::get_if<proto::Welcome>(&message)) {
    number_ = welcome->node_number;
    welcomed_ = true;
  }
  if (const auto* event = std::get_if<proto::WatchEvent>(&message)) take_event(*event);
  if (const auto* everywhere = std::get_if<proto::Acknowledged>(&message)) {
    acknowledged_ = everywhere->revision.value;
    std::erase_if(stopping_, [&](const auto& entry) {
      if (entry.second.meta.revision > everywhere->revision) return false;
      report(entry.second, PodPhase::gone);
      return true;
    });
  }
  if (const auto* opened = std::get_if<proto::StreamOpen>(&message)) open(*opened);
  if (const auto* data = std::get_if<proto::StreamData>(&message)) {
    if (!data->bytes.empty())
      send(proto::StreamData{data->id, proto::Channel::out, data->bytes});
    else
      send(proto::StreamClose{data->id, 7, std::nullopt});
  }
}

void FakeAgent::take_event(const proto::WatchEvent& event) {
  if (event.revision > seen_) seen_ = event.revision;
  if (event.object) saw_[static_cast<std::size_t>(kind_of(*event.object))] = true;
  const auto* pod = event.object ? std::get_if<Pod>(&*event.object) : nullptr;
  if (pod == nullptr || pod->node != name_) return;
  if (event.type == proto::WatchEvent::Type::put) take_pod(*pod);
  if (event.type == proto::WatchEvent::Type::remove) known_.erase(pod->meta.uid);
  pods_ = known_.size();
}

void FakeAgent::take_pod(const Pod& pod) {
  if (pod.stop && habits_.waits && !pod.lost) {
    if (pod.status.phase != PodPhase::gone && stopping_.try_emplace(pod.meta.uid, pod).second)
      report(pod, PodPhase::stopping);
  } else if (pod.stop) {
    if (pod.status.phase != PodPhase::gone) report(pod, PodPhase::gone);
  } else if (!known_.contains(pod.meta.uid)) {
    report(pod, habits_.reaches);
  }
  known_.insert_or_assign(pod.meta.uid, pod);
}

void FakeAgent::open(const proto::StreamOpen& open) {
  if (open.kind == proto::StreamOpen::Kind::exec) {
    std::string words;
    for (const std::string& word : open.command) words += (words.empty() ? "" : " ") + word;
    send(proto::StreamData{open.id, proto::Channel::err, "runs " + words + "\n"});
    return;
  }
  const bool logs = open.kind == proto::StreamOpen::Kind::logs;
  send(proto::StreamData{open.id, proto::Channel::out, logs ? "one\n" : R"({"drops":[)"});
  send(proto::StreamData{open.id, proto::Channel::out, logs ? "two\n" : R"(]})"});
  if (!open.follow) send(proto::StreamClose{open.id, 0, std::nullopt});
}

void FakeAgent::report(const Pod& pod, PodPhase phase) {
  PodStatus status;
  status.phase = phase;
  if (phase == habits_.reaches) status.why = habits_.why;
  std::string what(to_string(phase));
  what.front() = static_cast<char>(what.front() - 'a' + 'A');
  const proto::PodEvent event{WallTime(Millis(1000)), false, what, "on " + name_};
  send(proto::PodReport{pod.meta.ns, pod.meta.name, pod.meta.uid, status, {event}});
}

void FakeAgent::send(const proto::AgentMessage& message) {
  (void)stream_->send({proto::encode(message), true});
}

}  // namespace fairlead::server
