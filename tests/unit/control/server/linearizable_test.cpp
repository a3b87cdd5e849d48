// SPDX-License-Identifier: Apache-2.0
// Concurrent users of the HTTP API, over restarts of control: what they were
// answered is what one copy of the cluster would have answered.
#include "tests/support/linearizable.h"

#include <atomic>
#include <mutex>
#include <random>

#include "control_house.h"

namespace fairlead::server {
namespace {

using Type = Operation::Type;

class ApiHistory : public ControlHouse {
 protected:
  // A job's `replicas` is the register.
  static std::string job(const std::string& name, const std::string& value) {
    return "kind: Job\nname: " + name + "\nreplicas: " + value +
           "\ncontainers:\n  - {name: c, image: \"oci:none\"}\n";
  }

  void client(std::uint64_t seed, int operations) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < operations; ++i) {
      Operation one;
      one.type = random() % 2 == 0 ? Type::read : Type::write;
      one.key = random() % 2 == 0 ? "x" : "y";
      if (one.type == Type::write) one.value = std::to_string(++values_);
      one.called = ++clock_;
      call(one);
      const std::lock_guard lock(mutex_);
      history_.push_back(one);
      if (one.answered == Operation::kNever) return;  // control is gone, and with it this user
    }
  }

  void call(Operation& one) {
    const bool reads = one.type == Type::read;
    const std::string path = "/v1/namespaces/default/jobs/" + one.key;
    const auto reply =
        net::call(address(), {reads ? net::Method::get : net::Method::put, path,
                              reads ? "" : job(one.key, one.value), "application/yaml", Millis(10000)});
    if (!reply || (reply->status != 200 && reply->status != 404)) return;  // never answered
    if (reads && reply->status == 200) {
      const auto object = proto::object_from_json(reply->body);
      if (!object) return;
      one.value = std::to_string(std::get<Job>(*object).replicas);
    }
    one.answered = ++clock_;
  }

  std::atomic<std::uint64_t> clock_ = 0;
  std::atomic<std::uint64_t> values_ = 0;
  std::mutex mutex_;
  std::vector<Operation> history_;
};

TEST_F(ApiHistory, UsersOverRestartsSeeOneCopy) {
  for (std::uint64_t life = 0; life < 3; ++life) {
    start();
    std::vector<std::thread> users;
    for (std::uint64_t user = 0; user < 4; ++user)
      users.emplace_back([this, life, user] { client(life * 10 + user, 12); });
    if (life == 1) stop();  // under them
    for (std::thread& user : users) user.join();
    stop();
  }
  const auto violation = find_violation(history_);
  EXPECT_FALSE(violation) << *violation;
  std::printf("%zu calls of 4 users over 3 lives of control are linearizable\n", history_.size());
}

}  // namespace
}  // namespace fairlead::server
