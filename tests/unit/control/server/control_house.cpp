// SPDX-License-Identifier: Apache-2.0
#include "control_house.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

namespace fairlead::server {

ClusterRules ControlHouse::quick() {
  return {Millis(300), Millis(300), Millis(100), Millis(30000), Millis(20)};
}

void ControlHouse::start(ClusterRules rules) {
  loop_ = std::make_unique<net::asio::io_context>(1);
  ControlOptions options;
  options.state_dir = folder_ / "state";
  options.net.socket = folder_ / "control.sock";
  options.rules = rules;
  auto opened = Control::open(loop_->get_executor(), std::move(options));
  ASSERT_TRUE(opened) << format(opened.error());
  control_ = std::move(*opened);
  control_->start();
  thread_ = std::thread([this] { loop_->run(); });
}

void ControlHouse::stop() {
  if (!thread_.joinable()) return;
  net::asio::co_spawn(*loop_, control_->stop(), net::asio::detached);
  thread_.join();
  control_.reset();
  loop_.reset();
}

net::ServerAddress ControlHouse::address() const {
  return net::ServerAddress::parse((folder_ / "control.sock").native()).value();
}

net::Response ControlHouse::call(net::Method method, const std::string& target,
                                 const std::string& body) const {
  auto reply = net::call(address(), {method, target, body, "application/yaml", Millis(10000)});
  EXPECT_TRUE(reply) << (reply ? "" : format(reply.error()));
  return reply ? std::move(*reply) : net::Response{0, "", ""};
}

std::string ControlHouse::get(const std::string& target) const {
  net::Response reply = call(net::Method::get, target);
  EXPECT_EQ(reply.status, 200) << target << "\n" << reply.body;
  return std::move(reply.body);
}

proto::ApplyResult ControlHouse::apply(const std::string& document, const std::string& query) const {
  const net::Response reply = call(net::Method::post, "/v1/apply?file=test.yaml" + query, document);
  EXPECT_EQ(reply.status, 200) << reply.body;
  auto result = proto::apply_result_from_json(reply.body);
  EXPECT_TRUE(result) << reply.body;
  return result ? std::move(*result) : proto::ApplyResult{};
}

Error ControlHouse::error_of(net::Method method, const std::string& target, const std::string& body) const {
  const net::Response reply = call(method, target, body);
  EXPECT_GE(reply.status, 400) << target << "\n" << reply.body;
  const auto errors = proto::error_list_from_json(reply.body);
  EXPECT_TRUE(errors) << reply.body;
  return errors ? errors->errors.front() : Error{};
}

std::vector<Pod> ControlHouse::ready_pods() const {
  std::vector<Pod> ready;
  for (Pod& pod : list<Pod>("pods"))
    if (pod.status.phase == PodPhase::ready && !pod.stop) ready.push_back(std::move(pod));
  return ready;
}

std::vector<std::string> ControlHouse::events_of(const std::string& object) const {
  std::vector<std::string> lines;
  const auto events = proto::event_list_from_json(get("/v1/events?object=" + object));
  EXPECT_TRUE(events);
  if (events)
    for (const proto::Event& event : events->events) lines.push_back(event.reason + " " + event.message);
  return lines;
}

double ControlHouse::metric(const std::string& line_start) const {
  const std::string text = get("/metrics");
  const std::size_t at = text.find("\n" + line_start + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + line_start.size() + 2));
}

bool ControlHouse::soon(const std::function<bool()>& what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (what()) return true;
    std::this_thread::sleep_for(Millis(5));
  }
  return what();
}

}  // namespace fairlead::server
