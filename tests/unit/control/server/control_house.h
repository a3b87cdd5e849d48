// SPDX-License-Identifier: Apache-2.0
// A whole fairlead-control on a Unix socket in a folder of its own, without its
// main(): started, stopped and started again by the test, and called as a
// user calls it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/net/client.h"
#include "control/proto/convert.h"
#include "control/server/control.h"
#include "tests/support/scratch.h"

namespace fairlead::server {

inline constexpr const char* kWeb = R"(kind: Job
name: web
replicas: 3
containers:
  - name: web
    image: oci:images/web
    ports: {http: 8080}
expose:
  - {port: 80, to: http}
)";

class ControlHouse : public testing::Test {
 protected:
  void TearDown() override { stop(); }

  void start(ClusterRules rules = quick());
  void stop();
  static ClusterRules quick();  // silent after 300 ms, replaced after 300 ms more, grace 100 ms

  net::ServerAddress address() const;
  net::Response call(net::Method method, const std::string& target, const std::string& body = "") const;
  std::string get(const std::string& target) const;  // the body of a 200; else a failure
  proto::ApplyResult apply(const std::string& document, const std::string& query = "") const;
  Error error_of(net::Method method, const std::string& target, const std::string& body = "") const;

  template <class T>
  std::vector<T> list(const std::string& kinds) const {
    std::vector<T> found;
    auto all = proto::object_list_from_json(get("/v1/" + kinds));
    EXPECT_TRUE(all) << (all ? "" : format(all.error()));
    if (all)
      for (const Object& object : all->items) found.push_back(std::get<T>(object));
    return found;
  }
  std::vector<Pod> ready_pods() const;
  std::vector<std::string> events_of(const std::string& object) const;  // "Reason message"
  double metric(const std::string& line_start) const;

  // False when it has not become true within 10 s.
  static bool soon(const std::function<bool()>& what);

  Scratch folder_{Scratch::Place::disk};

 private:
  std::unique_ptr<net::asio::io_context> loop_;
  std::unique_ptr<Control> control_;
  std::thread thread_;
};

}  // namespace fairlead::server
